from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from tests.reports.snapshot import same_as_snapshot
from tests.reports.strategies import evidences, reports
from tests.support import reports as make
from tests.support.offenders import each_of
from zt_gate.model.finding import Evidence, Level
from zt_gate.model.report import Report, Verdict
from zt_gate.reports import render
from zt_gate.reports.base import Options
from zt_gate.reports.escape import columns
from zt_gate.reports.snippet import snippet

SGR = re.compile(r"\x1b\[[0-9;]*m")


def text_of(report: Report, **options: Any) -> str:
    return render("terminal", report, Options(**options)).decode()


@pytest.mark.parametrize("name", ["failing", "incomplete", "hostile"])
def test_piped(name: str) -> None:
    # Without it, the last of the hostile places are only counted.
    options = Options(verbose=name == "hostile")
    data = render("terminal", getattr(make, name)(), options)
    same_as_snapshot(f"terminal-{name}.txt", data)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("narrow", Options(width=40, terminal=True)),
        ("verbose", Options(width=80, terminal=True, verbose=True)),
        ("colour", Options(width=80, terminal=True, colour=True)),
    ],
)
def test_looks(name: str, options: Options) -> None:
    same_as_snapshot(
        f"terminal-{name}.txt", render("terminal", make.failing(), options)
    )


def test_verbose_lists_what_is_not_applicable() -> None:
    assert "logo.png" not in text_of(make.incomplete())
    assert "1 not applicable" in text_of(make.incomplete())
    assert "not applicable: secrets: logo.png: a PNG image" in text_of(
        make.incomplete(), verbose=True
    )


def test_a_pass_with_nothing_to_say_is_one_line() -> None:
    assert text_of(make.report()) == "PASS  5 files · 4 scanners · 0.31 s\n"


def test_a_narrow_terminal_is_not_overrun() -> None:
    for line in text_of(make.failing(), width=40, terminal=True).splitlines():
        assert columns(line) <= 40 or " " not in line.strip(), line


def test_colour_changes_nothing_but_colour() -> None:
    for report in (make.failing(), make.incomplete(), make.hostile()):
        for width in (40, 80):
            plain = text_of(report, width=width, terminal=True)
            coloured = text_of(report, width=width, terminal=True, colour=True)
            assert "\x1b[" in coloured
            assert SGR.sub("", coloured) == plain


def test_the_environment_does_not_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    before = text_of(make.failing(), colour=True)
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb"), ("COLUMNS", "20")):
        monkeypatch.setenv(name, value)
    assert text_of(make.failing(), colour=True) == before


def test_blocking_files_first_then_levels() -> None:
    heads = [
        line.split("  ")[:2]
        for line in text_of(make.failing(), verbose=True).splitlines()
        if re.match(r"\S.*  (BLOCK|WARN|INFO|IGNORED|BASELINE) ", line)
    ]
    assert heads == [
        ["src/app.py:4:12", "BLOCK"],
        ["src/app.py:12:16", "BLOCK"],
        ["src/app.py:40:16", "INFO"],
        ["src/app.py:12:16", "BASELINE"],
        ["commit 9fceb02d0ae5", "WARN"],
        [".zt-gate.toml", "WARN"],
        ["docs/a.md:1:1", "IGNORED"],
        ["web.py:3:1", "WARN"],
    ]


@given(reports())
def test_any_text_is_only_shown(report: Report) -> None:
    for colour in (False, True):
        shown = text_of(report, colour=colour, verbose=True, width=50, terminal=colour)
        plain = SGR.sub("", shown) if colour else shown
        assert all(ch == "\n" or ch.isprintable() for ch in plain)
        for line in plain.split("\n"):
            assert not line.lstrip().startswith("::")
            assert "##[" not in line
        assert report.verdict.value.upper() in plain


# Snippets


def drawn(evidence: Evidence, number: int | None = 7, width: int = 60) -> str:
    return "\n".join(
        f"{line.gutter}{line.before}{line.marked}{line.after}\n{line.below}{line.carets}"
        for line in snippet(evidence, number, width)
    )


@each_of(
    ("text", "start", "end", "shown", "carets"),
    [
        ("a = b", 4, 5, "a = b", "    ^"),
        ("\tx", 1, 2, "    x", "    ^"),
        ("ab\tx", 3, 4, "ab  x", "    ^"),
        ("日本x", 2, 3, "日本x", "    ^"),
        ("x日本", 1, 3, "x日本", " ^^^^"),
        ("a\x1bb", 1, 2, r"a\x1bb", " ^^^^"),
        ("a\u202eb", 2, 3, r"a\u{202E}b", " " * 9 + "^"),
        ("e\u0301x", 2, 3, "e\u0301x", " ^"),
        ("ab", 1, 1, "ab", " ^"),
        ("ab", 2, 2, "ab", "  ^"),
        ("ab", -5, 99, "ab", "^^"),
        ("ab\r", 0, 2, "ab", "^^"),
        ("ab\r", 2, 3, r"ab\r", "  ^^"),
        ("##[x]", 2, 3, r"#\x23[x]", " " * 5 + "^"),
    ],
)
def test_carets_stand_below_the_span(
    text: str, start: int, end: int, shown: str, carets: str
) -> None:
    assert drawn(Evidence(text, start, end)) == f"   7 | {shown}\n     | {carets}"


