"""Texts and orders that every report format shares: counts, sorting, the verdict line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.finding import Level
from zt_gate.record import dataclass
from zt_gate.reports.escape import visible

if TYPE_CHECKING:
    from zt_gate.model.finding import Location
    from zt_gate.model.report import (
        JudgedFinding,
        NotInspected,
        Report,
        ScannerRun,
    )

_OID = lazy_re.compile(r"[0-9a-f]{40,64}")
_EMPTY_TREES = ("4b825dc642cb", "6ef19b41225c")
#: Languages without rules that the verdict line names; it counts the others.
_LANGUAGES = 3
#: Kinds of uninspected content, the worst first.
_KINDS = (
    "failed",
    "unverified",
    "unreadable",
    "unsupported_syntax",
    "excluded",
    "not_applicable",
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Number of findings by level and state; the first three count active findings."""

    block: int = 0
    warn: int = 0
    info: int = 0
    ignored: int = 0
    approved: int = 0
    baseline: int = 0
    #: Paths with an active finding that blocks or warns.
    paths: int = 0


def is_blocking(judged: JudgedFinding) -> bool:
    """Whether a finding blocks the change."""
    return judged.state == "active" and judged.level is Level.BLOCK


def counts(report: Report) -> Counts:
    """Count the findings of a report."""
    total = dict.fromkeys(
        ("block", "warn", "info", "ignored", "approved", "baseline"), 0
    )
    paths = set()
    for judged in report.findings:
        if judged.state != "active":
            total[judged.state] += 1
            continue
        total[judged.level.value] += 1
        path = judged.finding.location.path
        if judged.level is not Level.INFO and path is not None:
            paths.add(path)
    return Counts(**total, paths=len(paths))


def by_file(findings: tuple[JudgedFinding, ...]) -> list[JudgedFinding]:
    """Sort findings for reading: files with blocking findings first, then by path.

    Within a file: active findings before the others, then by level and line.
    """
    blocked_paths = {
        judged.finding.location.path for judged in findings if is_blocking(judged)
    }

    def key(judged: JudgedFinding) -> tuple[object, ...]:
        path = judged.finding.location.path
        return (path not in blocked_paths, path or b"", *_within_file(judged))

    return sorted(findings, key=key)


def by_severity(findings: tuple[JudgedFinding, ...]) -> list[JudgedFinding]:
    """Sort findings for a sink that takes a limited number: the worst first."""

    def key(judged: JudgedFinding) -> tuple[object, ...]:
        finding = judged.finding
        state, level, *position = _within_file(judged)
        severity = -finding.severity.rank
        confidence = -finding.confidence.rank
        path = finding.location.path or b""
        return (state, level, severity, confidence, path, *position)

    return sorted(findings, key=key)


def _within_file(judged: JudgedFinding) -> tuple[int, int, int, int, str, str]:
    """Return the sort key within one file: state, level, line, column, rule, fingerprint."""
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
    """Return pairs of scanner and uninspected item, the worst kind first."""

    def key(pair: tuple[str, NotInspected]) -> tuple[int, str, bytes]:
        scanner, item = pair
        return (_KINDS.index(item.kind), scanner, item.path or b"")

    pairs = [(run.scanner, item) for run in report.runs for item in run.not_inspected]
    return sorted(pairs, key=key)


def is_applicable(item: NotInspected) -> bool:
    """Whether a scanner should have inspected the item."""
    return item.kind not in {"not_applicable", "excluded"}


def runs_without_result(report: Report) -> list[ScannerRun]:
    """Return the runs that failed or were skipped, failures first.

    A run whose scanner and reason are in ``report.errors`` is left out: the report
    shows it there.
    """
    runs = []
    for run in report.runs:
        listed = any(
            run.scanner in text and run.reason in text for text in report.errors
        )
        if run.status != "ok" and not listed:
            runs.append(run)
    return sorted(runs, key=lambda run: run.status)


def unlisted_errors(report: Report) -> list[str]:
    """Return the errors that do not repeat an entry of the uninspected items."""
    reasons = [
        (scanner, item.reason)
        for scanner, item in not_inspected(report)
        if is_applicable(item) and item.reason
    ]
    return [text for text in report.errors if not _mentions_any(text, reasons)]


def _mentions_any(text: str, reasons: list[tuple[str, str]]) -> bool:
    return any(scanner in text and reason in text for scanner, reason in reasons)


