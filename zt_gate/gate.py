"""One run of the gate: a request becomes a report.

    Request → source → ChangeSet → policy from the trusted side → scanners → judge → Report

The commands and the Python functions are thin over this; it prints nothing and
reads no configuration that the change could have brought.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zt_gate import __version__, cache, judge, origin, pipeline, process, rulebook
from zt_gate.errors import UsageError
from zt_gate.model.report import ScannerRun, Tool
from zt_gate.policy.gather import accepted_from, gather
from zt_gate.policy.schema import PROFILES, Policy
from zt_gate.scanners import SCANNERS
from zt_gate.workspace import private_folder

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from zt_gate.git.run import Git
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import Report
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import Context, ScopeSettings

Kind = Literal["staged", "message", "range", "base", "worktree", "patch", "tree"]

#: Wall seconds that each scanner gets: somebody waits for a commit, a machine for the rest.
_SECONDS_STAGED = 60.0
_SECONDS_OTHERWISE = 900.0
_STRICT_VERSION_DAYS = 7

#: What a commit message alone is held against: there is no content to look at.
_OF_MESSAGES = ("secrets", "injection", "scope")

#: CI systems that do not set CI: Azure Pipelines, Jenkins, TeamCity, AWS CodeBuild.
_CI_MARKS = ("TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION", "CODEBUILD_BUILD_ID")


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be judged, and how.

    ``spec`` is the range or revision of ``range`` and ``base``; ``patch`` the
    patch, as bytes or a stream; ``paths`` the roots of ``tree``; ``message`` that of
    the commit that the staged change is for.  ``folder`` is where git looks for the
    repository.  ``audit`` says of which packages known vulnerabilities are looked up:
    "added" or "all".  Empty strings stand for the defaults.
    """

    kind: Kind = "staged"
    spec: str = ""
    patch: bytes | BinaryIO = b""
    paths: tuple[str, ...] = ()
    message: bytes = b""
    folder: Path = field(default_factory=Path.cwd)
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    fail_on: str = ""
    min_confidence: str = ""
    profile: str = ""
    task: str = ""
    config: str = ""
    policy_rev: str = ""
    offline: bool = False
    audit: str = ""
    debug: bool = False
    #: Whole fingerprints of findings that whoever starts the gate accepts.
    accept: tuple[str, ...] = ()
    #: Who approved this very head in a review, as an owner: all its findings are approved.
    approver: str = ""
    #: What a person's review is missing, where one is asked for of what an agent wrote;
    #: with ``review_all`` of every change.
    unreviewed: str = ""
    review_all: bool = False
    #: What is said of the change from outside, and labels that mean an agent besides the known.
    told: origin.Told = field(default_factory=origin.Told)
    ai_labels: tuple[str, ...] = ()
    #: Whether the run counts as one for the log that a policy may ask for.
    log: bool = True
    #: For a baseline that is being made: what its fingerprints are salted with.
    salt: bytes = b""


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
    accepted = accepted_from(request.accept)
    git = _repository(request, environ)
    with private_folder(environ) as workdir:
        change = _change(request, git, workdir)
        trusted = _trusted_revision(request, git, change, environ)
        kept = cache.cache_folder(environ, _scanned(request, git))
        policy = _policy(request, git, trusted, _RuleIds(kept))
        rules = rulebook.load("gate", cache=kept)
        marks = origin.marks_of(rules[origin.RULE], policy.ai, request.ai_labels)
        wrote = origin.recognise(change.commits, request.told, marks)
        profile = origin.stricter(policy.profile, wrote, PROFILES)
        policy = replace(policy, profile=profile)  # type: ignore[arg-type]
        kit = _Kit(request, policy, git, trusted, workdir, environ, kept)
        scanners = _scanners(request)
        jobs = [kit.job(name, module) for name, module in scanners if _wanted(name, request)]
        runs = pipeline.run(change, jobs, progress=progress, debug=request.debug)
        runs += tuple(_skipped(name) for name, _ in scanners if not _wanted(name, request))
        exceptions = gather(
            change,
            policy,
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
            tool=Tool("zt-gate", __version__, rulebook.digest(cache=kit.cache_dir)),
            rules=rules,
            expected=[name for name, _ in scanners],
            patterns=_masking_patterns(runs, kit.cache_dir, texts=wrote.evidence),
            origin=wrote,
            seconds=time.monotonic() - started,
            salt=request.salt or (known.salt if known else judge.SALT),
            exceptions=exceptions,
            unreviewed=request.unreviewed if wrote.ai or request.review_all else "",
        )

    return _logged(report, policy, request, git, environ)


def _logged(
    report: Report, policy: Policy, request: Request, git: Git | None, environ: Mapping[str, str]
) -> Report:
    """Append the run to the log, where the policy wants one; what is only tried out is none."""
    said = policy.audit.get("log", "")
    if not said or not request.log or request.salt:
        return report
    from zt_gate import audit

    return audit.record(
        report,
        said,
        environ,
        git_folder="" if git is None else git.folder,
        scanned=_scanned(request, git),
        revision="" if git is None else git.head,
    )


