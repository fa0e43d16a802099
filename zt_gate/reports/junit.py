"""The JUnit format: test results for CI systems.

One suite for each scanner.  A blocking finding is a failure, uninspected content an
error, a skipped scanner a skipped test; so no reader of the file takes an incomplete
run for a pass.  JUnit XML has no standard; this module writes only what Jenkins,
GitLab, Azure Pipelines and CircleCI all read.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.reports import summary
from zt_gate.reports.escape import visible, xml_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.report import JudgedFinding, Report, ScannerRun
    from zt_gate.reports.base import Options


class _TestCase(NamedTuple):
    """One test; ``kind`` is failure, error, skipped, or "" for a pass."""

    name: str
    kind: str = ""
    message: str = ""
    body: str = ""


def render(report: Report, options: Options) -> bytes:  # noqa: ARG001 - no option applies
    """Return the report as JUnit XML, in ASCII."""
    suites = [
        (run.scanner, run.seconds, list(_scanner_cases(run, report)))
        for run in report.runs
    ]
    suites.append(("zt-gate", report.seconds, list(_gate_cases(report))))
    all_cases = [case for _, _, cases in suites for case in cases]
    attributes = f"{_counts(all_cases)} {_time(report.seconds)}"
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="zt-gate" {attributes}>',
    ]
    for scanner, seconds, cases in suites:
        name = xml_text(visible(scanner))
        lines.append(f'<testsuite name="{name}" {_counts(cases)} {_time(seconds)}>')
        lines += [_case_element(case, name) for case in cases]
        lines.append("</testsuite>")
    lines.append("</testsuites>")
    return ("\n".join(lines) + "\n").encode("ascii", "xmlcharrefreplace")


def _scanner_cases(run: ScannerRun, report: Report) -> Iterator[_TestCase]:
    if run.status != "ok":
        yield _TestCase("scanner", run.status, run.reason)
    for item in run.not_inspected:
        if summary.is_applicable(item):
            name = "the change" if item.path is None else visible(item.path)
            yield _TestCase(name, "error", f"{item.kind}: {item.reason}")
    findings = [
        judged
        for judged in summary.by_severity(report.findings)
        if judged.finding.scanner == run.scanner
    ]
    blocking = [judged for judged in findings if summary.is_blocking(judged)]
    others = [judged for judged in findings if not summary.is_blocking(judged)]
    for judged in blocking:
        yield _failure(report, judged)
    if run.status != "ok":
        return
    rows = "\n".join(visible(_finding_row(judged)) for judged in others)
    if not blocking:
        yield _TestCase("no blocking findings", body=rows)
    elif rows:
        yield _TestCase("non-blocking findings", body=rows)


def _gate_cases(report: Report) -> Iterator[_TestCase]:
    """Yield the findings and errors that belong to no scanner, and the verdict."""
    scanners = {run.scanner for run in report.runs}
    for judged in summary.by_severity(report.findings):
        if judged.finding.scanner not in scanners and summary.is_blocking(judged):
            yield _failure(report, judged)
    for text in summary.unlisted_errors(report):
        yield _TestCase("verdict error", "error", text)
    complete = "yes" if report.complete else "no"
    rows = [", ".join(summary.verdict_facts(report)), f"complete: {complete}"]
    rows += [
        f"{judged.level.value} {judged.finding.rule}: {judged.finding.message}"
        for judged in report.findings
        if judged.finding.scanner not in scanners and not summary.is_blocking(judged)
    ]
    body = "\n".join(map(visible, rows))
    yield _TestCase(f"verdict: {report.verdict.value}", body=body)


def _failure(report: Report, judged: JudgedFinding) -> _TestCase:
    finding = judged.finding
    rows = []
    if finding.why:
        rows.append(f"why: {finding.why}")
    if finding.remedy:
        rows.append(f"fix: {finding.remedy}")
    rows.append(f"fingerprint: {judged.fingerprint}")
    rows.append(f"Intended? {summary.approval_hint(report, judged)}")
    name = f"{summary.location_text(finding.location)} {finding.rule}"
    body = "\n".join(map(visible, rows))
    return _TestCase(name, "failure", finding.message, body)


def _finding_row(judged: JudgedFinding) -> str:
    finding = judged.finding
    label: str = judged.state
    if judged.state == "active":
        label = judged.level.value
    place = summary.location_text(finding.location)
    return f"{label} {place} {finding.rule}: {finding.message}"


def _case_element(case: _TestCase, suite: str) -> str:
    name = xml_text(visible(case.name))
    opening = f'<testcase classname="zt-gate.{suite}" name="{name}"'
    body = xml_text(case.body)
    content = ""
    if case.kind:
        attributes = f'message="{xml_text(visible(case.message))}"'
        if case.kind != "skipped":
            attributes += f' type="{case.kind}"'
        content = f"<{case.kind} {attributes}>{body}</{case.kind}>"
    elif body:
        content = f"<system-out>{body}</system-out>"
    if not content:
        return f"{opening}/>"
    return f"{opening}>{content}</testcase>"


def _counts(cases: list[_TestCase]) -> str:
    """Return the count attributes of a suite."""
    kinds = Counter(case.kind for case in cases)
    return (
        f'tests="{len(cases)}" failures="{kinds["failure"]}" '
        f'errors="{kinds["error"]}" skipped="{kinds["skipped"]}"'
    )


def _time(seconds: float) -> str:
    return f'time="{summary.seconds(seconds):.3f}"'