def not_applicable(report: Report) -> int:
    """Count the paths that no scanner applies to; the change as a whole counts as one.

    Code in a language without rules is counted by ``languages_without_rules``.
    """
    return len(
        {
            item.path
            for _, item in not_inspected(report)
            if item.kind == "not_applicable" and not item.language_without_rules
        }
    )


def excluded(report: Report) -> int:
    """Count the paths that ``exclude`` leaves out of at least one scanner."""
    items = (item for _, item in not_inspected(report))
    return len({item.path for item in items if item.kind == "excluded"})


def _files_in(number: int, language: str) -> str:
    if language == "unknown type":
        return f"{plural(number, 'file')} of unknown type"
    if language == "scripts inside HTML":
        return f"{plural(number, 'HTML file')} with scripts"
    return plural(number, f"{language} file")


def languages_without_rules(report: Report) -> str:
    """Return ``2 PHP files and 1 Rust file have no code rules``, "" without such files."""
    files: dict[str, set[bytes | None]] = {}
    for _, item in not_inspected(report):
        if item.language_without_rules:
            language = visible(item.language_without_rules)
            files.setdefault(language, set()).add(item.path)
    sizes = sorted(
        ((len(paths), language) for language, paths in files.items()),
        key=lambda pair: (-pair[0], pair[1]),
    )
    if not sizes:
        return ""
    parts = [_files_in(number, name) for number, name in sizes[:_LANGUAGES]]
    others = sizes[_LANGUAGES:]
    if others:
        number = sum(number for number, _ in others)
        parts.append(f"{plural(number, 'file')} in {len(others)} other languages")
        if len(others) == 1:
            parts[-1] = f"{plural(number, 'file')} in another language"
    text = parts[0]
    if len(parts) > 1:
        text = f"{', '.join(parts[:-1])} and {parts[-1]}"
    total = sum(number for number, _ in sizes)
    return f"{text} {'has' if total == 1 else 'have'} no code rules"


def location_text(location: Location) -> str:
    """Return a location for people: ``path:line:column``, as far as it is known."""
    parts = []
    if location.commit is not None:
        parts.append(f"commit {visible(location.commit)[:12]}")
    if location.path is not None:
        parts.append(_position(location.path, location.line, location.column))
    return " ".join(parts) or "the change"


def _position(path: bytes, line: int | None, column: int | None) -> str:
    text = visible(path)
    if line is not None:
        text += f":{line}"
        if column is not None:
            text += f":{column}"
    return text


def waiver_details(judged: JudgedFinding) -> str:
    """Return the expiry date, author and date of a finding's waiver, "" if unknown."""
    details = []
    if judged.state_expires:
        details.append(f"until {judged.state_expires}")
    origin = []
    if judged.state_by:
        origin.append(f"by {judged.state_by}")
    if judged.state_since:
        origin.append(f"on {judged.state_since}")
    if origin:
        details.append(" ".join(origin))
    return ", ".join(details)


def approval_step(
    report: Report, judged: JudgedFinding, program: str = "zt-gate"
) -> str:
    """Return how a person at this machine approves a finding, "" if they cannot.

    ``program`` is the command that starts zt-gate here.

    ``zt-gate approve`` works on the staged change or on a range.  A finding in a
    message that is not committed yet cannot be approved: the message is rewritten.  Nor
    can one in a buffer, which has to be staged first, or in a text.
    """
    if report.kind in {"buffer", "text"}:
        return ""
    fingerprint = visible(judged.fingerprint)
    if report.kind in {"range", "base"} and _has_object_ids(report):
        start = report.base[:12]
        # Git resolves an abbreviated id only for a stored object.  It knows the empty
        # tree without storing it.
        if report.base.startswith(_EMPTY_TREES):
            start = report.base
        commits = f"{start}..{report.head[:12]}"
        return f"Run: {program} approve --range {commits} {fingerprint[:12]}"
    if report.kind in {"staged", "worktree"}:
        if judged.finding.location.commit:
            return ""
        return f"Run: {program} approve {fingerprint[:12]}"
    return f"Scan again with --accept {acceptance(report, judged)}"


def _has_object_ids(report: Report) -> bool:
    return all(_OID.fullmatch(oid) for oid in (report.base, report.head))


