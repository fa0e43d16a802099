"""For CI systems that show test results: JUnit XML.

One suite for each scanner.  What blocks is a failure, what could not be
inspected an error, a scanner that was left out a skipped test; so no reader of
the file can take an incomplete run for a pass.  There is no standard; the file
keeps to what Jenkins, GitLab, Azure Pipelines and CircleCI all read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zt_gate.reports import summary
from zt_gate.reports.escape import visible, xml_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.report import JudgedFinding, Report, ScannerRun
    from zt_gate.reports.base import Options


class _Case(NamedTuple):
    """One test: ``kind`` is failure, error, skipped, or "" for a pass."""

    name: str
    kind: str = ""
    message: str = ""
    body: str = ""


def render(report: Report, options: Options) -> bytes:  # noqa: ARG001 - says the same to everybody
    """Return the report as JUnit XML, in ASCII."""
    suites = [
        (run.scanner, run.seconds, list(_of_run(run, report))) for run in report.runs
    ]
    suites.append(("zt-gate", report.seconds, list(_of_gate(report))))
    cases = [case for _, _, found in suites for case in found]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="zt-gate"{_counts(cases)} time="{_time(report.seconds)}">',
    ]
    for name, seconds, found in suites:
        shown = xml_text(visible(name))
        lines.append(
            f'<testsuite name="{shown}"{_counts(found)} time="{_time(seconds)}">'
        )
        lines += [_case(case, shown) for case in found]
        lines.append("</testsuite>")
    lines.append("</testsuites>")
    return ("\n".join(lines) + "\n").encode("ascii", "xmlcharrefreplace")


def _of_run(run: ScannerRun, report: Report) -> Iterator[_Case]:
    if run.status == "error":
        yield _Case("the scanner", "error", run.reason)
    elif run.status == "skipped":
        yield _Case("the scanner", "skipped", run.reason)
    for item in run.not_inspected:
        if summary.is_applicable(item):
            name = "the change" if item.path is None else visible(item.path)
            yield _Case(name, "error", f"{item.kind}: {item.reason}")
    found = False
    for judged in summary.by_severity(report.findings):
        if judged.finding.scanner == run.scanner and summary.is_blocking(judged):
            found = True
            yield _of_finding(judged)
    told = _told(run, report)
    if run.status == "ok" and (told or not found):
        yield _Case("what does not block" if found else "nothing blocks", body=told)


def _of_gate(report: Report) -> Iterator[_Case]:
    scanners = {run.scanner for run in report.runs}
    for judged in summary.by_severity(report.findings):
        if judged.finding.scanner not in scanners and summary.is_blocking(judged):
            yield _of_finding(judged)
    for text in summary.unlisted_errors(report):
        yield _Case("the verdict", "error", text)
    others = [
        f"{judged.level.value} {judged.finding.rule}: {judged.finding.message}"
        for judged in report.findings
        if judged.finding.scanner not in scanners and not summary.is_blocking(judged)
    ]
    complete = f"complete: {'yes' if report.complete else 'no'}"
    body = "\n".join(
        map(visible, (", ".join(summary.verdict_facts(report)), complete, *others))
    )
    yield _Case(f"verdict: {report.verdict.value}", body=body)


def _of_finding(judged: JudgedFinding) -> _Case:
    finding = judged.finding
    parts = [
        f"why: {finding.why}" if finding.why else "",
        f"fix: {finding.remedy}" if finding.remedy else "",
        f"fingerprint: {judged.fingerprint}",
        f"if it is meant: {summary.approval_hint(judged)}",
    ]
    name = f"{summary.location_text(finding.location)} {finding.rule}"
    return _Case(
        name, "failure", finding.message, "\n".join(map(visible, filter(None, parts)))
    )


def _told(run: ScannerRun, report: Report) -> str:
    """Return what a scanner found and does not stop the change, one line each."""
    rows = [
        f"{judged.level.value if judged.state == 'active' else judged.state} "
        f"{summary.location_text(judged.finding.location)} "
        f"{judged.finding.rule}: {judged.finding.message}"
        for judged in summary.by_severity(report.findings)
        if judged.finding.scanner == run.scanner and not summary.is_blocking(judged)
    ]
    return "\n".join(map(visible, rows))


def _case(case: _Case, suite: str) -> str:
    head = (
        f'<testcase classname="zt-gate.{suite}" name="{xml_text(visible(case.name))}"'
    )
    body = xml_text(case.body)
    if case.kind:
        message = xml_text(visible(case.message))
        kind = "" if case.kind == "skipped" else f' type="{case.kind}"'
        inner = f'<{case.kind} message="{message}"{kind}>{body}</{case.kind}>'
    else:
        inner = f"<system-out>{body}</system-out>" if body else ""
    return f"{head}>{inner}</testcase>" if inner else f"{head}/>"


def _counts(cases: list[_Case]) -> str:
    said = [f' tests="{len(cases)}"']
    for name, kind in (
        ("failures", "failure"),
        ("errors", "error"),
        ("skipped", "skipped"),
    ):
        said.append(f' {name}="{sum(case.kind == kind for case in cases)}"')
    return "".join(said)


def _time(value: float) -> str:
    return f"{summary.seconds(value):.3f}"
