"""One run of the gate: a request becomes a report.

    Request → source → ChangeSet → policy from the trusted side → scanners → judge → Report

The commands and the Python functions call ``run``.  It prints nothing, and it
takes its policy, baseline and rules from the trusted side, never from the change.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zt_gate import __version__, rulebook
from zt_gate.errors import UsageError
from zt_gate.model.profile import Profile
from zt_gate.model.report import ToolInfo
from zt_gate.policy.accepted import parse_accepted
from zt_gate.policy.collect_waivers import collect_waivers
from zt_gate.policy.ignores import PolicyIgnores
from zt_gate.record import dataclass, replace
from zt_gate.review import authorship, judge, moved_files, text_secrets
from zt_gate.review.exclusions import check_option, groups_of
from zt_gate.review.fingerprint import DEFAULT_SALT
from zt_gate.review.request import Request
from zt_gate.review.scan_change import (
    Share,
    divided_scanners,
    included,
    scan_change,
    scanners_for,
)
from zt_gate.review.scanner_context import ContextBuilder
from zt_gate.review.trusted_side import trusted_policy, trusted_revision
from zt_gate.rulebook.rule_ids import RuleIds
from zt_gate.scanners import registered
from zt_gate.sources import SourceInputs, read_change, source_named
from zt_gate.system.ci import in_ci
from zt_gate.system.sealed_cache import open_cache
from zt_gate.system.temporary import private_folder

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from zt_gate.git.run import Git
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.finding import Finding
    from zt_gate.model.report import Origin, Report, ScannerRun
    from zt_gate.model.rule import Rule
    from zt_gate.model.scanner import ScannerProgress
    from zt_gate.policy.accepted import Acceptance
    from zt_gate.policy.baseline import Baseline
    from zt_gate.policy.schema import Policy
    from zt_gate.policy.waivers import Waivers
    from zt_gate.system.sealed_cache import SealedCache

#: A work tree and an index are those of one machine, and a message is no change.
_OF_ONE_MACHINE = frozenset(("staged", "worktree", "message"))

__all__ = ["Request", "reopened", "run", "secret_patterns"]


def run(
    request: Request,
    environ: Mapping[str, str],
    progress: Callable[[Sequence[ScannerProgress]], None] | None = None,
    unmasked: Callable[[Sequence[ScannerRun]], None] | None = None,
) -> Report:
    """Judge one change.

    ``environ`` is the caller's own environment, with the user's registries and
    proxies.  ``progress`` is called with how far the running scanners are.
    ``unmasked`` is called with the runs before secrets are masked; it must not
    store them.  Raises GateError, whose ``exit_code`` is the command line's, where
    no report can be made.
    """
    started = time.monotonic()
    options = _options(request)
    accepted = parse_accepted(request.accept)
    git = _repository(request, environ)
    with private_folder(environ) as workdir:
        change = _change(request, git, workdir)
        session = _Session(
            request,
            environ,
            options,
            git,
            workdir,
            started,
            accepted,
            progress,
            unmasked,
        )
        report, policy = session.judged(change)
        if change.staged is not None:
            from zt_gate.review.merge import with_staged

            folder = workdir / "staged"
            folder.mkdir(mode=0o700)
            staged = replace(session, workdir=folder)
            report = with_staged(report, staged.judged(change.staged)[0])

    return _logged(report, policy, request, git, environ)


@dataclass(frozen=True, slots=True)
class _Session:
    """What the changes of one run have in common: a work tree can have two."""

    request: Request
    environ: Mapping[str, str]
    options: judge.JudgeOptions
    git: Git | None
    workdir: Path
    started: float
    accepted: Sequence[Acceptance]
    progress: Callable[[Sequence[ScannerProgress]], None] | None
    unmasked: Callable[[Sequence[ScannerRun]], None] | None

    def judged(self, change: ChangeSet) -> tuple[Report, Policy]:
        """Return the report on a change, and the policy that it was judged by."""
        request, git, environ = self.request, self.git, self.environ
        trusted = trusted_revision(request, git, change, environ)
        cache = open_cache(environ, _scanned(request, git))
        rule_ids = RuleIds(cache)
        policy = trusted_policy(
            request, git, trusted, scanners=registered(), rules=rule_ids
        )
        gate_rules = rulebook.load("gate", cache=cache)
        origin = _origin(change, request, policy, gate_rules[authorship.RULE])
        policy = replace(policy, profile=authorship.profile_for(origin, policy.profile))
        ignores = PolicyIgnores(policy, self.options.today)
        excluded = groups_of(policy, request.exclude)
        change = moved_files.as_added(change, ignores, self.workdir, excluded)
        builder = ContextBuilder(
            request, policy, git, trusted, self.workdir, environ, cache
        )
        share = _share(change, request)
        scans = scan_change(change, request, builder, share, self.progress)
        runs = scans.runs
        waivers = collect_waivers(
            change,
            policy,
            scanners=registered(),
            git=git,
            trusted=trusted,
            today=self.options.today,
            accepted=self.accepted,
            record=_record(request, git, environ),
            approver=request.approver,
            approver_reason=request.approver_reason,
        )
        if self.unmasked is not None:
            self.unmasked(runs)
        needs_review = origin.ai or request.review_all
        report = judge.judge(
            change,
            runs,
            policy,
            self.options,
            tool=ToolInfo("zt-gate", __version__, rulebook.digest(cache=cache)),
            rules=gate_rules,
            expected=scans.expected,
            patterns=_masking_patterns(runs, cache, texts=origin.evidence),
            text_secrets=scans.checked(
                text_secrets.find(
                    change,
                    scans.with_masking,
                    cache,
                    (*origin.evidence, change.doubt, change.nothing),
                )
            ),
            shard=share.shard,
            part=share.part,
            share=share.change.files,
            divided=divided_scanners(),
            masked_values=scans.masked_values,
            origin=origin,
            seconds=time.monotonic() - self.started,
            salt=request.salt or _salt_of(waivers.baseline),
            exceptions=waivers,
            unreviewed=request.unreviewed if needs_review else "",
            about_policy=_about_policy(policy, rule_ids, gate_rules, waivers),
        )
        return report, policy


@contextmanager
def reopened(
    request: Request, environ: Mapping[str, str]
) -> Iterator[tuple[ChangeSet, Policy]]:
    """Read a change once more with the policy that judges it, as ``run`` does.

    Its content can be read inside the block.  Compare its digest with the report's: the
    change may differ by now.  Raises GateError.
    """
    git = _repository(request, environ)
    with private_folder(environ) as workdir:
        change = _change(request, git, workdir)
        trusted = trusted_revision(request, git, change, environ)
        cache = open_cache(environ, _scanned(request, git))
        policy = trusted_policy(
            request, git, trusted, scanners=registered(), rules=RuleIds(cache)
        )
        yield change, policy


def _about_policy(
    policy: Policy, rules: RuleIds, gate_rules: Mapping[str, Rule], waivers: Waivers
) -> tuple[Finding, ...]:
    """Return findings on exceptions that name a rule that does not exist."""
    if not (policy.ignores or policy.paths):
        return ()
    from zt_gate.review import policy_entries

    names = policy_entries.RuleNames(rules, registered())
    rule = gate_rules[policy_entries.UNKNOWN_RULE]
    return tuple(policy_entries.findings(policy, names, rule, waivers.location_of))


def _origin(change: ChangeSet, request: Request, policy: Policy, rule: Rule) -> Origin:
    marks = authorship.marks_of(rule, policy.ai, request.ai_labels)
    return authorship.detect_origin(change.commits, request.origin_hints, marks)


def _salt_of(baseline: Baseline | None) -> bytes:
    return DEFAULT_SALT if baseline is None else baseline.salt


def _share(change: ChangeSet, request: Request) -> Share:
    if request.shard is None:
        return Share(change)
    from zt_gate.review.shards import share_of

    return share_of(change, request, request.shard)


def _logged(
    report: Report,
    policy: Policy,
    request: Request,
    git: Git | None,
    environ: Mapping[str, str],
) -> Report:
    """Append the run to the audit log that the policy names.

    Runs with ``request.log`` off, those on a draft or a text, and those that only
    collect fingerprints for a new baseline are not logged.
    """
    log_file = policy.audit.get("log", "")
    is_logged = request.log and source_named(request.kind).is_logged
    if not log_file or not is_logged or request.salt:
        return report
    from zt_gate.audit import record

    return record.record(
        report,
        log_file,
        environ,
        git_folder="" if git is None else git.common_folder,
        scanned=_scanned(request, git),
        revision="" if git is None else git.head,
    )


def _record(
    request: Request, git: Git | None, environ: Mapping[str, str]
) -> Path | None:
    """Return the file with the user's approvals; None in CI, where they do not count."""
    if git is None or in_ci(environ):
        return None
    from zt_gate.policy.approvals import record_path

    return record_path(environ, git.common_folder, _scanned(request, git))


