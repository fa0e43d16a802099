"""A path of an agent's file counts where it is written, not where a write is near it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.support import changes
from tests.support.offenders import check_each
from zt_gate import rulebook
from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import SCANNER, code_flow
from zt_gate.scanners.agent_config.rule_index import LazyPattern

RULES = rulebook.load("agent_config")
RULE = "agent_config/code-writes-agent-config"
HOOKS = "const h = { hooks: { SessionStart: [] } };\n"

WRITTEN = [
    (
        "a.py",
        'import json\nfrom pathlib import Path\nhooks = {"hooks": {}}\ntarget = Path.home() / ".claude" / "settings.json"\ntarget.write_text(json.dumps(hooks))\n',
    ),
    (
        "a.py",
        'p = ".mcp.json"\ndata = {"mcpServers": {}}\nwith open(p, "w") as f:\n    json.dump(data, f)\n',
    ),
    (
        "a.py",
        'def save(path, data):\n    with open(path, "w") as f:\n        json.dump(data, f)\n\nsave(".mcp.json", {"mcpServers": {}})\n',
    ),
    (
        "a.py",
        'SETTINGS = ".claude/settings.json"\n\n\nclass A:\n    def __init__(self):\n        self.path = SETTINGS\n\n    def go(self):\n        data = {"hooks": {}}\n        self.path.write_text(json.dumps(data))\n',
    ),
    (
        "a.js",
        HOOKS
        + 'const p = path.join(os.homedir(), ".claude", "settings.json");\nfs.writeFileSync(p, JSON.stringify(h));\n',
    ),
    (
        "a.js",
        HOOKS
        + 'function settingsPath() {\n  return path.join(os.homedir(), ".claude", "settings.json");\n}\nfs.writeFileSync(settingsPath(), JSON.stringify(h));\n',
    ),
    (
        "a.js",
        HOOKS
        + 'const FILES = [\n  ".claude/settings.json",\n  ".cursor/mcp.json",\n];\nfor (const f of FILES) {\n  fs.writeFileSync(path.join(root, f), JSON.stringify(h));\n}\n',
    ),
    (
        "a.js",
        HOOKS
        + 'const FILES = {\n  claude: "~/.claude/settings.json",\n};\nObject.values(FILES).forEach((f) => fs.writeFileSync(f, "x"));\n',
    ),
    (
        "a.ts",
        HOOKS
        + 'const cfg = {\n  path: ".mcp.json",\n};\nawait fs.promises.writeFile(cfg.path, JSON.stringify({ mcpServers: h }));\n',
    ),
    (
        "a.go",
        'hooks := "{\\"hooks\\": []}"\np := filepath.Join(home, ".claude", "settings.json")\nif err := os.WriteFile(p, []byte(hooks), 0o644); err != nil {\n\treturn err\n}\n',
    ),
    (
        "a.rs",
        'let hooks = json!({"hooks": []});\nlet path = home.join(".claude/settings.json");\nfs::write(&path, hooks.to_string())?;\n',
    ),
    ("a.sh", "echo '{\"hooks\": {}}' > ~/.claude/settings.json\n"),
    (
        "a.sh",
        'T="$HOME/.claude/settings.json"\njq \'.hooks = {}\' "$T" > /tmp/x && mv /tmp/x "$T"\n',
    ),
    (
        "a.py",
        'import os, shutil\n# hooks\nhooks = {"hooks": 1}\nshutil.copy("x/hooks.json", os.path.expanduser("~/.claude/settings.json"))\n',
    ),
    (
        "a.py",
        'tmp = Path(".mcp.json.tmp")\ntmp.write_text(json.dumps({"mcpServers": 1}))\nos.replace(tmp, ".mcp.json")\n',
    ),
    (
        "tests/test_a.py",
        'def test_x():\n    p = Path.home() / ".claude" / "settings.json"\n    p.write_text(\'{"hooks": {}}\')\n',
    ),
    (
        "a.js",
        "child_process.execSync(`echo '{\"hooks\": {}}' > ~/.claude/settings.json`);\n",
    ),
]
NOT_WRITTEN = [
    (
        "a.py",
        'def f(out):\n    """Reads ``.mcp.json`` and its mcpServers.\n\n    Then it writes a log.\n    """\n    with open(out, "w") as f:\n        f.write("x")\n',
    ),
    (
        "a.py",
        '"""Reads .mcp.json (mcpServers)."""\nout = Path("log")\nout.write_text("x")\n',
    ),
    (
        "a.py",
        'settings = json.loads(Path(".claude/settings.json").read_text())\nhooks = settings["hooks"]\nPath("out.json").write_text(json.dumps(hooks))\n',
    ),
    (
        "a.py",
        'with open(".mcp.json") as f:\n    servers = json.load(f)["mcpServers"]\nwith open("out.json", "w") as f:\n    json.dump(servers, f)\n',
    ),
    (
        "a.js",
        'const s = JSON.parse(fs.readFileSync(".mcp.json", "utf8")).mcpServers;\nfs.writeFileSync("report.json", JSON.stringify(s));\n',
    ),
    (
        "a.js",
        'const IGNORED = [".claude/settings.json", ".mcp.json"];\nconst mcpServers = 1;\nfs.writeFileSync(".gitignore", IGNORED.join("\\n"));\n',
    ),
    (
        "tests/test_a.py",
        'def test_x(tmp_path):\n    p = tmp_path / ".claude" / "settings.json"\n    p.write_text(\'{"hooks": {}}\')\n',
    ),
    (
        "tests/test_a.py",
        'def test_x(home_dir):\n    p = home_dir / ".claude" / "settings.json"\n    p.parent.mkdir()\n    p.write_text(\'{"hooks": {}}\')\n',
    ),
    (
        "tests/test_a.py",
        'def test_x(tmp_path, monkeypatch):\n    monkeypatch.setenv("HOME", str(tmp_path))\n    p = Path.home() / ".claude" / "settings.json"\n    p.write_text(\'{"hooks": {}}\')\n',
    ),
    (
        "src/a.test.ts",
        'const dir = fs.mkdtempSync(path.join(os.tmpdir(), "x"));\nfs.writeFileSync(path.join(dir, ".mcp.json"), JSON.stringify({ mcpServers: {} }));\n',
    ),
    (
        "a_test.go",
        'func TestX(t *testing.T) {\n\tdir := t.TempDir()\n\tp := filepath.Join(dir, ".claude", "settings.json")\n\tos.WriteFile(p, []byte(`{"hooks": {}}`), 0o644)\n}\n',
    ),
    (
        "a.py",
        'raise ValueError("put mcpServers into .mcp.json yourself")\nPath("x").write_text("y")\n',
    ),
    (
        "a.py",
        'print("Add this to .mcp.json: mcpServers")\nwith open("x", "w") as f:\n    f.write("see .mcp.json for more")\n',
    ),
    (
        "a.py",
        'import tempfile\nwith tempfile.TemporaryDirectory() as d:\n    p = Path(d) / ".mcp.json"\n    p.write_text(\'{"mcpServers": {}}\')\n',
    ),
    (
        "a.tsx",
        'export const A = () => (\n  <p>\n    <code>.mcp.json</code> holds mcpServers, <b> .claude/settings.json</b>\n  </p>\n);\nfs.writeFileSync("x", "y");\n',
    ),
    (
        "a.py",
        'if path.name == ".mcp.json" and "mcpServers" in text:\n    report.write_text("found")\n',
    ),
    ("a.py", 'shutil.copy(".mcp.json", backup / "mcp.bak")  # mcpServers\n'),
    ("a.sh", "cat .mcp.json | jq .mcpServers > servers.json\n"),
]


def found(case: tuple[str, str]) -> list[Level | None]:
    path, text = case
    run = SCANNER.scan(changes.change_of({path: text}), changes.context(RULES, Path()))
    return [finding.level for finding in run.findings if finding.rule == RULE]


def test_a_path_that_reaches_a_write_is_found() -> None:
    check_each(WRITTEN, lambda case: Level.BLOCK not in found(case) and "not found")


def test_a_path_that_is_only_near_a_write_is_not() -> None:
    check_each(NOT_WRITTEN, lambda case: found(case) and "found")


CODE = st.lists(
    st.sampled_from(
        ["p", "=", ".mcp.json", '"', "'", "`", "(", ")", "{", "}", "\n", "  ", "open(",
         '"w"', "def f(p):", "for x in", ".write_text(", "#", '"""', "${", "=>", ","]
    ),
    max_size=60,
)  # fmt: skip


@given(CODE)
def test_any_text_is_read(parts: list[str]) -> None:
    texts = "".join(parts).split("\n")
    lines = code_flow.written_lines(
        texts, range(1, len(texts) + 1), LazyPattern(r"\.mcp\.json"), {"code"}
    )
    assert all(".mcp.json" in texts[index] for index in lines)
