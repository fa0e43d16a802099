"""Protocol of the scanners, and the context that each of them receives."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from zt_gate.record import dataclass, field
from zt_gate.system.time_limits import cpu_used

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from zt_gate.ecosystems.environments.base import Environment
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import ScannerRun
    from zt_gate.model.rule import Rule
    from zt_gate.model.scanner import ScannerInfo
    from zt_gate.system.sealed_cache import SealedCache


_T = TypeVar("_T")


class ProcessResult(Protocol):
    """Result of a child process."""

    @property
    def returncode(self) -> int:
        """The exit code, negative for a signal."""
        ...

    @property
    def stdout(self) -> bytes:
        """Its standard output."""
        ...

    @property
    def stderr(self) -> bytes:
        """Its standard error."""
        ...

    @property
    def cpu_seconds(self) -> float:
        """The CPU time used, its own children included; infinite if unknown."""
        ...


class RunProcess(Protocol):
    """Start a program without a shell, in a scrubbed environment, and wait for it.

    Raises zt_gate.system.process.ProcessFailedError, an OSError, if it cannot be started
    or prints more than ``max_output`` bytes, TimeLimitError if it runs past ``deadline``
    or uses more than ``cpu_seconds`` of CPU time.
    """

    def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        deadline: float,
        cpu_seconds: float = math.inf,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        max_output: int = 64 * 1024 * 1024,
    ) -> ProcessResult:
        """Run ``argv``; its first item is an absolute path, ``env`` extends the environment."""
        ...


@dataclass(frozen=True, slots=True)
class DependencySettings:
    """The policy's ``[dependencies]``: ages in days, downloads per week."""

    min_age_days: int = 30
    min_weekly_downloads: int = 100
    min_version_age_days: int | None = None


@dataclass(frozen=True, slots=True)
class TaskScope:
    """The policy's ``[tasks.NAME]``: gitignore patterns."""

    allowed: tuple[str, ...] = ()
    restricted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScopeSettings:
    """The policy's ``[scope]`` and ``[tasks]``; ``task`` is the value of ``--task`` or ""."""

    allowed: tuple[str, ...] = ()
    restricted: tuple[str, ...] = ()
    task: str = ""
    tasks: Mapping[str, TaskScope] = field(default_factory=dict)
    max_files: int = 300
    max_lines: int = 20_000
    max_deletions: int = 100
    max_binaries: int = 50


@dataclass(frozen=True, slots=True)
class InstalledPackages:
    """The packages of one environment; ``path`` is how reports name it."""

    path: bytes
    environment: Environment


@dataclass(frozen=True, slots=True)
class Context:
    """What a scanner may use in addition to the change.

    ``cpu_limit`` is a value of ``time_limits.cpu_used()``, ``deadline`` a later
    limit as a value of ``time.monotonic()``.  The scanner's process is killed past
    either, so a scanner with partial results should stop before.
    ``workdir`` is a private, empty folder that is removed afterwards.
    ``cache`` is None if nothing may be cached.  ``environ`` is the user's own
    environment (for registries and proxies): never pass it to a child process.
    ``trusted_file`` reads a file of the project from the trusted side, None if it
    does not exist there, through symbolic links that stay in the repository.
    ``trusted_paths`` lists all files of that side, None if
    there is none; ``trusted_folder`` those of one folder, without subfolders.
    ``own_rules`` are the paths of the project's own rules.
    ``text_findings`` scans a text for prompt injection and returns the rule,
    severity and message of each finding.  ``audit_all``: check every resolved
    package for known vulnerabilities, not only those of the change.  ``audit_only``:
    check nothing else, for the lock files of the change and the packages in
    ``installed``; ``npm`` is the absolute path of the program, "" for none.
    ``count`` tells people how many files are done, and of how many.
    """

    rules: Mapping[str, Rule]
    deadline: float
    workdir: Path
    run: RunProcess
    cpu_limit: float = math.inf
    cache: SealedCache | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    dependencies: DependencySettings = field(default_factory=DependencySettings)
    registries: Mapping[str, str] = field(default_factory=dict)
    scope: ScopeSettings = field(default_factory=ScopeSettings)
    own_rules: tuple[str, ...] = ()
    offline: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)
    trusted_file: Callable[[bytes], bytes | None] = lambda _path: None
    text_findings: Callable[[str], Sequence[tuple[str, str, str]]] | None = None
    trusted_paths: Callable[[], Sequence[bytes] | None] = lambda: None
    trusted_folder: Callable[[bytes], Sequence[bytes]] = lambda _folder: ()
    audit_all: bool = False
    audit_only: bool = False
    installed: tuple[InstalledPackages, ...] = ()
    npm: str = ""
    count: Callable[[int, int], None] = lambda _done, _total: None

    def counted(self, items: Iterable[_T], total: int) -> Iterator[_T]:
        """Yield the items, and count them for people."""
        for number, item in enumerate(items):
            self.count(number, total)
            yield item
        self.count(total, total)

    def seconds_left(self) -> float:
        """Return the wall seconds until the deadline, never negative: a limit for waiting."""
        return max(0.0, self.deadline - time.monotonic())

    def cpu_left(self) -> float:
        """Return the CPU seconds until the limit, never negative: a limit for computing.

        The time of child processes counts once they have ended.
        """
        return max(0.0, self.cpu_limit - cpu_used())


class Scanner(Protocol):
    """A scanner: the object ``SCANNER`` of its module."""

    @property
    def info(self) -> ScannerInfo:
        """Its properties, which are declared nowhere else."""
        ...

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Scan the change; return a run with the status ``ok`` or ``error``.

        Runs in a process of its own.  What could not be inspected is listed in
        ``not_inspected``.  Any exception becomes an ``error``.
        """
        ...
