"""Builds each scanner's context: rules, settings, limits, readers of the trusted side."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from zt_gate import rulebook
from zt_gate.model.profile import Profile
from zt_gate.record import dataclass
from zt_gate.review import workers
from zt_gate.scanners import registered
from zt_gate.sources import source_named
from zt_gate.system import process
from zt_gate.system.time_limits import cpu_used

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from zt_gate.git.run import Git
    from zt_gate.model.rule import Rule
    from zt_gate.model.scanner import ScannerInfo
    from zt_gate.policy.schema import Policy
    from zt_gate.review.request import Request
    from zt_gate.scanners.base import Context, DependencySettings, ScopeSettings
    from zt_gate.system.sealed_cache import SealedCache

#: Default CPU seconds of a scanner and its children: short for a commit, where a
#: person waits, long for everything else.
_COMMIT_CPU_SECONDS = 120.0
_OTHER_CPU_SECONDS = 1800.0
#: The wall limit is this many times the CPU limit, and at least this many seconds.
_WALL_FACTOR = 5
_MIN_WALL_SECONDS = 300.0
#: ``min-version-age-days`` of the strict profile, where the policy has none.
_STRICT_VERSION_DAYS = 7


@dataclass(frozen=True, slots=True)
class _TimeLimits:
    cpu_seconds: float
    wall_seconds: float


@dataclass(frozen=True, slots=True)
class ContextBuilder:
    """Builds the jobs and contexts of one run's scanners.

    ``trusted`` is the trusted commit, "" where there is none.
    """

    request: Request
    policy: Policy
    git: Git | None
    trusted: str
    workdir: Path
    environ: Mapping[str, str]
    cache: SealedCache | None

    def job(self, info: ScannerInfo, module: str) -> workers.ScannerJob:
        """Return the job of one scanner, and make its own folder in the work folder."""
        name = info.name
        settings = self.policy.scanners.get(name, {})
        limits = self._time_limits(settings)
        folder = self.workdir / name
        folder.mkdir(mode=0o700)
        return workers.ScannerJob(
            name=name,
            module=module,
            context=lambda: self._context(name, settings, folder, limits),
            cpu_seconds=limits.cpu_seconds,
            wall_seconds=limits.wall_seconds,
            memory=info.memory,
        )

    def _time_limits(self, settings: Mapping[str, Any]) -> _TimeLimits:
        is_commit = source_named(self.request.kind).interactive
        default = _COMMIT_CPU_SECONDS if is_commit else _OTHER_CPU_SECONDS
        cpu_seconds = settings.get("deadline-seconds", default)
        wall_seconds = max(_WALL_FACTOR * cpu_seconds, _MIN_WALL_SECONDS)
        return _TimeLimits(cpu_seconds, wall_seconds)

    def _context(
        self,
        name: str,
        settings: Mapping[str, Any],
        folder: Path,
        limits: _TimeLimits,
    ) -> Context:
        """Build the context; called in the scanner's own process."""
        from zt_gate.scanners.base import Context

        trusted_file, trusted_folder = self._trusted_readers()
        is_audit = self.request.kind == "installed"
        cpu_limit = cpu_used() + limits.cpu_seconds
        deadline = time.monotonic() + limits.wall_seconds
        return Context(
            rules=rulebook.load(name, cache=self.cache),
            deadline=deadline,
            cpu_limit=cpu_limit,
            workdir=folder,
            run=process.run,
            cache=self.cache,
            settings=settings,
            dependencies=self._dependencies(),
            registries=self.policy.registries,
            scope=self._scope(),
            own_rules=self._own_rules(),
            offline=self.request.offline,
            audit_all=self.request.audit == "all" or is_audit,
            audit_only=is_audit,
            installed=self.request.installed,
            npm=self.request.npm,
            environ=self.environ,
            trusted_file=trusted_file,
            trusted_folder=trusted_folder,
            trusted_paths=self._trusted_paths,
            text_findings=self._text_reader(),
        )

    def _dependencies(self) -> DependencySettings:
        from zt_gate.scanners.base import DependencySettings

        limits = self.policy.dependencies
        return DependencySettings(
            min_age_days=limits.min_age_days,
            min_weekly_downloads=limits.min_weekly_downloads,
            min_version_age_days=self._min_version_age(),
        )

    def _scope(self) -> ScopeSettings:
        """Return the policy's scope with the task given on the command line."""
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
        """Return the paths of the project's own rule files that the policy names."""
        paths: list[str] = []
        for info in registered().values():
            paths += info.own_rule_files(self.policy.scanners.get(info.name, {}))
        return tuple(paths)

    def _min_version_age(self) -> int | None:
        """Return the least age of a version in days; strict has a default."""
        days = self.policy.dependencies.min_version_age_days
        if days is None and self.policy.profile == Profile.STRICT:
            return _STRICT_VERSION_DAYS
        return days

    def _text_reader(self) -> Callable[[str], Sequence[tuple[str, str, str]]]:
        """Return a function that checks a text with the injection rules.

        It loads the rules at its first call.
        """
        rules: dict[str, Rule] = {}

        def read(text: str) -> Sequence[tuple[str, str, str]]:
            from zt_gate.scanners.injection.single_text import findings_in

            rules.update(rules or rulebook.load("injection", cache=self.cache))
            return findings_in(text, rules)

        return read

    def _trusted_readers(
        self,
    ) -> tuple[Callable[[bytes], bytes | None], Callable[[bytes], Sequence[bytes]]]:
        """Return functions that read a trusted file, and list the files of a folder.

        A symbolic link is read as the file of the trusted side that it shows.
        All their calls share one git process, which the first one starts.
        """
        git = self.git
        if git is None or not self.trusted:
            return lambda _path: None, lambda _folder: ()
        from zt_gate.git.blobs import BlobStore
        from zt_gate.git.trusted_files import (
            Trees,
            list_folder,
            read_file,
            resolve_link,
        )

        store = BlobStore(git)
        trees: Trees = {}

        def read(path: bytes) -> bytes | None:
            shown = resolve_link(git, self.trusted, path, store, trees)
            return read_file(git, self.trusted, shown, store, trees=trees)

        return read, lambda folder: list_folder(git, self.trusted, folder, store)

    def _trusted_paths(self) -> Sequence[bytes] | None:
        if self.git is None:
            return None
        from zt_gate.git.trusted_files import list_paths

        return list_paths(self.git, self.trusted)