def later_command(report: Report, program: str = "zt-gate") -> str:
    """Return how to check later what no service answered now, "" if it is an error.

    ``program`` is the command that starts zt-gate here.

    Only a local hook and a policy that says so let unverified packages pass.
    """
    unverified = any(item.kind == "unverified" for _, item in not_inspected(report))
    if not unverified or report.errors:
        return ""
    commits = ""
    if report.kind in {"range", "base"} and _has_object_ids(report):
        commits = f"{report.base[:12]}..{report.head[:12]}"
    elif report.kind == "staged":
        commits = "HEAD~1..HEAD"
    if not commits:
        return "not all packages were checked; run the scan again with a network"
    when = "after the commit, " if report.kind == "staged" else ""
    return (
        f"not all packages were checked; {when}with a network, run: "
        f"{program} scan --scanner dependencies --range {commits}"
    )


def acceptance(report: Report, judged: JudgedFinding) -> str:
    """Return the value of ``--accept`` for a finding of exactly this change."""
    is_commit = report.kind in {"range", "base"} and _OID.fullmatch(report.head)
    subject = report.head if is_commit else report.change_digest
    return f"{visible(judged.fingerprint)}@{visible(subject)}"


def approval_hint(report: Report, judged: JudgedFinding) -> str:
    """Return how to approve an intended finding, locally and in CI."""
    fingerprint = visible(judged.fingerprint)
    return (
        f"Run `zt-gate approve {fingerprint[:12]}` locally. In CI, get an approving "
        f"review from a code owner or pass `--accept {acceptance(report, judged)}`."
    )


def plural(number: int, noun: str) -> str:
    """Return ``1 file``, ``2 files``."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}s"


def seconds(value: float) -> float:
    """Return a duration rounded to milliseconds; 0 for a value that is no duration."""
    if 0 <= value < 1e9:
        return round(value, 3)
    return 0.0


def findings_text(report: Report) -> str:
    """Return the findings in words: ``2 blocking, 1 warning in 2 of 5 files``."""
    count = counts(report)
    parts = []
    if count.block:
        parts.append(f"{count.block} blocking")
    if count.warn:
        parts.append(plural(count.warn, "warning"))
    if not parts:
        return plural(report.files, "file")
    text = ", ".join(parts)
    if not count.paths:
        return text
    if report.files >= count.paths:
        return f"{text} in {count.paths} of {plural(report.files, 'file')}"
    return f"{text} in {plural(count.paths, 'file')}"


def verdict_facts(report: Report) -> list[str]:
    """Return the parts of the verdict line that follow the verdict."""
    count = counts(report)
    facts = [findings_text(report)]
    if report.nothing:
        facts.insert(0, nothing_text(report))
    numbers = (
        ("info", count.info),
        ("ignored", count.ignored),
        ("approved", count.approved),
        ("in the baseline", count.baseline),
        ("not applicable", not_applicable(report)),
        ("excluded", excluded(report)),
    )
    facts += [f"{number} {label}" for label, number in numbers if number]
    without_rules = languages_without_rules(report)
    if without_rules:
        facts.append(without_rules)
    if not report.complete:
        facts.append("incomplete")
    facts.append(_scanner_count(report))
    shard, shards = report.shard
    if shards > 1:
        facts.append(f"shard {shard} of {shards}")
    facts.append(f"{seconds(report.seconds):.2f} s")
    return facts


def nothing_text(report: Report) -> str:
    """Return the sentence about a range with nothing to judge, "" for another change."""
    return f"nothing to judge: {visible(report.nothing)}" if report.nothing else ""


def _scanner_count(report: Report) -> str:
    skipped = sum(run.status == "skipped" for run in report.runs)
    text = plural(len(report.runs) - skipped, "scanner")
    if skipped:
        text += f", {skipped} skipped"
    return text


def uninspected_scanners(report: Report) -> str:
    """Return the names of scanners that failed or could not inspect something."""
    failed = [run.scanner for run in report.runs if run.status == "error"]
    partial = [
        run.scanner
        for run in report.runs
        if run.status == "ok" and _has_failed_item(run)
    ]
    names = [visible(name) for name in (*failed, *partial)]
    return ", ".join(names) or "see above"


def _has_failed_item(run: ScannerRun) -> bool:
    return any(item.kind in {"failed", "unverified"} for item in run.not_inspected)
