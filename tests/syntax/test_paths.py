"""The table of paths: one answer for all scanners."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from zt_gate.scanners.agent_config import file_kinds
from zt_gate.syntax import path_table, paths
from zt_gate.syntax.paths import PathKind, is_any

ROOT = Path(__file__).resolve().parents[2]


def _words(text: str) -> list[str]:
    return text.split()


AGENT_INSTRUCTIONS = _words(
    """
    AGENTS.md AGENT.md AGENTS.override.md packages/web/AGENTS.md agents.MD CLAUDE.md CLAUDE.local.md
    claude.md GEMINI.md QWEN.md CONVENTIONS.md JULES.md WARP.md CRUSH.md replit.md llms.txt
    llms-full.txt .cursorrules .windsurfrules .clinerules .roorules .roorules-code
    .clinerules-architect .goosehints .rules .continuerules .github/copilot-instructions.md
    .github/instructions/api.instructions.md .github/instructions/python.md
    .github/prompts/release.prompt.md .github/agents/reviewer.md .github/agents/reviewer.agent.md
    .github/chatmodes/plan.chatmode.md .cursor/rules/style.mdc web/.cursor/rules/deep/style.mdc
    .cursor/commands/ship.md .cursor/agents/reviewer.md docs/style.mdc .windsurf/rules/style.md
    .windsurf/workflows/ship.md .clinerules/style.md .clinerules/workflows/ship.md
    .roo/rules/style.md .roo/rules-code/style.txt .kiro/steering/product.md .junie/guidelines.md
    .continue/rules/style.md .amazonq/rules/style.md .opencode/agent/reviewer.md
    .opencode/command/ship.md .opencode/notes.md .codex/prompts/ship.md .claude/commands/ship.md
    .claude/agents/reviewer.md .claude/skills/pdf/SKILL.md .claude/skills/pdf/forms.md
    .claude/rules/api.md .claude/output-styles/terse.md .agents/skills/pdf/SKILL.md
    skills/pdf/SKILL.md .gemini/commands/ship.toml .trae/rules/project.md
    .openhands/microagents/repo.md .augment/rules/style.md .GITHUB/Copilot-Instructions.md
    .Claude/Commands/ship.MD
    """
)

NOT_FOR_AGENTS = _words(
    """
    README.md docs/agents/overview.md src/prompts/greeting.md src/rules/tax.md src/commands/ship.md
    agents/reviewer.py docs/llms.md src/skills/skill.py .github/ISSUE_TEMPLATE/bug.md
    .github/pull_request_template.md .github/workflows/ci.yml .vscode/settings.json my-agents.md
    .claudeignore cursorrules.md
    """
)


@pytest.mark.parametrize("name", AGENT_INSTRUCTIONS)
def test_all_scanners_agree_on_agent_instructions(name: str) -> None:
    path = name.encode()
    assert is_any(path, "agent-instructions")
    assert "agent-text" in file_kinds.text_kinds(path)


def test_other_files_are_not_agent_instructions() -> None:
    taken = [
        name
        for name in NOT_FOR_AGENTS
        if is_any(name.encode(), "agent-instructions")
        or "agent-text" in file_kinds.text_kinds(name.encode())
    ]
    assert taken == []


#: Kind, paths that are of it, and paths that are not.
KINDS: tuple[tuple[PathKind, str, str], ...] = (
    (
        "agent-folder",
        ".claude/x.py .opencode/a.json web/.Cursor/x",
        "claude/x .vscode/x",
    ),
    ("editor-folder", ".vscode/x .zed/x .devcontainer/x", "vscode/x"),
    (
        "ci",
        """
        .github/workflows/ci.yml .github/actions/a/run.sh x/action.yaml .gitlab-ci.yml
        .gitlab/ci/a.yml Jenkinsfile deploy/Jenkinsfile.prod .ci/run azure-pipelines-web.yml
        .woodpecker/a/b.yaml
        """,
        "x/.github/workflows/ci.yml x/.gitlab-ci.yml ci.yml .github/workflows/a/b.yml .ci",
    ),
    (
        "hook",
        """
        .husky/pre-commit husky/pre-push .githooks/x git-hooks/a hooks/pre-commit lefthook.yml
        .pre-commit-config.yaml tools/hooks/commit-msg
        """,
        "src/hooks/useAuth.ts hooks/lint.py x/lefthook.yml",
    ),
    ("hook-folder", "src/hooks/useAuth.ts hooks/lint.py", "src/hooks.ts"),
    (
        "review",
        ".github/CODEOWNERS CODEOWNERS .zt-gate.toml .gitattributes renovate.json",
        "owners",
    ),
    ("script", "build.sh Makefile rules.mk package.json tox.ini", "build.py"),
    ("make", "Makefile GNUmakefile rules.mk", "makefile.py"),
    ("runs-at-install", "setup.py conftest.py postinstall.js x.pth", "install.py"),
    (
        "lock",
        "package-lock.json web/yarn.lock go.sum Gemfile.lock pylock.dev.toml bun.lockb",
        "secrets.lock lock.json package.json",
    ),
    (
        "test",
        "tests/a.py test_a.py a_test.go src/a.spec.ts AppTest.java conftest.py tests.py e2e/a.ts",
        "latest.json contest.js src/testing.py attest.go inspector.ts",
    ),
    ("test-data", "a/fixtures/x testdata/y __mocks__/z", "fixture.py"),
    (
        "example",
        "examples/a.py config.example.yml .env.sample a.tmpl",
        "counterexample.py",
    ),
    ("doc", "docs/a.png README README.de.md a.rst x.ipynb", "src/a.py"),
    ("program", "a.py a.pyw a.TS a.vue a.rs a.gradle", "a.sh a.md a.yaml py"),
    ("javascript", "a.js a.tsx a.astro", "a.json"),
    ("shell", "a.sh a.zsh a.ps1 a.csh", "a.py"),
    (
        "build",
        "Dockerfile Dockerfile.prod Makefile rules.mk CMakeLists.cmake",
        "docker.md",
    ),
    ("settings", "a.yaml a.toml a.json", "a.py"),
    ("environment", ".env .env.local", "env.py"),
    (
        "text",
        "a.py Makefile LICENSE .npmrc .env a.yml secrets a.mdc",
        "a.png docs/a.png a.bin",
    ),
)


@pytest.mark.parametrize(
    ("kind", "members", "others"), KINDS, ids=lambda value: str(value)[:20]
)
def test_paths_of_a_kind(kind: PathKind, members: str, others: str) -> None:
    assert [name for name in members.split() if not is_any(name.encode(), kind)] == []
    assert [name for name in others.split() if is_any(name.encode(), kind)] == []


@pytest.mark.parametrize(
    ("name", "configuration", "reader"),
    [
        (".claude/settings.local.json", "claude-settings", "json"),
        ("a/.claude/settings.local.json", "claude-settings", "json"),
        (".VSCode/Settings.json", "vscode-settings", "jsonc"),
        (".vscode/mcp.json", "mcp", "jsonc"),
        (".opencode/mcp.json", "opencode", "jsonc"),
        (".amazonq/cli-agents/a.json", "agent-profile", "json"),
        ("web/package.json", "package-json", "json"),
        (".husky/AGENTS.md", "git-hook", "text"),
        ("templates/.github/workflows/ci.yml", "workflow", "yaml"),
        (".github/workflows/triage.md", "agent-command", "front"),
        (".claude/agents/a.md", "agent-definition", "front"),
        ("notes.md", "markdown", "text"),
    ],
)
def test_configuration_files(name: str, configuration: str, reader: str) -> None:
    assert paths.configuration(name.encode()) == paths.Configuration(
        configuration, reader
    )  # type: ignore[arg-type]


def test_other_files_are_not_configuration() -> None:
    assert paths.configuration(b"x.claude/settings.json") is None
    assert paths.configuration(b"src/main.py") is None


def test_a_path_that_is_not_utf8_has_kinds() -> None:
    assert paths.configuration(b"\xff/.mcp.json") == paths.Configuration("mcp", "json")
    assert is_any(b"tests/\xff\xfe.py", "test")
    assert is_any(b"\xff.py", "program")
    assert paths.configuration(b"") is None


def test_a_long_path_of_many_folders_is_matched_in_linear_time() -> None:
    path = b".x/rules/" * 500 + b"a.md"
    assert paths.configuration(path) == paths.Configuration("agent-rules", "text")


def test_the_generated_table_is_that_of_the_rules() -> None:
    script = ROOT / "scripts" / "build_path_table.py"
    done = subprocess.run([sys.executable, str(script), "--check"], check=False)
    assert done.returncode == 0, "run: python scripts/build_path_table.py"


def test_every_kind_has_an_entry() -> None:
    used = {kind for kinds, _, _ in path_table.ENTRIES for kind in kinds}
    assert used == set(get_args(PathKind))