def test_lines_of_a_span_are_numbered_from_where_it_starts() -> None:
    text = "with open(x) as f:\n    a(\n        b)\n"
    lines = snippet(Evidence(text, 23, 35), 7, 60)
    assert [line.gutter.strip() for line in lines] == ["6 |", "7 |", "8 |", "9 |"]
    assert [line.carets for line in lines] == ["", "    ^^", "^^^^^^^^^", ""]


def test_many_lines_are_six_and_begin_with_the_span() -> None:
    lines = snippet(Evidence("x\n" * 40, 20, 40), 100, 60)
    assert [line.gutter.strip() for line in lines] == [
        f"{n} |" for n in range(100, 106)
    ]


def test_a_long_line_is_cut_around_the_span() -> None:
    line = snippet(Evidence("a" * 3000 + "HERE" + "b" * 3000, 3000, 3004), 1, 60)[0]
    assert line.marked == "HERE"
    assert line.before.startswith("…a")
    assert line.after.endswith("b…")
    assert columns(line.gutter + line.before + line.marked + line.after) <= 60


@given(evidences)
def test_any_evidence_is_drawn_within_the_width(evidence: Evidence) -> None:
    for line in snippet(evidence, 7, 50):
        assert columns(line.gutter + line.before + line.marked + line.after) <= 50
        assert columns(line.gutter) == columns(line.below)
        if line.carets:
            assert line.carets.index("^") == columns(line.before)
            assert line.carets.count("^") == max(1, columns(line.marked))


# Cost


def test_a_plain_report_imports_nothing_heavy() -> None:
    code = (
        "import sys, __future__, dataclasses, importlib, typing; known = set(sys.modules)\n"
        "from zt_gate.reports import render; from zt_gate.model import report as r\n"
        "x = r.Report(r.ToolInfo('', '', ''), 'staged', '', '', '', r.PolicyInfo('', '', ''),"
        " r.Origin(), r.Verdict.PASS, True, 0.1, (), ())\n"
        "render('terminal', x); print(*set(sys.modules) - known)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert {name for name in loaded if not name.startswith("zt_gate")} == set()
    assert "zt_gate.reports.json" not in loaded


def test_verdicts() -> None:
    warned = make.report(findings=(make.judged(level=Level.WARN),))
    assert (
        text_of(warned).splitlines()[-1].startswith("PASS  1 warning in 1 of 5 files")
    )
    last = text_of(make.incomplete()).splitlines()[-1]
    assert last.startswith("ERROR  could not inspect: code, scope, dependencies · ")
    unknown = make.report(verdict=Verdict.ERROR, complete=False, errors=("no index",))
    assert "error: no index" in text_of(unknown)
    assert "could not inspect: see above" in text_of(unknown)
    shard = make.report(shard=(2, 3))
    assert "shard 2 of 3" in text_of(shard)


def test_what_cannot_be_approved_as_staged_names_another_way() -> None:
    """A pushed range is not staged, and a message is written anew."""
    failing = make.failing()
    a, b = "a" * 40, "b" * 40
    pushed = text_of(replace(failing, kind="range", base=a, head=b))
    words = " ".join(pushed.split())
    assert f"zt-gate approve --range {a[:12]}..{b[:12]} {'c' * 12}" in words
    assert f"--accept {'c' * 32}" in " ".join(
        text_of(replace(failing, kind="tree")).split()
    )
    (first, *_) = failing.findings
    place = replace(first.finding.location, kind="commit", commit="0" * 40)
    said = replace(first, finding=replace(first.finding, location=place))
    assert "Intended?" not in text_of(replace(failing, findings=(said,)))


def test_a_change_without_staged_files_names_what_else_could_be_scanned() -> None:
    for kind, expected in (
        ("staged", True),
        ("worktree", False),
        ("range", False),
        ("tree", False),
    ):
        text = text_of(make.report(kind=kind, files=0))
        assert ("nothing is staged" in text) is expected
        assert ("--worktree" in text) is expected
    assert "nothing is staged" not in text_of(make.report(kind="staged", files=1))
