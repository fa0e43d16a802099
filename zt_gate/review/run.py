"""One run of the gate: a request becomes a report.

    Request → source → ChangeSet → policy from the trusted side → scanners → judge → Report

The commands and the Python functions are thin over this; it prints nothing and
reads no configuration that the change could have brought.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from zt_gate import __version__, rulebook
from zt_gate.errors import UsageError
from zt_gate.model.profile import Profile
from zt_gate.model.report import ScannerRun, ToolInfo
from zt_gate.policy.collect_waivers import collect_waivers, parse_accepted
from zt_gate.review import authorship, judge, workers
from zt_gate.review.request import Kind, Request
from zt_gate.review.scanner_context import Kit
from zt_gate.review.trusted_side import trusted_policy, trusted_revision
from zt_gate.rulebook.rule_ids import RuleIds
from zt_gate.scanners import modules, registered
from zt_gate.system import cache
from zt_gate.system.ci import in_ci
from zt_gate.system.temporary import private_folder

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from zt_gate.git.run import Git
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import Report
    from zt_gate.model.scanner import ScannerInfo
    from zt_gate.policy.schema import Policy

__all__ = ["Kind", "Request", "run", "secret_patterns"]


def run(
    request: Request,
    environ: Mapping[str, str],
    progress: Callable[[Sequence[str]], None] | None = None,
    unmasked: Callable[[Sequence[ScannerRun]], None] | None = None,
) -> Report:
    """Judge one change.

    ``environ`` is the caller's own environment: the user's registries and
    proxies stand there.  ``progress`` is told the names of the scanners that
    still run; ``unmasked`` the runs with the values of secrets in them, for
    what compares and keeps none.  Raises GateError, each kind with its exit
    code, where there is nothing to report on.
    """
    started = time.monotonic()
    options = _options(request)
    accepted = parse_accepted(request.accept)
    git = _repository(request, environ)
    with private_folder(environ) as workdir:
        change = _change(request, git, workdir)
        trusted = trusted_revision(request, git, change, environ)
        kept = cache.cache_folder(environ, _scanned(request, git))
        known_scanners = registered()
        policy = trusted_policy(
            request, git, trusted, scanners=known_scanners, rules=RuleIds(kept)
        )
        rules = rulebook.load("gate", cache=kept)
        marks = authorship.marks_of(
            rules[authorship.RULE], policy.ai, request.ai_labels
        )
        wrote = authorship.recognise(change.commits, request.told, marks)
        policy = replace(policy, profile=authorship.profile_for(wrote, policy.profile))
        kit = Kit(request, policy, git, trusted, workdir, environ, kept)
        scanners = _scanners(request)
        place_of = modules()
        jobs = [
            kit.job(info, place_of[name])
            for name, info in scanners.items()
            if _wanted(name, request)
        ]
        runs = workers.run(change, jobs, progress=progress, debug=request.debug)
        runs += tuple(_skipped(name) for name in scanners if not _wanted(name, request))
        exceptions = collect_waivers(
            change,
            policy,
            scanners=known_scanners,
            git=git,
            trusted=trusted,
            today=options.today,
            accepted=accepted,
            record=_record(request, git, environ),
            approver=request.approver,
        )
        known = exceptions.baseline
        if unmasked is not None:
            unmasked(runs)
        report = judge.judge(
            change,
            runs,
            policy,
            options,
            tool=ToolInfo("zt-gate", __version__, rulebook.digest(cache=kit.cache_dir)),
            rules=rules,
            expected=tuple(scanners),
            patterns=_masking_patterns(runs, kit.cache_dir, texts=wrote.evidence),
            origin=wrote,
            seconds=time.monotonic() - started,
            salt=request.salt or (known.salt if known else judge.SALT),
            exceptions=exceptions,
            unreviewed=request.unreviewed if wrote.ai or request.review_all else "",
        )

    return _logged(report, policy, request, git, environ)


def _logged(
    report: Report,
    policy: Policy,
    request: Request,
    git: Git | None,
    environ: Mapping[str, str],
) -> Report:
    """Append the run to the log, where the policy wants one; what is only tried out is none."""
    said = policy.audit.get("log", "")
    if not said or not request.log or request.salt:
        return report
    from zt_gate.audit import record

    return record.record(
        report,
        said,
        environ,
        git_folder="" if git is None else git.common_folder,
        scanned=_scanned(request, git),
        revision="" if git is None else git.head,
    )


def _record(
    request: Request, git: Git | None, environ: Mapping[str, str]
) -> Path | None:
    """Return where the user's approvals are; in CI they do not count."""
    if git is None or in_ci(environ):
        return None
    from zt_gate.policy.approvals import record_path

    return record_path(environ, git.common_folder, _scanned(request, git))


