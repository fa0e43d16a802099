"""What of a run goes into the log that the policy asks for, and where that log is."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.audit import chain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zt_gate.model.report import JudgedFinding, Report

#: The folder of relative logs, in the repository's own git folder or the user's state folder.
FOLDER = "zt-gate"


def record(
    report: Report,
    said: str,
    environ: Mapping[str, str],
    *,
    git_folder: str,
    scanned: Iterable[Path],
    revision: str,
) -> Report:
    """Append a run to the log that the policy names with ``said``; return the report.

    Where that fails the policy is not fulfilled: the report says why and is no
    pass.  ``revision`` is the commit of HEAD, "" where there is none; the other
    arguments are those of ``place``.
    """
    try:
        path, top = log_location(said, environ, git_folder, scanned)
        chain.append(path, log_entry(report, revision), top=top)
    except chain.LogError as error:
        return report.with_errors([str(error)])
    return report


def log_location(
    said: str, environ: Mapping[str, str], git_folder: str, scanned: Iterable[Path]
) -> tuple[Path, Path | None]:
    """Return where the log is, and the folder below which folders are made.

    A relative path lies in ``zt-gate/`` of the repository's common folder
    (``Git.common_folder``), which no change can write and all its work trees
    share; without a repository (``git_folder`` "") in the user's state folder (XDG Base Directory
    Specification).  Raises LogError where there is no such place, or where the
    path leads into one of the ``scanned`` folders.
    """
    top: Path | None = None
    own = os.path.realpath(git_folder) if git_folder else ""
    if os.path.isabs(said):
        path = Path(os.path.normpath(said))
    elif own:
        top = Path(own)
        path = top / FOLDER / said
    else:
        state = Path(os.path.realpath(_state(environ)))
        path, top = state / FOLDER / said, state.parent.parent
    real = os.path.realpath(path.parent)
    if not (own and _inside(real, own)):
        for root in scanned:
            if _inside(real, os.path.realpath(root)):
                raise chain.LogError(
                    f"the log {path} would lie among the files that are judged; give a relative "
                    "path, which is kept in the repository's git folder, or one elsewhere"
                )
    return path, top


def log_entry(report: Report, revision: str) -> dict[str, Any]:
    """Return what the log keeps of a run: no message, no evidence, no line of a file."""
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "version": report.tool.version,
        "rules": report.tool.rules_digest,
        "source": report.kind,
        "revision": revision,
        "base": report.base,
        "head": report.head,
        "change": report.change_digest,
        "policy": {
            "rev": report.policy.rev,
            "digest": report.policy.digest,
            "profile": report.policy.profile,
            "task": report.policy.task,
        },
        "ai": report.origin.ai,
        "verdict": report.verdict.value,
        "complete": report.complete,
        "errors": list(report.errors),
        "findings": [_finding(one) for one in report.findings],
    }


def _finding(one: JudgedFinding) -> dict[str, Any]:
    path = one.finding.location.path
    said = {
        "rule": one.finding.rule,
        "path": None if path is None else path.decode("utf-8", "backslashreplace"),
        "state": one.state,
        "level": one.level.value,
        "fingerprint": one.fingerprint,
    }
    if one.state != "active":
        said |= {
            "reason": one.state_reason,
            "expires": one.state_expires,
            "by": one.state_by,
            "since": one.state_since,
        }
    return said


def _state(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):
        home = environ.get("HOME", "")
        if not os.path.isabs(home):
            raise chain.LogError(
                "there is no place for the log that the policy asks for; set HOME"
            )
        base = os.path.join(home, ".local", "state")
    return Path(base)


def _inside(path: str, root: str) -> bool:
    return os.path.commonpath((path, root)) == root
