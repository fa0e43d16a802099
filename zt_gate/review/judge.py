"""Runs and policy become a report: masking, levels, states, completeness, verdict.

Pure: it reads no file, no clock and no environment.  Fail-closed lives here:
whatever was not looked at ends in a finding or in an error, never in silence.
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
    NOT_REVIEWED,
    POLICY_CHANGED,
    UNREADABLE,
    level_of,
)
from zt_gate.policy.waivers import Waivers
from zt_gate.review.masking import Masker

if TYPE_CHECKING:
    import re
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.finding import Finding
    from zt_gate.model.report import ToolInfo
    from zt_gate.model.rule import Rule
    from zt_gate.policy.schema import Policy

SALT = b"zt-gate"
#: A finding that stands for something which could not be verified.
UNVERIFIED = "dependencies/unverified"
_CONFIDENCES = tuple(confidence.value for confidence in Confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeOptions:
    """What whoever starts the gate may say about the verdict.

    ``today`` is an ISO date in UTC, for the expiry of ignores.
    ``min_confidence`` is the least confidence that may block by severity (high
    by default).  ``fail_on`` is a level or a severity (see ``FAIL_ON``; block by
    default).  An empty string stands for the default.  Raises UsageError.
    """

    today: str
    min_confidence: str = Confidence.HIGH
    fail_on: str = Level.BLOCK
    task: str = ""

    def __post_init__(self) -> None:
        if self.fail_on and self.fail_on not in FAIL_ON:
            raise UsageError(
                f"--fail-on takes {', '.join(FAIL_ON)}, not {self.fail_on!a}"
            )
        if self.min_confidence and self.min_confidence not in _CONFIDENCES:
            known = ", ".join(_CONFIDENCES)
            raise UsageError(
                f"--min-confidence takes {known}, not {self.min_confidence!a}"
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
    origin: Origin | None = None,
    seconds: float = 0.0,
    shard: tuple[int, int] = (1, 1),
    salt: bytes = SALT,
    exceptions: Waivers | None = None,
    unreviewed: str = "",
) -> Report:
    """Return the report on one change.

    ``rules`` are the gate's own (``rules/gate``).  ``expected`` names the
    scanners that must have left a run.  ``patterns`` match what is a secret
    wherever it stands.  ``seconds`` is wall time; ``salt`` makes fingerprints
    the project's own.  ``exceptions`` are what people said yes to; without
    them the policy's allowances and ignores alone.  ``unreviewed`` says what a
    person's review is missing where one is asked for.
    """
    found = [
        *(finding for run in runs for finding in run.findings),
        *_unreadable(change, runs, rules[UNREADABLE]),
        *_policy_changes(change, rules[POLICY_CHANGED]),
        *(
            [rules[NOT_REVIEWED].finding(Location("change"), unreviewed)]
            if unreviewed
            else []
        ),
    ]
    masker = Masker(
        (secret for finding in found for secret in finding.secrets), patterns
    )
    said = exceptions or Waivers(
        ignores=PolicyIgnores(policy, options.today), today=options.today
    )
    judged = [
        _judged(
            finding,
            policy=policy,
            options=options,
            exceptions=said,
            masker=masker,
            salt=salt,
        )
        for finding in found
    ]
    findings = _sorted(_distinct(judged))
    errors = _errors(runs, policy, tuple(expected), _excused(found, judged))
    return Report(
        tool=tool,
        kind=change.kind,
        base=change.base,
        head=change.head,
        change_digest=change.digest,
        policy=PolicyInfo(policy.rev, policy.digest, policy.profile, options.task),
        origin=_masked_origin(origin or Origin(), masker),
        verdict=_verdict(findings, errors),
        complete=not errors and all(map(_looked, runs)),
        seconds=seconds,
        findings=findings,
        runs=tuple(_masked_run(run, masker) for run in runs),
        shard=shard,
        files=len(change.files),
        errors=tuple(masker.mask(error) for error in errors),
    )


def fingerprint(finding: Finding, salt: bytes = SALT) -> str:
    """Return 32 hexadecimal digits for rule, path and what was found.

    No line numbers, no commit, no time: the same for moved and re-indented code.
    The rule's first id counts, so that a renamed rule keeps its fingerprints.
    What was found is the subject, else the marked span, else the whole
    evidence, else the message; white space counts as one space.
    """
    from hashlib import blake2b

    evidence = finding.evidence
    what = finding.subject
    if not what and evidence is not None:
        what = evidence.text[evidence.start : evidence.end] or evidence.text
    parts = (
        finding.first_rule.encode("utf-8", "surrogatepass"),
        b"" if finding.location.path is None else finding.location.path,
        " ".join((what or finding.message).split()).encode("utf-8", "surrogatepass"),
    )
    key = salt if len(salt) <= blake2b.MAX_KEY_SIZE else blake2b(salt).digest()
    total = blake2b(digest_size=16, key=key)
    for part in parts:
        # With lengths, so that no two different triples read the same.
        total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()


def _verdict(findings: Iterable[JudgedFinding], errors: Sequence[str]) -> Verdict:
    if any(item.level is Level.BLOCK and item.state == "active" for item in findings):
        return Verdict.FAIL
    return Verdict.ERROR if errors else Verdict.PASS


def _looked(run: ScannerRun) -> bool:
    return run.status == "ok" and all(
        skip.kind == "not_applicable" for skip in run.not_inspected
    )


def _unreadable(
    change: ChangeSet, runs: Iterable[ScannerRun], rule: Rule
) -> Iterator[Finding]:
    """Make one finding of each path that several scanners may have stumbled over.

    Who accepts one accepts this content and no other, which nobody could read either.
    """
    reasons: dict[bytes | None, dict[str, None]] = {}
    for run in runs:
        for skip in run.not_inspected:
            if skip.kind == "unreadable":
                reasons.setdefault(skip.path, {})[skip.reason] = None
    contents = {
        file.path: file.new.oid for file in change.files if file.new is not None
    }
    for path, told in reasons.items():
        place = Location("change") if path is None else Location("file", path)
        # Sorted: which scanner was first must not change the fingerprint.
        text = "; ".join(sorted(told))
        subject = f"{text} {contents.get(path, '')}" if path is not None else text
        yield rule.finding(place, f"{rule.title}: {text}", subject=subject)


def _policy_changes(change: ChangeSet, rule: Rule) -> Iterator[Finding]:
    for item in find_policy_changes(change):
        yield rule.finding(Location("file", item.path), subject=item.content)


def _judged(
    finding: Finding,
    *,
    policy: Policy,
    options: JudgeOptions,
    exceptions: Waivers,
    masker: Masker,
    salt: bytes,
) -> JudgedFinding:
    level = level_of(
        finding,
        policy,
        min_confidence=Confidence(options.min_confidence or Confidence.HIGH),
        fail_on=options.fail_on or Level.BLOCK,
    )
    mark = fingerprint(finding, salt)
    excuse = exceptions.decide(finding, mark)
    return JudgedFinding(
        finding=_masked(finding, masker),
        level=level,
        fingerprint=mark,
        state=excuse.state,
        state_reason=masker.mask(excuse.reason),
        state_expires=excuse.expires,
        state_by=masker.mask(excuse.by),
        state_since=excuse.since,
    )


def _excused(
    found: Sequence[Finding], judged: Sequence[JudgedFinding]
) -> frozenset[tuple[bytes | None, str]]:
    """Return path and reason of what could not be verified and a person accepted all the same."""
    states: dict[tuple[bytes | None, str], bool] = {}
    for finding, item in zip(found, judged, strict=True):
        if finding.rule == UNVERIFIED:
            key = (finding.location.path, finding.message)
            states[key] = states.get(key, True) and item.state != "active"
    return frozenset(key for key, accepted in states.items() if accepted)


def _masked(finding: Finding, masker: Masker) -> Finding:
    evidence = finding.evidence
    return replace(
        finding,
        location=replace(
            finding.location, path=_masked_path(finding.location.path, masker)
        ),
        message=masker.mask(finding.message),
        why=masker.mask(finding.why),
        remedy=masker.mask(finding.remedy),
        evidence=evidence and masker.mask_evidence(evidence, finding.secrets),
        fix=None if finding.fix is None else masker.mask(finding.fix),
        # They have served: the fingerprint is made, the values are known.
        subject="",
        secrets=(),
    )


def _masked_run(run: ScannerRun, masker: Masker) -> ScannerRun:
    return replace(
        run,
        reason=masker.mask(run.reason),
        findings=(),
        not_inspected=tuple(
            replace(
                skip,
                path=_masked_path(skip.path, masker),
                reason=masker.mask(skip.reason),
            )
            for skip in run.not_inspected
        ),
    )


def _masked_path(path: bytes | None, masker: Masker) -> bytes | None:
    """Mask what is a secret in a file's name, too; other names stay as they are."""
    if path is None:
        return None
    text = path.decode("utf-8", "surrogateescape")
    masked = masker.mask(text)
    return path if masked == text else masked.encode("utf-8", "surrogateescape")


