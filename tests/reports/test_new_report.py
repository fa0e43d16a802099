"""A new report format is one file and one line in the tuple: everything else knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.scratch import Scratch
from tests.test_documentation import formats_without_a_row
from zt_gate.reports import FORMATS

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = '''"""The verdict alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zt_gate.model.report import Report
    from zt_gate.reports.base import Options


def render(report: Report, _options: Options) -> bytes:
    """Return the report as UTF-8."""
    return f"verdict: {report.verdict.value}\\n".encode()
'''


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    made = Scratch.create(tmp_path)
    made.write("zt_gate/reports/brief.py", FORMAT)
    made.add_line("zt_gate/reports/__init__.py", '    ("junit", "zt_gate.reports.junit"),',
                  '    ("brief", "zt_gate.reports.brief"),')  # fmt: skip
    return made


def test_the_command_line_knows_it(scratch: Scratch) -> None:
    scratch.stage("a.txt", "hello\n")
    words = ("scan", "--scanner", "secrets", "--offline")
    assert scratch.gate(*words, "--format", "brief").stdout == "verdict: pass\n"
    target = scratch.package.parent / "report.txt"
    done = scratch.gate(*words, "--output", f"brief={target}")
    assert done.returncode == 0, done.stderr
    assert target.read_text() == "verdict: pass\n"
    assert "brief" in scratch.gate("scan", "--help").stdout
    assert "brief" in scratch.gate(*words, "--format", "bref").stderr


def test_the_documents_name_every_format_and_a_missing_one_is_seen() -> None:
    names = [name for name, _ in FORMATS]
    assert formats_without_a_row(names) == []
    assert formats_without_a_row([*names, "brief"]) == ["brief"]
