"""What every format says about a report as a whole: order, counts, the verdict in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.model.finding import Level
from zt_gate.reports.escape import visible

if TYPE_CHECKING:
    from zt_gate.model.finding import Location
    from zt_gate.model.report import JudgedFinding, NotInspected, Report, ScannerRun

_OID = re.compile(r"[0-9a-f]{40,64}")
_EMPTY_TREES = ("4b825dc642cb", "6ef19b41225c")
#: Kinds of not-inspected things from the worst to the harmless.
_KINDS = ("failed", "unverified", "unreadable", "not_applicable")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many findings there are of which kind; the first three count active ones."""

    block: int = 0
    warn: int = 0
    info: int = 0
    ignored: int = 0
    approved: int = 0
    baseline: int = 0
    #: Paths with an active finding that blocks or warns.
    paths: int = 0


def is_blocking(judged: JudgedFinding) -> bool:
    """Whether a finding stops the change."""
    return judged.state == "active" and judged.level is Level.BLOCK


def counts(report: Report) -> Counts:
    """Count the findings of a report."""
    total = dict.fromkeys(
        ("block", "warn", "info", "ignored", "approved", "baseline"), 0
    )
    paths = set()
    for judged in report.findings:
        total[judged.level.value if judged.state == "active" else judged.state] += 1
        if judged.state == "active" and judged.level is not Level.INFO:
            paths.add(judged.finding.location.path)
    return Counts(**total, paths=len(paths - {None}))


def by_file(findings: tuple[JudgedFinding, ...]) -> list[JudgedFinding]:
    """Order findings for reading: files with blocking ones first, then by path.

    Within a file: active ones before the others, then by level and line.
    """
    blocked = {
        judged.finding.location.path for judged in findings if is_blocking(judged)
    }

    def key(judged: JudgedFinding) -> tuple[object, ...]:
        path = judged.finding.location.path
        return (path not in blocked, path or b"", *_within(judged))

    return sorted(findings, key=key)


def by_severity(findings: tuple[JudgedFinding, ...]) -> list[JudgedFinding]:
    """Order findings for a sink that takes only so many: the worst first."""

    def key(judged: JudgedFinding) -> tuple[object, ...]:
        finding = judged.finding
        active, level, *rest = _within(judged)
        worst = (-finding.severity.rank, -finding.confidence.rank)
        return (active, level, *worst, finding.location.path or b"", *rest)

    return sorted(findings, key=key)


def _within(judged: JudgedFinding) -> tuple[int, int, int, int, str, str]:
    location = judged.finding.location
    return (
        int(judged.state != "active"),
        -judged.level.rank,
        location.line or 0,
        location.column or 0,
        judged.finding.rule,
        judged.fingerprint,
    )


def not_inspected(report: Report) -> list[tuple[str, NotInspected]]:
    """Return scanner and item of what was not inspected, the worst first."""
    items = [(run.scanner, item) for run in report.runs for item in run.not_inspected]
    return sorted(
        items,
        key=lambda pair: (_KINDS.index(pair[1].kind), pair[0], pair[1].path or b""),
    )


def is_applicable(item: NotInspected) -> bool:
    """Whether something that applies was not looked at."""
    return item.kind != "not_applicable"


def runs_without_result(report: Report) -> list[ScannerRun]:
    """Return the scanners that gave no result, errors first.

    One whose name and reason stand in ``report.errors`` is not said twice.
    """
    silent = (
        run
        for run in report.runs
        if run.status != "ok"
        and not any(
            run.scanner in text and run.reason in text for text in report.errors
        )
    )
    return sorted(silent, key=lambda run: run.status)


def unlisted_errors(report: Report) -> list[str]:
    """Return the errors that the list of what was not inspected does not repeat."""
    listed = [
        (scanner, item.reason)
        for scanner, item in not_inspected(report)
        if is_applicable(item)
    ]
    return [
        text
        for text in report.errors
        if not any(
            scanner in text and reason and reason in text for scanner, reason in listed
        )
    ]


def not_applicable(report: Report) -> int:
    """Count what no scanner is meant for; a path counts once."""
    items = {item.path for _, item in not_inspected(report) if not is_applicable(item)}
    return len(items)