def _record(request: Request, git: Git | None, environ: Mapping[str, str]) -> Path | None:
    """Return where the user's approvals are; in CI they do not count."""
    if git is None or in_ci(environ):
        return None
    from zt_gate.policy.approvals import record_of

    return record_of(environ, git.folder, _scanned(request, git))


@dataclass(frozen=True, slots=True)
class _Kit:
    """What the scanners' contexts are made from."""

    request: Request
    policy: Policy
    git: Git | None
    trusted: str
    workdir: Path
    environ: Mapping[str, str]
    cache_dir: Path | None

    def job(self, name: str, module: str) -> pipeline.Job:
        settings = self.policy.scanners.get(name, {})
        waits = self.request.kind in {"staged", "message"}
        seconds = _SECONDS_STAGED if waits else _SECONDS_OTHERWISE
        seconds = settings.get("deadline-seconds", seconds)
        folder = self.workdir / name
        folder.mkdir(mode=0o700)
        return pipeline.Job(
            name=name,
            module=module,
            context=lambda: self._context(name, settings, folder, seconds),
            seconds=seconds,
            engine=name == "code",
        )

    def _context(
        self, name: str, settings: Mapping[str, Any], folder: Path, seconds: float
    ) -> Context:
        """Make the context; called in the scanner's own process."""
        from zt_gate.scanners.base import Context, DependencySettings

        limits = self.policy.dependencies
        return Context(
            rules=rulebook.load(name, cache=self.cache_dir),
            deadline=time.monotonic() + seconds,
            workdir=folder,
            run=process.run,
            cache_dir=self.cache_dir,
            settings=settings,
            dependencies=DependencySettings(
                min_age_days=limits.min_age_days,
                min_weekly_downloads=limits.min_weekly_downloads,
                min_version_age_days=self._version_age(),
                on_unverified=limits.on_unverified,
            ),
            registries=self.policy.registries,
            scope=self._scope(),
            own_rules=self._own_rules(),
            offline=self.request.offline,
            audit_all=self.request.audit == "all",
            environ=self.environ,
            trusted_file=self._trusted_reader(),
            trusted_paths=self._trusted_paths,
            text_findings=self._text_reader() if name == "dependencies" else None,
        )

    def _scope(self) -> ScopeSettings:
        """Return the policy's scope, with the task of the command line."""
        from zt_gate.scanners.base import ScopeSettings, TaskScope

        scope, limits = self.policy.scope, self.policy.scope_limits
        return ScopeSettings(
            allowed=scope.allowed,
            restricted=scope.restricted,
            task=self.request.task,
            tasks={
                name: TaskScope(task.allowed, task.restricted)
                for name, task in self.policy.tasks.items()
            },
            max_files=limits.max_files,
            max_lines=limits.max_lines,
            max_deletions=limits.max_deletions,
            max_binaries=limits.max_binaries,
        )

    def _own_rules(self) -> tuple[str, ...]:
        """Return the paths of the rules that the policy takes from the project."""
        code = self.policy.scanners.get("code", {})
        return (*code.get("rules", ()), *(pack["path"] for pack in code.get("packs", ())))

    def _version_age(self) -> int | None:
        """Return the least age of a version: where nothing is said, strict waits a week."""
        said = self.policy.dependencies.min_version_age_days
        return _STRICT_VERSION_DAYS if said is None and self.policy.profile == "strict" else said

    def _text_reader(self) -> Callable[[str], Sequence[tuple[str, str, str]]]:
        """Return what holds a text against the injection rules, read when the first one comes."""
        rules: dict[str, Rule] = {}

        def read(text: str) -> Sequence[tuple[str, str, str]]:
            from zt_gate.scanners.injection.text import findings_in

            rules.update(rules or rulebook.load("injection", cache=self.cache_dir))
            return findings_in(text, rules)

        return read

    def _trusted_reader(self) -> Callable[[bytes], bytes | None]:
        """Return what reads a trusted file; one git process serves a scanner's whole run."""
        git = self.git
        if git is None or not self.trusted:
            return lambda _path: None
        from zt_gate.git.blobs import BlobStore
        from zt_gate.git.trusted import read_file

        store = BlobStore(git)
        return lambda path: read_file(git, self.trusted, path, store)

    def _trusted_paths(self) -> Sequence[bytes] | None:
        if self.git is None:
            return None
        from zt_gate.git.trusted import list_paths

        return list_paths(self.git, self.trusted)


class _RuleIds:
    """The ids of all rules, read only where a policy names one."""

    def __init__(self, cache_dir: Path | None) -> None:
        self._cache_dir = cache_dir
        self._ids: frozenset[str] = frozenset()

    def __contains__(self, name: object) -> bool:
        return name in self._known()

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())

    def _known(self) -> frozenset[str]:
        if not self._ids:
            names = rulebook.scanners_with_rules()
            self._ids = frozenset(
                rule for name in names for rule in rulebook.load(name, cache=self._cache_dir)
            )
        return self._ids


