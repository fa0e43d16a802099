"""What the scanners are handed: their rules, settings, limits, and readers of the trusted side."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate import rulebook
from zt_gate.model.profile import Profile
from zt_gate.review import workers
from zt_gate.scanners import registered
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
    from zt_gate.scanners.base import Context, ScopeSettings

#: CPU seconds that each scanner gets with its children: somebody waits for a commit, a
#: machine for the rest.
_SECONDS_STAGED = 120.0
_SECONDS_OTHERWISE = 1800.0
#: The wall limit is this many times the CPU limit, and at least so many seconds.
_WALL_FACTOR = 5
_LEAST_WALL_SECONDS = 300.0
_STRICT_VERSION_DAYS = 7


@dataclass(frozen=True, slots=True)
class ContextBuilder:
    """What the scanners' contexts are made from."""

    request: Request
    policy: Policy
    git: Git | None
    trusted: str
    workdir: Path
    environ: Mapping[str, str]
    cache_dir: Path | None

    def job(self, info: ScannerInfo, module: str) -> workers.ScannerJob:
        """Return what the pipeline starts for one scanner, with a folder of its own."""
        name = info.name
        settings = self.policy.scanners.get(name, {})
        waits = self.request.kind in {"staged", "message"}
        seconds = _SECONDS_STAGED if waits else _SECONDS_OTHERWISE
        seconds = settings.get("deadline-seconds", seconds)
        wall_seconds = max(_WALL_FACTOR * seconds, _LEAST_WALL_SECONDS)
        folder = self.workdir / name
        folder.mkdir(mode=0o700)
        return workers.ScannerJob(
            name=name,
            module=module,
            context=lambda: self._context(
                name, settings, folder, (seconds, wall_seconds)
            ),
            cpu_seconds=seconds,
            wall_seconds=wall_seconds,
            memory=info.memory,
        )

    def _context(
        self,
        name: str,
        settings: Mapping[str, Any],
        folder: Path,
        limits_of_time: tuple[float, float],
    ) -> Context:
        """Make the context; called in the scanner's own process.

        ``limits_of_time`` are seconds of CPU time and of wall time.
        """
        from zt_gate.scanners.base import Context, DependencySettings

        cpu_seconds, wall_seconds = limits_of_time
        cpu_limit = cpu_used() + cpu_seconds
        deadline = time.monotonic() + wall_seconds
        limits = self.policy.dependencies
        return Context(
            rules=rulebook.load(name, cache=self.cache_dir),
            deadline=deadline,
            cpu_limit=cpu_limit,
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
            text_findings=self._text_reader(),
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
        paths: list[str] = []
        for info in registered().values():
            paths += info.own_rule_files(self.policy.scanners.get(info.name, {}))
        return tuple(paths)

    def _version_age(self) -> int | None:
        """Return the least age of a version: where nothing is said, strict waits a week."""
        said = self.policy.dependencies.min_version_age_days
        if said is None and self.policy.profile == Profile.STRICT:
            return _STRICT_VERSION_DAYS
        return said

    def _text_reader(self) -> Callable[[str], Sequence[tuple[str, str, str]]]:
        """Return what holds a text against the injection rules, read when the first one comes."""
        rules: dict[str, Rule] = {}

        def read(text: str) -> Sequence[tuple[str, str, str]]:
            from zt_gate.scanners.injection.single_text import findings_in

            rules.update(rules or rulebook.load("injection", cache=self.cache_dir))
            return findings_in(text, rules)

        return read

    def _trusted_reader(self) -> Callable[[bytes], bytes | None]:
        """Return what reads a trusted file; one git process serves a scanner's whole run."""
        git = self.git
        if git is None or not self.trusted:
            return lambda _path: None
        from zt_gate.git.blobs import BlobStore
        from zt_gate.git.trusted_files import read_file

        store = BlobStore(git)
        return lambda path: read_file(git, self.trusted, path, store)

    def _trusted_paths(self) -> Sequence[bytes] | None:
        if self.git is None:
            return None
        from zt_gate.git.trusted_files import list_paths

        return list_paths(self.git, self.trusted)
