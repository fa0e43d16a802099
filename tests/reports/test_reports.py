"""What holds for every format."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import reports as make
from tests.support.offenders import each_of
from zt_gate.model.report import Report, Verdict
from zt_gate.reports import FORMATS, render
from zt_gate.reports.base import Options, ReportError

NAMES = [name for name, _ in FORMATS]


def said(name: str, report: Report) -> str:
    """Return the text of a report without the escapes and marks of its format."""
    text = render(name, report).decode()
    if name in {"json", "sarif"}:
        text = json.dumps(json.loads(text), ensure_ascii=False)
    if name == "github":
        text = text.replace("%0A", "\n").replace("%3A", ":").replace("%25", "%")
    return re.sub(r"[\s`]+", " ", text)


@pytest.mark.parametrize("name", NAMES)
def test_every_format_carries_what_makes_a_run_incomplete(name: str) -> None:
    text = said(name, make.incomplete())
    for part in (
        "semgrep did not answer within 10 s",
        "the audit log could not be written",
        "the task is not known",
        "--skip injection",
        "src/big.py",
        "timed out",
        "package.json",
        "left-pad: the registry said 503",
        "data.bin.py",
        "its bytes are no text",
    ):
        assert part in text


@each_of("name", NAMES)
@each_of("verdict", Verdict)
def test_every_format_carries_verdict_and_completeness(
    name: str, verdict: Verdict
) -> None:
    patterns = {
        "terminal": (verdict.value.upper(), "incomplete"),
        "json": (f'"verdict": "{verdict.value}"', '"complete": false'),
        "sarif": (f'"verdict": "{verdict.value}"', '"complete": false'),
        "github": (f"{verdict.value.upper()}: ", "complete: no"),
        "markdown": (f" {verdict.value.upper()} ", "Complete: **no**"),
        # A list of issues has no room for what is true of all of them.
        "gitlab": ("[", "no answer"),
        "junit": (f"verdict: {verdict.value}", "complete: no"),
        "html": (f'"verdict {verdict.value}">', "incomplete"),
    }[name]
    whole = said(name, make.report(verdict=verdict))
    part = said(
        name, make.report(verdict=verdict, complete=False, errors=("no answer",))
    )
    assert patterns[0] in whole
    assert patterns[0] in part
    assert patterns[1] in part
    assert patterns[1] not in whole


@pytest.mark.parametrize("name", NAMES)
def test_every_format_carries_every_active_finding(name: str) -> None:
    text = said(name, make.failing())
    for rule in (
        "code/sql-injection",
        "secrets/aws-access-key",
        "code/debug-server",
        "gate/policy-changed",
        "injection/override",
    ):
        assert rule in text
    assert "9fceb02d0ae5" in text


@pytest.mark.parametrize("name", NAMES)
def test_the_same_report_is_the_same_bytes(name: str) -> None:
    for report in (make.failing(), make.hostile()):
        data = render(name, report)
        assert data == render(name, report)
        assert data.endswith(b"\n")
        data.decode()


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(
        ReportError,
        match="terminal, json, sarif, github, markdown, gitlab, junit, html",
    ):
        render("pdf\x1b", make.report())


def test_modules_are_imported_only_when_asked_for() -> None:
    code = "import sys, zt_gate.reports; print(*(m for m in sys.modules if 'reports.' in m))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["zt_gate.reports.base"]


def test_every_format_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reports.md").read_text("utf-8")
    for name in NAMES:
        assert f"| `{name}` |" in page


def test_options_are_frozen_with_the_defaults_of_a_pipe() -> None:
    assert Options() == Options(
        colour=False, width=80, verbose=False, terminal=False, limit=None, past=()
    )