def _options(request: Request) -> judge.JudgeOptions:
    """Check the words that need nothing but themselves; raises UsageError."""
    known = [name for name, _ in _scanners(request)]
    for option, names in (("--scanner", request.only), ("--skip", request.skip)):
        for name in names:
            if name not in known:
                raise UsageError(f"{option} takes {', '.join(known)}, not {name!a}")
    if not any(_wanted(name, request) for name in known):
        raise UsageError("--scanner and --skip leave no scanner that runs")
    if request.profile and request.profile not in PROFILES:
        raise UsageError(f"--profile takes {', '.join(PROFILES)}, not {request.profile!a}")
    if request.audit not in {"", "added", "all"}:
        raise UsageError(f"--audit takes added or all, not {request.audit!a}")
    if request.audit == "all" and request.offline:
        raise UsageError("--audit all asks about known vulnerabilities: not with --offline")
    if request.config and request.policy_rev:
        raise UsageError("--config and --policy-rev both name a policy; give one")
    return judge.JudgeOptions(
        today=time.strftime("%Y-%m-%d", time.gmtime()),
        min_confidence=request.min_confidence,
        fail_on=request.fail_on,
        task=request.task,
    )


def _scanners(request: Request) -> Sequence[tuple[str, str]]:
    """Return the scanners that have something to look at in this kind of change."""
    if request.kind != "message":
        return SCANNERS
    return tuple((name, module) for name, module in SCANNERS if name in _OF_MESSAGES)


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


def _trusted_revision(
    request: Request, git: Git | None, change: ChangeSet, environ: Mapping[str, str]
) -> str:
    """Return the commit whose policy, ignores and settings count, "" where there is none.

    The one that was named; else in CI the base of a range, and locally HEAD,
    unless HEAD holds what is judged: then its base, too, since a change must
    not bring the policy that judges it.  The base is the revision that was
    named, not the merge base: whoever makes a change chooses where it branches
    off, and could choose a place before the policy became strict.
    """
    if git is None:
        return ""
    from zt_gate.git.history import is_nothing, resolve

    if request.policy_rev:
        return resolve(git, request.policy_rev)
    if change.kind not in {"range", "base"} or not (in_ci(environ) or _at_head(git, change)):
        return git.head
    base = request.spec if change.kind == "base" else request.spec.partition("..")[0] or "HEAD"
    return "" if is_nothing(git, base) else resolve(git, base)


def in_ci(environ: Mapping[str, str]) -> bool:
    """Say whether a CI system runs the gate: most set CI, the others what is their own."""
    said = environ.get("CI", "").lower() not in {"", "0", "false"}
    return said or any(environ.get(name) for name in _CI_MARKS)


def _at_head(git: Git, change: ChangeSet) -> bool:
    """Say whether HEAD is in the range, or merges its end as CI systems do for a pull request."""
    if any(commit.oid == git.head for commit in change.commits):
        return True
    if not git.head or git.head == change.base:
        return False
    args = ["rev-list", "--parents", "--max-count=1", git.head, "--"]
    parents = git.run(args).decode("ascii", "replace").split()[1:]
    return len(parents) > 1 and change.head in parents


def _policy(request: Request, git: Git | None, trusted: str, rules: Collection[str]) -> Policy:
    if request.config:
        from zt_gate.policy.load import load_file

        policy = load_file(request.folder / request.config, rules=rules)
    elif git is not None and trusted:
        from zt_gate.git.blobs import BlobStore
        from zt_gate.git.trusted import read_file
        from zt_gate.policy.load import load

        store = BlobStore(git)
        policy = load(lambda path: read_file(git, trusted, path, store), trusted, rules=rules)
        store.close()
    else:
        policy = Policy()
    _check_task(policy, request.task)
    return replace(policy, profile=request.profile) if request.profile else policy  # type: ignore[arg-type]


def _check_task(policy: Policy, task: str) -> None:
    """Refuse a task that there is not: it would narrow nothing; raises UsageError."""
    if task and task not in policy.tasks:
        from zt_gate.scanners.scope import built_in_tasks

        known = dict.fromkeys((*built_in_tasks(rulebook.load("scope")), *policy.tasks))
        if task not in known:
            told = ", ".join(known)
            raise UsageError(f"--task {task!a}: there is no such task; there are {told}")


def _masking_patterns(
    runs: Sequence[ScannerRun], cache_dir: Path | None, texts: Sequence[str] = ()
) -> Sequence[re.Pattern[str]]:
    """Return the formats of secrets, where there is any text that could hold one.

    Also when the secrets scanner did not run or failed: another scanner's
    evidence may be the line with the key.
    """
    if not texts and not any(run.findings or run.not_inspected or run.reason for run in runs):
        return ()
    return secret_patterns(cache_dir)


def secret_patterns(cache_dir: Path | None = None) -> Sequence[re.Pattern[str]]:
    """Return the formats that are secrets wherever they stand, to mask a text with."""
    from zt_gate.scanners.secrets import masking_patterns

    return masking_patterns(rulebook.load("secrets", cache=cache_dir))