def _options(request: Request) -> judge.JudgeOptions:
    """Check the options that need no repository and no policy; raises UsageError."""
    names = tuple(scanners_for(request))
    _check_scanner_names("--scanner", request.only, names)
    _check_scanner_names("--skip", request.skip, names)
    if not any(included(name, request) for name in names):
        raise UsageError("--scanner and --skip leave no scanner to run")
    check_option(request.exclude)
    if request.shard is not None and request.kind in _OF_ONE_MACHINE:
        raise UsageError(
            "--shard needs a change that every runner has: "
            "use --base, --range, --patch or --tree"
        )
    profiles = tuple(profile.value for profile in Profile)
    if request.profile and request.profile not in profiles:
        raise UsageError(
            f"--profile takes {', '.join(profiles)}, not {request.profile!a}"
        )
    if request.audit not in {"", "added", "all"}:
        raise UsageError(f"--audit takes added or all, not {request.audit!a}")
    if request.audit == "all" and request.offline:
        raise UsageError(
            "--audit all needs the network to look up known vulnerabilities; "
            "remove --offline"
        )
    if request.config and request.policy_rev:
        raise UsageError("give --config or --policy-rev, not both: each names a policy")
    return judge.JudgeOptions(
        today=time.strftime("%Y-%m-%d", time.gmtime()),
        min_confidence=request.min_confidence,
        fail_on=request.fail_on,
        task=request.task,
        exclude=request.exclude,
        local_hook=request.local_hook,
    )


