"""Makes the report from runs and policy: masking, levels, states, completeness, verdict.

Pure: it reads no file, no clock and no environment.  It fails closed: everything
that was not inspected becomes a finding or an error, except what is not applicable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.model.finding import Confidence, Level, Location
from zt_gate.model.profile import Profile
from zt_gate.model.report import (
    JudgedFinding,
    Origin,
    PolicyInfo,
    Report,
    ScannerRun,
    ShardPart,
    Verdict,
    in_order,
)
from zt_gate.policy.ignores import PolicyIgnores
from zt_gate.policy.profiles import (
    FAIL_ON,
    NEWLY_SKIPPED,
    NOT_REVIEWED,
    POLICY_CHANGED,
    UNREADABLE,
    level_of,
)
from zt_gate.policy.waivers import Waivers
from zt_gate.record import dataclass, replace
from zt_gate.review.finding_order import distinct, weight
from zt_gate.review.fingerprint import DEFAULT_SALT, fingerprint
from zt_gate.review.own_findings import newly_skipped, policy_changes, unreadable
from zt_gate.review.report_masking import ReportMasker, TextSecrets

if TYPE_CHECKING:
    import re
    from collections.abc import Container, Iterable, Mapping, Sequence

    from zt_gate.model.change import ChangeSet, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.model.report import Problem, ToolInfo
    from zt_gate.model.rule import Rule
    from zt_gate.policy.schema import Policy

#: The rule of a finding on a package that could not be verified.
UNVERIFIED = "dependencies/unverified"
_NO_EXCLUDE = (
    "--exclude was given, which the strict profile does not allow; "
    "exclude in the policy of the trusted side"
)
_NEW_RULE = "a new rule: it warns in this release and blocks from the next"
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
    part: ShardPart | None = None,
    share: Iterable[FileChange] | None = None,
    divided: Container[str] = (),
    masked_values: Sequence[Finding] = (),
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
    ``seconds`` is wall time.  A report on a ``shard`` has a ``part``; ``share`` are the
    shard's files (None for all) and ``masked_values`` findings of other shards, whose
    secrets are masked here, too.  ``divided`` names the scanners that shards divide.
    ``salt`` makes the fingerprints of this project
    differ from others'.  ``exceptions`` are the waivers; the default is the
    policy's allowances and ignores alone.  ``unreviewed`` says why a required
    human review is missing, "" where it is not.  ``about_policy`` are findings on the
    policy itself.
    """
    of_files = [run for run in runs if run.scanner in divided]
    of_change = [run for run in runs if run.scanner not in divided]
    raw_findings = [
        *(finding for run in runs for finding in run.findings),
        *unreadable(change, of_files, rules[UNREADABLE]),
        *unreadable(change, of_change, rules[UNREADABLE]),
    ]
    is_first = shard[0] == 1
    if is_first:
        raw_findings += (*policy_changes(change, rules[POLICY_CHANGED]), *about_policy)
    if policy.profile == Profile.STRICT:
        raw_findings += newly_skipped(runs, rules[NEWLY_SKIPPED])
    if unreviewed and is_first:
        raw_findings.append(rules[NOT_REVIEWED].finding(Location("change"), unreviewed))
    masker = ReportMasker(
        [*raw_findings, *masked_values],
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
    accepted = _accepted_unverified(raw_findings, judged)
    if shard[1] == 1:  # else the merge of all shards does it
        judged = _one_per_credential(raw_findings, judged)
    findings = distinct(judged)
    on_unverified = policy.dependencies.on_unverified
    if on_unverified is None:
        on_unverified = "warn" if options.local_hook else "error"
    present = {run.scanner for run in runs}
    missing = [name for name in expected if name not in present]
    causes: tuple[Problem, ...] = ()
    errors: tuple[str, ...] = ()
    is_excluded = bool(options.exclude) and policy.profile == Profile.STRICT
    if (
        missing
        or is_excluded
        or change.doubt
        or any(masker.errors())
        or not all(map(is_inspected, runs))
    ):
        from zt_gate.review import problems

        first = [masker.mask(change.doubt)] if change.doubt else []
        last = [f"{name} returned no result" for name in missing]
        causes = (
            *map(problems.before, (*first, *masker.errors())),
            *problems.of_runs(
                runs, policy, masker, accepted if on_unverified == "error" else None
            ),
            *map(problems.after, (*last, *([_NO_EXCLUDE] if is_excluded else ()))),
        )
        errors = problems.sentences(causes)
    is_complete = not errors and all(map(is_inspected, runs)) and shard[1] == 1
    return Report(
        tool=tool,
        kind=change.kind,
        base=change.base,
        head=change.head,
        change_digest=change.digest,
        policy=PolicyInfo(policy.rev, policy.digest, policy.profile, options.task),
        origin=masker.origin(origin or Origin()),
        verdict=verdict_of(findings, errors),
        complete=is_complete,
        seconds=seconds,
        findings=findings,
        runs=tuple(_shown_run(run, masker) for run in runs),
        shard=shard,
        files=sum(map(_is_own_file, change.files if share is None else share)),
        errors=errors,
        nothing=masker.mask(change.nothing),
        part=part and replace(part, problems=causes),
    )


def _shown_run(run: ScannerRun, masker: ReportMasker) -> ScannerRun:
    shown = masker.run(run)
    return replace(shown, not_inspected=in_order(shown.not_inspected))


def verdict_of(findings: Iterable[JudgedFinding], errors: Sequence[str]) -> Verdict:
    """Return fail for an active finding that blocks, else error for any error."""
    if any(item.level is Level.BLOCK and item.state == "active" for item in findings):
        return Verdict.FAIL
    return Verdict.ERROR if errors else Verdict.PASS


def is_inspected(run: ScannerRun) -> bool:
    """Whether a scanner inspected all that it is meant for."""
    return run.status == "ok" and all(
        skip.kind == "not_applicable" for skip in run.not_inspected
    )


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
    raw_findings: Sequence[Finding], judged: list[JudgedFinding]
) -> frozenset[tuple[bytes | None, str]]:
    """Return path and reason of the unverified packages that a waiver accepts."""
    is_accepted: dict[tuple[bytes | None, str], bool] = {}
    for finding, result in zip(raw_findings, judged, strict=True):
        if finding.rule == UNVERIFIED:
            key = (finding.location.path, finding.message)
            is_accepted[key] = is_accepted.get(key, True) and result.state != "active"
    return frozenset(key for key, accepted in is_accepted.items() if accepted)


def _one_per_credential(
    raw_findings: Sequence[Finding], judged: list[JudgedFinding]
) -> list[JudgedFinding]:
    """Leave out what another scanner says about a credential that one already reports.

    Its state is no reason to stay: who accepts the credential accepts it once.
    """
    if len({finding.scanner for finding in raw_findings}) < 2:
        return judged
    from zt_gate.review.same_credential import repeated

    left_out = repeated(raw_findings, [weight(item)[1:] for item in judged])
    return [item for index, item in enumerate(judged) if index not in left_out]
