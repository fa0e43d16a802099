"""Makes the report from runs and policy: masking, levels, states, completeness, verdict.

Pure: it reads no file, no clock and no environment.  It fails closed: everything
that was not inspected becomes a finding or an error, except what is not applicable.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.model.finding import Confidence, Level, Location
from zt_gate.model.profile import Profile
from zt_gate.model.report import (
    JudgedFinding,
    NotInspected,
    Origin,
    PolicyInfo,
    Report,
    ScannerRun,
    Verdict,
)
from zt_gate.policy.ignores import PolicyIgnores
from zt_gate.policy.policy_changes import find_policy_changes
from zt_gate.policy.profiles import (
    FAIL_ON,
    NEWLY_SKIPPED,
    NOT_REVIEWED,
    POLICY_CHANGED,
    UNREADABLE,
    level_of,
)
from zt_gate.policy.waivers import Waivers
from zt_gate.review.report_masking import ReportMasker, TextSecrets

if TYPE_CHECKING:
    import re
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from zt_gate.model.change import ChangeSet, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.model.report import ToolInfo
    from zt_gate.model.rule import Rule
    from zt_gate.policy.schema import Policy

DEFAULT_SALT = b"zt-gate"
#: The rule of a finding on a package that could not be verified.
UNVERIFIED = "dependencies/unverified"
_NO_EXCLUDE = (
    "--exclude was given, which the strict profile does not allow; "
    "exclude in the policy of the trusted side"
)
_NEW_RULE = "a new rule: it warns in this release and blocks from the next"
#: Ends the message of a finding that a look at the file does not show.
_STAGED = " (staged, and not so in the work tree)"
#: Paths that a sentence about several names.
_MOST_NAMES = 10
_CONFIDENCES = tuple(confidence.value for confidence in Confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeOptions:
    """Verdict options given by the caller (flags or API).

    ``today`` is an ISO date in UTC, for the expiry of ignores.
    ``min_confidence`` is the least confidence that may block by severity (high
    by default).  ``fail_on`` is a level or a severity (see ``FAIL_ON``; block by
    default).  An empty string means the default.  ``exclude`` are the patterns of
    ``--exclude``, which strict does not accept.  ``local_hook``: a person waits, maybe
    without a network, and CI asks again.  Raises UsageError.
    """

    today: str
    min_confidence: str = Confidence.HIGH
    fail_on: str = Level.BLOCK
    task: str = ""
    exclude: tuple[str, ...] = ()
    local_hook: bool = False

    def __post_init__(self) -> None:
        if self.fail_on and self.fail_on not in FAIL_ON:
            raise UsageError(
                f"--fail-on takes {', '.join(FAIL_ON)}, not {self.fail_on!a}"
            )
        if self.min_confidence and self.min_confidence not in _CONFIDENCES:
            values = ", ".join(_CONFIDENCES)
            raise UsageError(
                f"--min-confidence takes {values}, not {self.min_confidence!a}"
            )


def judge(
    change: ChangeSet,
    runs: Sequence[ScannerRun],
    policy: Policy,
    options: JudgeOptions,
    *,
    tool: ToolInfo,
    rules: Mapping[str, Rule],
    expected: Iterable[str] = (),
    patterns: Sequence[re.Pattern[str]] = (),
    text_secrets: TextSecrets | None = None,
    origin: Origin | None = None,
    seconds: float = 0.0,
    shard: tuple[int, int] = (1, 1),
    salt: bytes = DEFAULT_SALT,
    exceptions: Waivers | None = None,
    unreviewed: str = "",
    about_policy: Sequence[Finding] = (),
) -> Report:
    """Return the report on one change.

    ``rules`` are the gate's own (``rules/gate``).  ``expected`` names the
    scanners that must have a run.  ``patterns`` match secrets in any text, and
    ``text_secrets`` has those that were found in the texts of the runs; where they
    could not be searched, the report withholds them.
    ``seconds`` is wall time.  ``salt`` makes the fingerprints of this project
    differ from others'.  ``exceptions`` are the waivers; the default is the
    policy's allowances and ignores alone.  ``unreviewed`` says why a required
    human review is missing, "" where it is not.  ``about_policy`` are findings on the
    policy itself.
    """
    raw_findings = [
        *(finding for run in runs for finding in run.findings),
        *_unreadable(change, runs, rules[UNREADABLE]),
        *_policy_changes(change, rules[POLICY_CHANGED]),
        *about_policy,
    ]
    if policy.profile == Profile.STRICT:
        raw_findings += _newly_skipped(runs, rules[NEWLY_SKIPPED])
    if unreviewed:
        raw_findings.append(rules[NOT_REVIEWED].finding(Location("change"), unreviewed))
    masker = ReportMasker(
        raw_findings,
        patterns,
        text_secrets or TextSecrets(),
        (file.path for file in change.files),
    )
    if exceptions is None:
        ignores = PolicyIgnores(policy, options.today)
        exceptions = Waivers(ignores=ignores, today=options.today)
    moved = {
        file.path: file
        for file in change.files
        if file.moved_from not in {None, file.path}
    }
    judged = [
        _judged(
            finding,
            moved=moved.get(finding.location.path or b""),
            policy=policy,
            options=options,
            exceptions=exceptions,
            masker=masker,
            salt=salt,
            release=tool.version,
        )
        for finding in raw_findings
    ]
    findings = _sorted(_distinct(_one_per_credential(raw_findings, judged)))
    accepted = _accepted_unverified(raw_findings, judged)
    on_unverified = policy.dependencies.on_unverified
    if on_unverified is None:
        on_unverified = "warn" if options.local_hook else "error"
    errors = _errors(
        runs,
        policy,
        tuple(expected),
        masker,
        accepted if on_unverified == "error" else None,
    )
    if options.exclude and policy.profile == Profile.STRICT:
        errors = (*errors, _NO_EXCLUDE)
    if change.doubt:
        errors = (masker.mask(change.doubt), *errors)
    return Report(
        tool=tool,
        kind=change.kind,
        base=change.base,
        head=change.head,
        change_digest=change.digest,
        policy=PolicyInfo(policy.rev, policy.digest, policy.profile, options.task),
        origin=masker.origin(origin or Origin()),
        verdict=_verdict(findings, errors),
        complete=not errors and all(map(_is_complete, runs)),
        seconds=seconds,
        findings=findings,
        runs=tuple(masker.run(run) for run in runs),
        shard=shard,
        files=sum(_is_own_file(file) for file in change.files),
        errors=errors,
        nothing=masker.mask(change.nothing),
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
    findings = _sorted(_distinct((*report.findings, *marked)))
    errors = tuple(dict.fromkeys((*report.errors, *staged.errors)))
    others = {run.scanner: run for run in staged.runs}
    runs = tuple(
        _joined(run, others[run.scanner]) if run.scanner in others else run
        for run in report.runs
    )
    digests = f"{report.change_digest} {staged.change_digest}"
    return replace(
        report,
        change_digest=sha256(digests.encode()).hexdigest(),
        verdict=_verdict(findings, errors),
        complete=report.complete and staged.complete,
        seconds=staged.seconds,
        findings=findings,
        runs=runs,
        files=report.files + staged.files,
        errors=errors,
    )


def _joined(run: ScannerRun, other: ScannerRun) -> ScannerRun:
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


def fingerprint(finding: Finding, salt: bytes = DEFAULT_SALT) -> str:
    """Return 32 hexadecimal digits for rule, path and what was found.

    It contains no line number, commit or time, so it is the same for moved and
    re-indented code.  It uses the rule's first id, so that a renamed rule keeps
    its fingerprints.  What was found is the subject, else the marked span of the
    evidence, else the whole evidence, else the message; a run of white space
    counts as one space.
    """
    from hashlib import blake2b

    evidence = finding.evidence
    subject = finding.subject
    if not subject and evidence is not None:
        subject = evidence.text[evidence.start : evidence.end] or evidence.text
    subject = " ".join((subject or finding.message).split())
    parts = (
        finding.first_rule.encode("utf-8", "surrogatepass"),
        finding.location.path or b"",
        subject.encode("utf-8", "surrogatepass"),
    )
    key = salt if len(salt) <= blake2b.MAX_KEY_SIZE else blake2b(salt).digest()
    hasher = blake2b(digest_size=16, key=key)
    for part in parts:
        # With lengths, so that no two different triples give the same bytes.
        hasher.update(len(part).to_bytes(8, "big") + part)
    return hasher.hexdigest()


def _verdict(findings: Iterable[JudgedFinding], errors: Sequence[str]) -> Verdict:
    if any(item.level is Level.BLOCK and item.state == "active" for item in findings):
        return Verdict.FAIL
    return Verdict.ERROR if errors else Verdict.PASS


def _is_complete(run: ScannerRun) -> bool:
    return run.status == "ok" and all(
        skip.kind == "not_applicable" for skip in run.not_inspected
    )


def _unreadable(
    change: ChangeSet, runs: Iterable[ScannerRun], rule: Rule
) -> Iterator[Finding]:
    """Yield one finding for each unreadable path, whichever scanners reported it.

    The subject has the object id: an approval covers this content only, not a later
    content that is unreadable, too.
    """
    reasons_by_path: dict[bytes | None, dict[str, None]] = {}
    for run in runs:
        for skip in run.not_inspected:
            if skip.kind == "unreadable":
                reasons_by_path.setdefault(skip.path, {})[skip.reason] = None
    object_ids = {
        file.path: file.new.oid for file in change.files if file.new is not None
    }
    for path, reasons in reasons_by_path.items():
        # Sorted, so that the order of the scanners does not change the fingerprint.
        text = "; ".join(sorted(reasons))
        message = f"{rule.title}: {text}"
        if path is None:
            yield rule.finding(Location("change"), message, subject=text)
        else:
            subject = f"{text} {object_ids.get(path, '')}"
            yield rule.finding(Location("file", path), message, subject=subject)


def _newly_skipped(runs: Iterable[ScannerRun], rule: Rule) -> Iterator[Finding]:
    for run in runs:
        for skip in run.not_inspected:
            if skip.is_new and skip.path is not None:
                message = f"{rule.title}: {skip.reason}"
                location = Location("file", skip.path)
                yield rule.finding(location, message, subject=skip.reason)


def _policy_changes(change: ChangeSet, rule: Rule) -> Iterator[Finding]:
    for item in find_policy_changes(change):
        yield rule.finding(Location("file", item.path), subject=item.content)


def _judged(
    finding: Finding,
    *,
    moved: FileChange | None,
    policy: Policy,
    options: JudgeOptions,
    exceptions: Waivers,
    masker: ReportMasker,
    salt: bytes,
    release: str,
) -> JudgedFinding:
    min_confidence = Confidence(options.min_confidence or Confidence.HIGH)
    fail_on = options.fail_on or Level.BLOCK
    final_level = level_of(
        finding, policy, min_confidence=min_confidence, fail_on=fail_on
    )
    level = level_of(
        finding,
        policy,
        min_confidence=min_confidence,
        fail_on=fail_on,
        release=release,
    )
    own_fingerprint = fingerprint(finding, salt)
    excuse = exceptions.decide(finding, own_fingerprint)
    if level is not final_level and excuse.state == "active" and not excuse.reason:
        excuse = replace(excuse, reason=_NEW_RULE)
    shown = masker.finding(finding)
    if moved is not None:
        # Without it a person who only renamed the file would not know why it is judged.
        origin = _origin_of(moved, masker.path(moved.moved_from) or b"")
        shown = replace(shown, message=f"{shown.message}{origin}")
    return JudgedFinding(
        finding=shown,
        level=level,
        final_level=final_level,
        fingerprint=own_fingerprint,
        state=excuse.state,
        state_reason=masker.mask(excuse.reason),
        state_expires=excuse.expires,
        state_by=masker.mask(excuse.by),
        state_since=excuse.since,
    )


def _is_own_file(file: FileChange) -> bool:
    """Whether the file is not a part of another one, at another path."""
    return file.moved_to is None and not file.through_link


def _origin_of(file: FileChange, path: bytes) -> str:
    """Return where the content of a moved file comes from; ``path`` is masked."""
    shown = path.decode("utf-8", "backslashreplace")[:200]
    if file.through_link:
        return f" (content of {shown!a}, which a symbolic link shows here)"
    return f" (moved here from {shown!a}, so that all of its content counts as new)"


def _accepted_unverified(
    raw_findings: Sequence[Finding], judged: Sequence[JudgedFinding]
) -> frozenset[tuple[bytes | None, str]]:
    """Return path and reason of the unverified packages that a waiver accepts."""
    is_accepted: dict[tuple[bytes | None, str], bool] = {}
    for finding, result in zip(raw_findings, judged, strict=True):
        if finding.rule == UNVERIFIED:
            key = (finding.location.path, finding.message)
            is_accepted[key] = is_accepted.get(key, True) and result.state != "active"
    return frozenset(key for key, accepted in is_accepted.items() if accepted)


def _distinct(findings: Iterable[JudgedFinding]) -> Iterator[JudgedFinding]:
    """Keep the most severe of the findings with the same rule, location and fingerprint."""
    distinct: dict[tuple[str, Location, str], JudgedFinding] = {}
    for item in findings:
        key = (item.finding.rule, item.finding.location, item.fingerprint)
        if key not in distinct or _weight(item) > _weight(distinct[key]):
            distinct[key] = item
    yield from distinct.values()


def _one_per_credential(
    raw_findings: Sequence[Finding], judged: Sequence[JudgedFinding]
) -> Iterable[JudgedFinding]:
    """Leave out what another scanner says about a credential that one already reports.

    Its state is no reason to stay: who accepts the credential accepts it once.
    """
    if len({finding.scanner for finding in raw_findings}) < 2:
        return judged
    from zt_gate.review.same_credential import repeated

    left_out = repeated(raw_findings, [_weight(item)[1:] for item in judged])
    return [item for index, item in enumerate(judged) if index not in left_out]


def _weight(item: JudgedFinding) -> tuple[bool, int, int, int]:
    finding = item.finding
    return (
        item.state == "active",
        item.level.rank,
        finding.severity.rank,
        finding.confidence.rank,
    )


def _sorted(findings: Iterable[JudgedFinding]) -> tuple[JudgedFinding, ...]:
    """Sort active findings first, then by level, path, line, column and rule."""

    def key(item: JudgedFinding) -> tuple[bool, int, bytes, int, int, str, str, str]:
        location = item.finding.location
        return (
            item.state != "active",
            -item.level.rank,
            location.path or b"",
            location.line or 0,
            location.column or 0,
            item.finding.rule,
            location.commit or "",
            item.fingerprint,
        )

    return tuple(sorted(findings, key=key))


def _errors(
    runs: Sequence[ScannerRun],
    policy: Policy,
    expected: Sequence[str],
    masker: ReportMasker,
    accepted: Container[tuple[bytes | None, str]] | None,
) -> tuple[str, ...]:
    """Return what keeps the verdict from being a pass, one short sentence each, masked.

    ``accepted`` has path and reason of the unverified packages that a waiver accepts,
    None if all unverified packages are accepted.
    """
    errors = list(masker.errors())
    for run in runs:
        if run.status == "error":
            errors.append(_with_scanner(run.scanner, masker.reason(run.reason)))
        elif run.status == "skipped" and policy.profile == Profile.STRICT:
            errors.append(
                f"{run.scanner} was skipped, which the strict profile does not allow: "
                f"{masker.reason(run.reason)}"
            )
        failed = [skip for skip in run.not_inspected if skip.kind == "failed"]
        if failed:
            errors.append(_summary(run.scanner, "could not inspect", failed, masker))
        if accepted is None:
            continue
        unverified = [
            skip
            for skip in run.not_inspected
            if skip.kind == "unverified" and (skip.path, skip.reason) not in accepted
        ]
        if unverified:
            errors.append(_summary(run.scanner, "could not verify", unverified, masker))
        unparsed = [skip for skip in run.not_inspected if skip.has_rule_words]
        if unparsed and policy.profile == Profile.STRICT:
            errors.append(_summary(run.scanner, "could not parse", unparsed, masker))
    present = {run.scanner for run in runs}
    missing = [name for name in expected if name not in present]
    errors += [f"{name} returned no result" for name in missing]
    return tuple(dict.fromkeys(errors))


def _with_scanner(scanner: str, reason: str) -> str:
    """Put the scanner's name before a reason that does not begin with it."""
    return reason if reason.startswith(f"{scanner} ") else f"{scanner}: {reason}"


def _summary(
    scanner: str, verb: str, skips: Sequence[NotInspected], masker: ReportMasker
) -> str:
    """Return a sentence with the first of ``skips``, and the names of the others."""
    first, *others = [masker.skip(skip) for skip in skips]
    subject = first.reason
    if first.path is not None:
        subject = f"{_name(first.path)}: {first.reason}"
    if len(skips) == 1:
        return f"{scanner} {verb} {subject}"
    names = [_name(skip.path) for skip in others if skip.path is not None]
    names = list(dict.fromkeys(names))
    listed = ", ".join(names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        listed += ", …"
    colon = ": " if listed else ""
    return f"{scanner} {verb} {subject} (and {len(skips) - 1} more{colon}{listed})"


def _name(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
