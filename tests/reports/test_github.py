from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given

from tests.reports.snapshot import same_as_snapshot
from tests.reports.strategies import reports
from tests.support import reports as make
from zt_gate.model.finding import Level
from zt_gate.model.report import NotInspected, Report, ScannerRun, Verdict
from zt_gate.reports import render

OURS = {"error", "warning", "notice"}


@dataclass(frozen=True)
class Command:
    name: str
    properties: dict[str, str]
    data: str


def parse(line: str) -> Command:
    """Read a line as the runner does (ActionCommand.TryParseV2)."""
    line = line.lstrip()
    assert line.startswith("::"), line
    head, separator, data = line[2:].partition("::")
    assert separator
    name, _, written = head.partition(" ")
    properties = {}
    for pair in filter(None, written.strip().split(",")):
        key, _, value = pair.partition("=")
        for code, ch in (
            ("%0D", "\r"),
            ("%0A", "\n"),
            ("%3A", ":"),
            ("%2C", ","),
            ("%25", "%"),
        ):
            value = value.replace(code, ch)
        properties[key] = value
    for code, ch in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        data = data.replace(code, ch)
    return Command(name, properties, data)


def commands(report: Report) -> list[Command]:
    text = render("github", report).decode()
    assert text.endswith("\n")
    return [parse(line) for line in text[:-1].split("\n")]


@pytest.mark.parametrize("name", ["failing", "incomplete", "hostile"])
def test_looks(name: str) -> None:
    same_as_snapshot(f"github-{name}.txt", render("github", getattr(make, name)()))


def test_an_annotation_says_where_and_what() -> None:
    found = next(
        c for c in commands(make.failing()) if "sql-injection" in c.properties["title"]
    )
    assert found.name == "error"
    assert found.properties == {
        "file": "src/app.py",
        "line": "12",
        "endLine": "12",
        "col": "16",
        "endColumn": "32",
        "title": "code/sql-injection (block)",
    }
    assert found.data.split("\n")[0] == "SQL is put together from a request's data"


def test_waived_findings_are_counted_only() -> None:
    found = commands(make.failing())
    assert not any("docs/a.md" in c.properties.get("file", "") for c in found)
    assert "1 ignored, 1 in the baseline" in found[-1].data


def test_ten_of_each_the_worst_first_and_the_rest_counted() -> None:
    findings = tuple(
        make.judged(make.finding(path=b"f%02d.py" % n), level, f"{level}-{n}")
        for level in (Level.INFO, Level.WARN, Level.BLOCK)
        for n in range(25)
    )
    found = commands(make.report(verdict=Verdict.FAIL, findings=findings))
    assert [c.name for c in found] == ["error"] * 10 + ["warning"] * 10 + [
        "notice"
    ] * 10
    assert "46 findings without an annotation" in found[-1].data
    report = make.report(
        verdict=Verdict.FAIL,
        findings=findings,
        complete=False,
        errors=("the index is locked",),
    )
    found = commands(report)
    assert [c.name for c in found].count("error") == 10
    assert "the index is locked" in found[0].data
    assert "47 findings without an annotation" in found[-1].data


def test_a_file_that_cannot_be_expressed_is_named_in_the_text() -> None:
    for raw in (b"a\nb.py", b"caf\xe9.py", b"x\x1b.py", b" x", "a\u202eb".encode()):
        found = commands(make.report(findings=(make.judged(make.finding(path=raw)),)))[
            0
        ]
        assert "file" not in found.properties
        assert "\nat " in found.data
    found = commands(
        make.report(findings=(make.judged(make.finding(path=b"a,b:c=d%.py")),))
    )[0]
    assert found.properties["file"] == "a,b:c=d%.py"


def test_messages_fit() -> None:
    long = make.finding(message="日" * 5000)
    items = tuple(
        NotInspected(b"f%d" % n, "failed", "no answer " * 9) for n in range(200)
    )
    report = make.report(
        verdict=Verdict.ERROR,
        complete=False,
        findings=(make.judged(long),),
        runs=(make.run(not_inspected=items),),
        errors=("x" * 9000,),
    )
    found = commands(report)
    assert all(len(c.data.encode()) <= 4096 for c in found)
    assert "… and 200 more" in found[0].data


@given(reports())
def test_every_line_is_one_of_our_commands(report: Report) -> None:
    found = commands(report)
    assert {c.name for c in found} <= OURS
    for c in found:
        assert set(c.properties) <= {
            "file",
            "line",
            "endLine",
            "col",
            "endColumn",
            "title",
        }
        assert "##[" not in c.data + "".join(c.properties.values())
        assert len(c.data.encode()) <= 4096
        assert all(ch == "\n" or ch.isprintable() for ch in c.data)
    assert report.verdict.value.upper() in found[-1].data


def test_a_scanner_left_out_on_purpose_is_no_error() -> None:
    left_out = ScannerRun("code", "skipped", "left out on the command line")
    text = render("github", make.report(complete=False, runs=(left_out,))).decode()
    assert "::error" not in text
    assert "code was skipped: left out on the command line" in text
