"""What says the same thing is said once; nothing is lost in the counts."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given

from tests.reports.strategies import reports
from tests.support import reports as make
from zt_gate.model.finding import Level
from zt_gate.model.report import NotInspected, Verdict
from zt_gate.reports import groups, render, summary
from zt_gate.reports.base import Options

if TYPE_CHECKING:
    from zt_gate.model.report import JudgedFinding, Report


def judged(number: int, path: str, rule: str, level: Level) -> JudgedFinding:
    item = make.judged(
        make.finding(rule=rule, path=path.encode(), line=number),
        fingerprint=f"{number:032x}",
    )
    return replace(item, level=level)


def large(count: int, folders: int = 5, rules: int = 3) -> tuple[JudgedFinding, ...]:
    """Warnings in many files, with one that blocks in the last path."""
    found = [
        judged(n, f"d{n % folders}/f{n}.py", f"code/r{n % rules}", Level.WARN)
        for n in range(1, count + 1)
    ]
    return (*found, judged(count + 1, "zz/last.py", "secrets/key", Level.BLOCK))


def text_of(report: Report, name: str = "terminal", **options: object) -> str:
    return render(name, report, Options(**options)).decode()  # type: ignore[arg-type]


def test_findings_of_one_rule_in_one_file_are_one_entry() -> None:
    found = tuple(judged(n, "a.py", "code/x", Level.BLOCK) for n in (3, 7, 9, 40))
    report = make.report(verdict=Verdict.FAIL, findings=found)
    for name in ("terminal", "github", "markdown"):
        text = text_of(report, name)
        assert text.count("why") + text.count("Why") <= 1, name
        assert "4 blocking" in text
    text = text_of(report)
    assert "also: line 7" in text
    assert all(item.fingerprint[:12] in text for item in found)
    assert text_of(report, verbose=True).count("BLOCK") == 4


def test_another_level_state_file_or_rule_is_another_entry() -> None:
    base = judged(3, "a.py", "code/x", Level.BLOCK)
    others = (
        judged(4, "b.py", "code/x", Level.BLOCK),
        judged(4, "a.py", "code/y", Level.BLOCK),
        judged(4, "a.py", "code/x", Level.WARN),
        replace(judged(4, "a.py", "code/x", Level.BLOCK), state="ignored"),
    )
    for other in others:
        assert len(groups.by_rule((base, other), within_file=True)) == 2
    assert len(groups.by_rule((base, others[0]), within_file=False)) == 1


def test_a_thousand_findings_are_a_summary_with_the_worst_in_full() -> None:
    report = make.report(verdict=Verdict.FAIL, findings=large(1000))
    text = text_of(report)
    assert len(text.splitlines()) < 250
    assert "zz/last.py" in text
    counted = re.search(r"^(\d+) more findings, by rule and folder", text, re.MULTILINE)
    assert counted is not None
    in_full = len(re.findall(r"^\S+:\d+\S*  (?:WARN|BLOCK) ", text, re.MULTILINE))
    assert int(counted[1]) + in_full == 1001
    assert re.search(r"^  WARN +\d+ × code/r0: d\d/ \d+", text, re.MULTILINE)
    assert len(text_of(report, verbose=True).splitlines()) > 1000


def test_the_counts_by_rule_and_folder_add_up() -> None:
    counts = groups.count_by_rule(groups.by_rule(large(1000), within_file=True))
    assert sum(count.findings for count in counts) == 1001
    assert counts[0].level is Level.BLOCK
    for count in counts:
        assert sum(number for _, number in count.folders) == count.findings


def test_a_reason_that_many_paths_share_is_said_once() -> None:
    items = tuple(
        NotInspected(b"f%d.lock" % n, "unverified", "no registry answered")
        for n in range(207)
    )
    report = make.report(
        verdict=Verdict.ERROR, complete=False, runs=(make.run(not_inspected=items),)
    )
    for name in ("terminal", "markdown"):
        text = " ".join(text_of(report, name).split())
        assert text.count("no registry answered") == 1, name
        assert "204 more" in text
    text = " ".join(text_of(report, verbose=True).split())
    assert text.count("no registry answered") == 207


def test_a_page_names_each_rule_once() -> None:
    found = large(451, rules=1)
    report = make.report(verdict=Verdict.FAIL, findings=found)
    text = text_of(report, "markdown")
    assert text.count("<details") == 2
    assert len(text) < 10_000
    assert "and 400 more, which the JSON and SARIF reports list" in text


@given(reports())
def test_no_finding_is_lost_in_the_groups(report: Report) -> None:
    for within_file in (False, True):
        made = groups.by_rule(report.findings, within_file=within_file)
        members = [item for group in made for item in (group.first, *group.others)]
        assert sorted(map(id, members)) == sorted(map(id, report.findings))


@given(reports())
def test_no_uninspected_path_is_lost_in_the_groups(report: Report) -> None:
    items = [item for _, item in summary.not_inspected(report)]
    made = list(groups.uninspected(report))
    assert sum(group.size for group in made) == len(items)
    listed = {path for group in made for path in group.paths}
    assert listed == {item.path for item in items if item.path is not None}
    assert {group.item.reason for group in made} == {item.reason for item in items}