def _masked_origin(origin: Origin, masker: Masker) -> Origin:
    return replace(
        origin, evidence=tuple(masker.mask(mark) for mark in origin.evidence)
    )


def _distinct(findings: Iterable[JudgedFinding]) -> Iterator[JudgedFinding]:
    """Keep one of those with the same rule, place and fingerprint: the one that says most."""
    kept: dict[tuple[str, Location, str], JudgedFinding] = {}
    for item in findings:
        key = (item.finding.rule, item.finding.location, item.fingerprint)
        if key not in kept or _weight(item) > _weight(kept[key]):
            kept[key] = item
    yield from kept.values()


def _weight(item: JudgedFinding) -> tuple[bool, int, int, int]:
    finding = item.finding
    return (
        item.state == "active",
        item.level.rank,
        finding.severity.rank,
        finding.confidence.rank,
    )


def _sorted(findings: Iterable[JudgedFinding]) -> tuple[JudgedFinding, ...]:
    """Put what is active first, then what blocks; then by place."""

    def key(item: JudgedFinding) -> tuple[bool, int, bytes, int, int, str, str, str]:
        place = item.finding.location
        return (
            item.state != "active",
            -item.level.rank,
            place.path or b"",
            place.line or 0,
            place.column or 0,
            item.finding.rule,
            place.commit or "",
            item.fingerprint,
        )

    return tuple(sorted(findings, key=key))