def location_text(location: Location) -> str:
    """Return where a finding is, for a person: ``path:line:column`` or what there is of it."""
    if location.path is None:
        where = ""
    else:
        numbers = (
            location.line,
            location.column if location.line is not None else None,
        )
        where = ":".join(
            [visible(location.path), *(str(n) for n in numbers if n is not None)]
        )
    if location.commit is not None:
        where = f"commit {visible(location.commit)[:12]} {where}".rstrip()
    return where or "the change"


def waiver_details(judged: JudgedFinding) -> str:
    """Return until when an exception holds and who made it, "" where neither is known."""
    parts = [f"until {judged.state_expires}"] if judged.state_expires else []
    made = f"by {judged.state_by}" if judged.state_by else ""
    made += (
        f"{' ' if made else ''}on {judged.state_since}" if judged.state_since else ""
    )
    return ", ".join([*parts, *([made] if made else [])])


def approval_command(report: Report, judged: JudgedFinding) -> str:
    """Return what a person at this machine accepts a finding with, "" where there is no way.

    ``approve`` looks at the staged change, or at a range; a message that is not
    committed yet is written anew.
    """
    mark = visible(judged.fingerprint)
    ids = (report.base, report.head)
    if report.kind in {"range", "base"} and all(_OID.fullmatch(oid) for oid in ids):
        # Git abbreviates only what it stores, and the empty tree is known to it without that.
        start = ids[0] if ids[0].startswith(_EMPTY_TREES) else ids[0][:12]
        return f"zt-gate approve --range {start}..{ids[1][:12]} {mark[:12]}"
    if report.kind in {"staged", "worktree"}:
        return "" if judged.finding.location.commit else f"zt-gate approve {mark[:12]}"
    return f"--accept {mark}"


def approval_hint(judged: JudgedFinding) -> str:
    """Return how a person says yes to a finding that is right as it is, outside the change."""
    mark = visible(judged.fingerprint)
    return (
        f"locally `zt-gate approve {mark[:12]}`; in CI an owner's approving review "
        f"or `--accept {mark}`"
    )


def plural(number: int, noun: str) -> str:
    """Return ``1 file``, ``2 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def seconds(value: float) -> float:
    """Return a duration in milliseconds' precision; what is no duration is 0."""
    return round(value, 3) if 0 <= value < 1e9 else 0.0


def findings_text(report: Report) -> str:
    """Return the findings in words: ``2 blocking, 1 warning in 2 of 5 files``."""
    count = counts(report)
    words = [f"{count.block} blocking"] if count.block else []
    words += [plural(count.warn, "warning")] if count.warn else []
    text = ", ".join(words)
    if count.paths:
        known = report.files >= count.paths
        files = f"{count.paths} of {plural(report.files, 'file')}" if known else ""
        text += f" in {files or plural(count.paths, 'file')}"
    elif not text:
        text = plural(report.files, "file")
    return text


def verdict_facts(report: Report) -> list[str]:
    """Return the parts of the verdict line after the verdict."""
    count = counts(report)
    ran = sum(run.status != "skipped" for run in report.runs)
    skipped = len(report.runs) - ran
    return [
        findings_text(report),
        *([f"{count.info} info"] if count.info else []),
        *(
            f"{number} {state}"
            for state, number in (
                ("ignored", count.ignored),
                ("approved", count.approved),
                ("in the baseline", count.baseline),
                ("not applicable", not_applicable(report)),
            )
            if number
        ),
        *(["incomplete"] if not report.complete else []),
        plural(ran, "scanner") + (f", {skipped} skipped" if skipped else ""),
        *(
            [f"shard {report.shard[0]} of {report.shard[1]}"]
            if report.shard[1] > 1
            else []
        ),
        f"{seconds(report.seconds):.2f} s",
    ]


def uninspected_scanners(report: Report) -> str:
    """Return what could not be inspected, as short as the verdict line wants it."""
    names = [run.scanner for run in report.runs if run.status == "error"]
    names += [
        run.scanner
        for run in report.runs
        if run.status == "ok"
        and any(item.kind in {"failed", "unverified"} for item in run.not_inspected)
    ]
    return ", ".join(visible(name) for name in names) or "see above"
