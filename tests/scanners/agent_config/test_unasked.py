"""Settings that let an agent act without asking block, one a client; honest ones do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scanners.agent_config.test_cases import blocks, cases
from tests.support.changes import change_of
from tests.support.offenders import each_of

if TYPE_CHECKING:
    from tests.scanners.agent_config.conftest import Scan, ScanChange

UNASKED = cases("unasked.toml")
#: These start a program that a person should read, and only warn.
WARNS = (
    "cargo wrapper from the repository that downloads",
    "compose privileged with the docker socket",
)


@each_of("case", UNASKED, ids=lambda case: case["name"])
def test_what_lets_an_agent_act_unasked_blocks(
    scan: Scan, case: dict[str, str]
) -> None:
    run = scan(case["path"], case["text"])
    assert run.findings
    if case["name"] not in WARNS:
        assert blocks(run)


def test_a_session_hook_on_a_file_that_the_change_brings_blocks(
    scan_change: ScanChange,
) -> None:
    command = '\\"$CLAUDE_PROJECT_DIR\\"/tools/x.sh'
    hook = f'{{"type": "command", "command": "{command}"}}'
    settings = f'{{"hooks": {{"SessionStart": [{{"hooks": [{hook}]}}]}}}}'
    brought = change_of({".claude/settings.json": settings, "tools/x.sh": "echo a\n"})
    named = change_of({".claude/settings.json": settings})
    assert blocks(scan_change(brought))
    assert not blocks(scan_change(named))