def _errors(
    runs: Sequence[ScannerRun],
    policy: Policy,
    expected: Sequence[str],
    excused: Container[tuple[bytes | None, str]] = (),
) -> tuple[str, ...]:
    """Say what keeps the verdict from being a pass, one short sentence each."""
    errors = []
    kinds = {"failed"} | (
        {"unverified"} if policy.dependencies.on_unverified == "error" else set()
    )
    for run in runs:
        if run.status == "error":
            errors.append(_about(run.scanner, run.reason))
        elif run.status == "skipped" and policy.profile == Profile.STRICT:
            errors.append(
                f"{run.scanner} was skipped, which strict does not accept: {run.reason}"
            )
        for kind in sorted(kinds):
            skips = [
                skip
                for skip in run.not_inspected
                if skip.kind == kind
                and not (kind == "unverified" and (skip.path, skip.reason) in excused)
            ]
            if skips:
                errors.append(_summary(run.scanner, kind, skips))
    present = {run.scanner for run in runs}
    errors += [f"{name} should have run and gave no result" for name in expected
               if name not in present]  # fmt: skip
    return tuple(dict.fromkeys(errors))


def _about(scanner: str, reason: str) -> str:
    return reason if reason.startswith(f"{scanner} ") else f"{scanner}: {reason}"


def _summary(scanner: str, kind: str, skips: Sequence[NotInspected]) -> str:
    first = skips[0]
    path = (
        ""
        if first.path is None
        else first.path.decode("utf-8", "backslashreplace") + ": "
    )
    verb = "could not inspect" if kind == "failed" else "could not verify"
    more = f" (and {len(skips) - 1} more)" if len(skips) > 1 else ""
    return f"{scanner} {verb} {path}{first.reason}{more}"
