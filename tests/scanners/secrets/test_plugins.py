"""detect-secrets in process: what the prefilter keeps, and what loading it leaves behind."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scanners.secrets.templates import expand
from zt_gate import rulebook
from zt_gate.scanners.secrets.block import block_of
from zt_gate.scanners.secrets.plugins import Plugins

RULES = rulebook.load_with_examples("secrets")
PLUGINS = Plugins(RULES)
CALLED = [rule for rule in RULES.values() if "plugin" in rule.data]
LINES = sorted(
    {
        line
        for rule in RULES.values()
        for template in (*rule.data["examples"]["find"], *rule.data["examples"]["ignore"])
        for line in expand(template).split("\n")
    }
)
NAMES = ("app.py", "app.yaml", "app.go", "app.cs", "notes.txt", "app.ini")


def filtered(plugins: Plugins, line: str, name: str) -> set[tuple[str, bytes]]:
    (block,) = block_of(name.encode(), line.encode())
    return {(hit.rule, block.data[hit.start : hit.end]) for hit in plugins.find(block)}


def unfiltered(plugins: Plugins, line: str, name: str) -> set[tuple[str, bytes]]:
    return {
        (rule.id, value.strip(" \t\"'=:").encode())
        for rule in CALLED
        for value in plugins.analyze(rule, line, name)
        if value.strip(" \t\"'=:")
    }


def test_the_prefilters_lose_nothing_of_the_examples() -> None:
    for line in LINES:
        for name in NAMES:
            assert filtered(PLUGINS, line, name) == unfiltered(PLUGINS, line, name), (line, name)


PIECES = st.sampled_from(
    ["password", "API_KEY", "secret", "token", "://", "@", ":", "=", " ", '"', "'", "eyJ", "-us1",
     "xoxb-", "AKIA", "SK", "PRIVATE KEY", "BEGIN ", "aws", "key", "_", ".", "AC", "sq0csp-", "cl"]
) | st.text("abcdef0123456789ABCXYZ", min_size=1, max_size=40)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES, max_size=12), st.sampled_from(NAMES))
def test_the_prefilters_lose_nothing_of_made_up_lines(pieces: list[str], name: str) -> None:
    line = "".join(pieces)
    assert unfiltered(PLUGINS, line, name) <= filtered(PLUGINS, line, name)


@pytest.mark.parametrize("module", ["requests", "multiprocessing", "detect_secrets.settings"])
def test_loading_a_plugin_leaves_nothing_behind(module: str) -> None:
    program = (
        "import sys\n"
        "from zt_gate import rulebook\n"
        "from zt_gate.scanners.secrets import scan_text\n"
        "scan_text(b'password = \"abc123!defg\"', b'a.py', rulebook.load('secrets'))\n"
        f"assert {module!r} not in sys.modules, sorted(sys.modules)\n"
        "import detect_secrets, requests\n"
        "assert detect_secrets.SecretsCollection and requests.get\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