def _options(request: Request) -> judge.JudgeOptions:
    """Check the words that need nothing but themselves; raises UsageError."""
    known = tuple(_scanners(request))
    for option, names in (("--scanner", request.only), ("--skip", request.skip)):
        for name in names:
            if name not in known:
                raise UsageError(f"{option} takes {', '.join(known)}, not {name!a}")
    if not any(_wanted(name, request) for name in known):
        raise UsageError("--scanner and --skip leave no scanner that runs")
    profiles = tuple(profile.value for profile in Profile)
    if request.profile and request.profile not in profiles:
        raise UsageError(
            f"--profile takes {', '.join(profiles)}, not {request.profile!a}"
        )
    if request.audit not in {"", "added", "all"}:
        raise UsageError(f"--audit takes added or all, not {request.audit!a}")
    if request.audit == "all" and request.offline:
        raise UsageError(
            "--audit all asks about known vulnerabilities: not with --offline"
        )
    if request.config and request.policy_rev:
        raise UsageError("--config and --policy-rev both name a policy; give one")
    return judge.JudgeOptions(
        today=time.strftime("%Y-%m-%d", time.gmtime()),
        min_confidence=request.min_confidence,
        fail_on=request.fail_on,
        task=request.task,
    )


def _scanners(request: Request) -> dict[str, ScannerInfo]:
    """Return the scanners that have something to look at in this kind of change, by name."""
    known = registered()
    if request.kind != "message":
        return known
    return {name: info for name, info in known.items() if info.reads_messages}


def _wanted(name: str, request: Request) -> bool:
    return name not in request.skip and (not request.only or name in request.only)


def _skipped(name: str) -> ScannerRun:
    return ScannerRun(name, "skipped", "left out on the command line")


def _repository(request: Request, environ: Mapping[str, str]) -> Git | None:
    """Open the repository; a tree or a patch may do without one."""
    from zt_gate.git.errors import NotARepositoryError
    from zt_gate.git.run import Git

    folder = request.folder
    if request.kind == "tree" and request.paths:
        first = folder / request.paths[0]
        folder = first if first.is_dir() else first.parent
    try:
        return Git.open(folder, environ)
    except NotARepositoryError:
        # With GIT_DIR somebody said which repository: its policy must not be passed over.
        optional = request.kind in {"tree", "patch"} and "GIT_DIR" not in environ
        if optional and not request.policy_rev:
            return None
        raise


def _scanned(request: Request, git: Git | None) -> tuple[Path, ...]:
    """Return the folders whose content is judged: nothing in them is the user's own."""
    roots = [git.root] if git is not None else []
    if request.kind == "tree":
        roots += [request.folder / path for path in request.paths or (".",)]
    return tuple(roots)


def _change(request: Request, git: Git | None, workdir: Path) -> ChangeSet:
    if request.kind == "tree":
        from zt_gate.sources import tree

        return tree.read(request.paths, git, workdir, request.folder)
    if request.kind == "patch":
        from zt_gate.sources import patch_file

        return patch_file.read(request.patch, git, workdir)
    assert git is not None
    if request.kind == "worktree":
        from zt_gate.sources import worktree

        return worktree.read(git, workdir)
    if request.kind == "staged":
        from zt_gate.sources import staged

        return staged.read(git)
    if request.kind == "message":
        from zt_gate.sources import message

        return message.read(git, request.message)
    from zt_gate.sources import commit_range

    if request.kind == "base":
        return commit_range.read_base(git, request.spec)
    return commit_range.read(git, request.spec)


def _masking_patterns(
    runs: Sequence[ScannerRun], cache_dir: Path | None, texts: Sequence[str] = ()
) -> Sequence[re.Pattern[str]]:
    """Return the formats of secrets, where there is any text that could hold one.

    Also when the secrets scanner did not run or failed: another scanner's
    evidence may be the line with the key.
    """
    if not texts and not any(
        run.findings or run.not_inspected or run.reason for run in runs
    ):
        return ()
    return secret_patterns(cache_dir)


def secret_patterns(cache_dir: Path | None = None) -> Sequence[re.Pattern[str]]:
    """Return the formats that are secrets wherever they stand, to mask a text with."""
    from zt_gate.scanners.secrets import masking_patterns

    return masking_patterns(rulebook.load("secrets", cache=cache_dir))
