"""Joins reports: of all shards of one run, or of a work tree and what is only staged.

Nothing is scanned and nothing is judged again: the findings have their levels and
states.  A merge can make a verdict only as bad as the worst shard's, or worse.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from zt_gate import __version__
from zt_gate.errors import GateError, UsageError
from zt_gate.model.report import Verdict, in_order
from zt_gate.record import replace
from zt_gate.review import problems
from zt_gate.review.finding_order import distinct, weight
from zt_gate.review.judge import is_inspected, verdict_of
from zt_gate.review.same_credential import repeated
from zt_gate.scanners import registered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zt_gate.model.report import JudgedFinding, NotInspected, Report, ScannerRun

#: What all shards must have in common, as the message names it.
_COMMON: tuple[tuple[str, Callable[[Report], object]], ...] = (
    ("number of shards", lambda report: report.shard[1]),
    ("version of zt-gate", lambda report: report.tool.version),
    ("rules", lambda report: report.tool.rules_digest),
    ("source", lambda report: (report.kind, report.base, report.head)),
    ("change", lambda report: (report.change_digest, report.nothing)),
    ("policy", lambda report: report.policy),
    ("options", lambda report: report.part and report.part.options),
    ("split of the files", lambda report: report.part and report.part.split),
    ("origin", lambda report: report.origin.ai),
)
#: Ends the message of a finding that a look at the file does not show.
_STAGED = " (staged, and not so in the work tree)"
_STATUSES = ("ok", "skipped", "error")


class MissingShardError(GateError):
    """A part of the change has no report, so it was not inspected; exit code 3."""


def merged(reports: Sequence[tuple[str, Report]]) -> Report:
    """Return the report on the whole change; each report comes with its name.

    Raises UsageError for reports that do not belong together, MissingShardError if
    one is missing.
    """
    _check(reports)
    shards = sorted((report for _, report in reports), key=lambda item: item.shard)
    first = shards[0]
    by_scanner: dict[str, list[ScannerRun]] = {}
    for shard in shards:
        for run in shard.runs:
            by_scanner.setdefault(run.scanner, []).append(run)
    runs = tuple(map(_joined, by_scanner.values()))
    findings = _one_per_credential(
        distinct(item for shard in shards for item in shard.findings)
    )
    parts = [shard.part for shard in shards if shard.part is not None]
    causes = problems.joined(
        (cause for part in parts for cause in part.problems),
        tuple(by_scanner),
    )
    errors = problems.sentences(causes)
    # What happened after a shard's judge, such as a log that could not be written.
    known = {text for part in parts for text in problems.sentences(part.problems)}
    later = [text for shard in shards for text in shard.errors if text not in known]
    errors = tuple(dict.fromkeys((*errors, *later)))
    verdicts = {shard.verdict for shard in shards} | {verdict_of(findings, errors)}
    worst = (Verdict.FAIL, Verdict.ERROR, Verdict.PASS)
    return replace(
        first,
        verdict=next(verdict for verdict in worst if verdict in verdicts),
        complete=Verdict.ERROR not in verdicts
        and not errors
        and all(map(is_inspected, runs)),
        seconds=max(shard.seconds for shard in shards),
        findings=findings,
        runs=runs,
        shard=(1, 1),
        files=sum(shard.files for shard in shards),
        errors=errors,
        part=None,
    )


def _one_per_credential(
    findings: tuple[JudgedFinding, ...],
) -> tuple[JudgedFinding, ...]:
    """Leave out repeated credentials as the judge of an unsharded run does.

    A report has no values: the findings of ``secrets`` say where they are.
    """
    left_out = repeated(
        [item.finding for item in findings],
        [weight(item)[1:] for item in findings],
        lambda finding: finding.scanner == "secrets",
    )
    return tuple(item for index, item in enumerate(findings) if index not in left_out)


def _check(reports: Sequence[tuple[str, Report]]) -> None:
    first_name, first = reports[0]
    if first.tool.version != __version__:
        raise UsageError(
            f"{first_name} was made by zt-gate {first.tool.version[:40]}, and this is "
            f"{__version__}; merge with the version that scanned"
        )
    for name, report in reports[1:]:
        for what, value in _COMMON:
            if value(report) != value(first):
                raise UsageError(
                    f"{name} and {first_name} differ in the {what}; "
                    "merge the shards of one run only"
                )
    count = first.shard[1]
    names: dict[int, str] = {}
    for name, report in reports:
        index = report.shard[0]
        if index > count:
            raise UsageError(f"{name} is shard {index} of {count}, which cannot be")
        if index in names:
            raise UsageError(f"{name} and {names[index]} are both shard {index}")
        names[index] = name
        _check_runs(name, report)
    missing = [str(index) for index in range(1, count + 1) if index not in names]
    if missing:
        shown = ", ".join(missing[:10]) + (", …" if len(missing) > 10 else "")
        raise MissingShardError(f"no report of shard {shown} of {count}")


def _check_runs(name: str, report: Report) -> None:
    """Raise UsageError if a shard has not one run of each of its scanners."""
    expected = {
        scanner
        for scanner, info in registered().items()
        if info.divides or report.shard[0] == 1
    }
    present = [run.scanner for run in report.runs]
    unknown = sorted(set(present) - expected)
    if unknown or len(present) != len(set(present)):
        raise UsageError(f"{name} has runs of scanners that its shard does not have")
    missing = sorted(expected - set(present))
    is_told = report.verdict is not Verdict.PASS and all(
        any(text.startswith(f"{scanner} ") for text in report.errors)
        for scanner in missing
    )
    if missing and not is_told:
        raise UsageError(f"{name} has no run of {', '.join(missing)}")


def _joined(runs: Sequence[ScannerRun]) -> ScannerRun:
    """Return one run of a scanner; its status is the worst."""
    status = max((run.status for run in runs), key=_STATUSES.index)
    reasons = dict.fromkeys(run.reason for run in runs if run.status == status)
    items: Counter[NotInspected] = Counter()
    for run in runs:
        # What each shard says of the whole run counts once, as in an unsharded run.
        items |= Counter(run.not_inspected)
    return replace(
        runs[0],
        status=status,
        reason="; ".join(reasons),
        seconds=sum(run.seconds for run in runs),
        cpu_seconds=sum(run.cpu_seconds for run in runs),
        files=sum(run.files for run in runs),
        lines=sum(run.lines for run in runs),
        not_inspected=in_order(items.elements()),
    )


def with_staged(report: Report, staged: Report) -> Report:
    """Return the report on a work tree, extended by that on what is only staged."""
    from hashlib import sha256

    marked = (
        replace(
            item, finding=replace(item.finding, message=item.finding.message + _STAGED)
        )
        for item in staged.findings
    )
    findings = distinct((*report.findings, *marked))
    errors = tuple(dict.fromkeys((*report.errors, *staged.errors)))
    others = {run.scanner: run for run in staged.runs}
    runs = tuple(
        _of_both(run, others[run.scanner]) if run.scanner in others else run
        for run in report.runs
    )
    digests = f"{report.change_digest} {staged.change_digest}"
    return replace(
        report,
        change_digest=sha256(digests.encode()).hexdigest(),
        verdict=verdict_of(findings, errors),
        complete=report.complete and staged.complete,
        seconds=staged.seconds,
        findings=findings,
        runs=runs,
        files=report.files + staged.files,
        errors=errors,
    )


def _of_both(run: ScannerRun, other: ScannerRun) -> ScannerRun:
    worse = run if run.status != "ok" else other
    return replace(
        run,
        status=worse.status,
        reason=worse.reason,
        seconds=run.seconds + other.seconds,
        files=run.files + other.files,
        lines=run.lines + other.lines,
        not_inspected=tuple(dict.fromkeys((*run.not_inspected, *other.not_inspected))),
        cpu_seconds=run.cpu_seconds + other.cpu_seconds,
    )