def _check_scanner_names(
    option: str, names: Sequence[str], available: Sequence[str]
) -> None:
    for name in names:
        if name not in available:
            raise UsageError(f"{option} takes {', '.join(available)}, not {name!a}")


def _repository(request: Request, environ: Mapping[str, str]) -> Git | None:
    """Open the repository; None where a tree or a patch has none."""
    from zt_gate.git.errors import NotARepositoryError
    from zt_gate.git.run import Git

    folder = request.folder
    if request.paths:
        first = folder / request.paths[0]
        folder = first if first.is_dir() else first.parent
    try:
        return Git.open(folder, environ)
    except NotARepositoryError:
        # GIT_DIR names a repository whose policy must apply, so it must open.
        optional = _can_read_outside(request) and "GIT_DIR" not in environ
        if optional and not request.policy_rev:
            return None
        raise


def _can_read_outside(request: Request) -> bool:
    return not source_named(request.kind).needs_repository


def _scanned(request: Request, git: Git | None) -> tuple[Path, ...]:
    """Return the folders whose content is judged, which is never the user's own."""
    roots = [git.root] if git is not None else []
    if source_named(request.kind).value == "paths":
        roots += [request.folder / path for path in request.paths or (".",)]
    return tuple(roots)


def _change(request: Request, git: Git | None, workdir: Path) -> ChangeSet:
    inputs = SourceInputs(
        workdir,
        request.folder,
        spec=request.spec,
        patch=request.patch,
        paths=request.paths,
        message=request.message,
    )
    return read_change(request.kind, git, inputs)


def _masking_patterns(
    runs: Sequence[ScannerRun], cache: SealedCache | None, texts: Sequence[str] = ()
) -> Sequence[re.Pattern[str]]:
    """Return the formats of secrets, or nothing where the report has no text to mask.

    They are needed even if the secrets scanner did not run or failed: another
    scanner's evidence may be the line with the key.
    """
    has_text = bool(texts) or any(
        run.findings or run.not_inspected or (run.reason and run.status != "skipped")
        for run in runs
    )
    if not has_text:
        return ()
    return secret_patterns(cache)


def secret_patterns(
    cache: SealedCache | None = None,
) -> Sequence[re.Pattern[str]]:
    """Return the formats that are secrets in any context, for masking a text."""
    from zt_gate.scanners.secrets import masking_patterns

    return masking_patterns(rulebook.load("secrets", cache=cache))
