"""One run of the gate: a request becomes a report.

    Request → policy from the trusted side → source → ChangeSet → scanners → judge → Report

The commands and the Python functions are thin over this; it prints nothing and
reads no configuration that the change could have brought.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from zt_gate import __version__, cache, judge, pipeline, process, rulebook
from zt_gate.errors import GateError, UsageError
from zt_gate.model.report import Origin, PolicyInfo, ScannerRun, Tool
from zt_gate.policy.schema import Policy
from zt_gate.scanners import SCANNERS

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from zt_gate.git.run import Git
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import Report
    from zt_gate.scanners.base import Context

Kind = Literal["staged", "range", "base", "worktree", "patch", "tree"]

#: Wall seconds that each scanner gets: somebody waits for a commit, a machine for the rest.
_SECONDS_STAGED = 60.0
_SECONDS_OTHERWISE = 900.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be judged, and how.

    ``spec`` is the range or revision of ``range`` and ``base``; ``patch`` the
    patch's bytes; ``paths`` the roots of ``tree``.  ``folder`` is where git
    looks for the repository.
    """

    kind: Kind = "staged"
    spec: str = ""
    patch: bytes = b""
    paths: tuple[str, ...] = ()
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
    debug: bool = False


def run(
    request: Request,
    environ: Mapping[str, str],
    progress: Callable[[Sequence[str]], None] | None = None,
) -> Report:
    """Judge one change.

    ``environ`` is the caller's own environment: the user's registries and
    proxies stand there.  ``progress`` is told the names of the scanners that
    still run.  Raises GateError, each kind with its exit code, where there is
    nothing to report on.
    """
    started = time.monotonic()
    _check_names(request)
    folder = cache.cache_folder(environ)
    git = _repository(request, environ)
    with _workspace(environ) as workdir:
        change = _change(request, git, workdir)
        policy, trusted = _policy(request, git, change, environ)
        jobs = [
            _job(name, module, request, policy, trusted, folder, workdir, environ, change)
            for name, module in SCANNERS
            if _wanted(name, request)
        ]
        runs = pipeline.run(change, jobs, progress=progress, debug=request.debug)
        runs += tuple(
            ScannerRun(name, "skipped", _why_skipped(name, request))
            for name, _ in SCANNERS
            if not _wanted(name, request)
        )
        return judge.judge(
            change,
            runs,
            policy,
            judge.JudgeOptions(
                min_confidence=request.min_confidence, fail_on=request.fail_on, task=request.task
            ),
        )
