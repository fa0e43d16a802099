"""Writes the record of a run to the audit log that the policy names."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.audit import chain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zt_gate.model.report import JudgedFinding, Report

#: The folder of logs with a relative path, in the git folder or the user's state folder.
FOLDER = "zt-gate"


def record(
    report: Report,
    log_file: str,
    environ: Mapping[str, str],
    *,
    git_folder: str,
    scanned: Iterable[Path],
    revision: str,
) -> Report:
    """Append a run to the log and return its report.

    A run that cannot be logged does not satisfy the policy: its report gets the
    error and is not a pass.  ``revision`` is the commit of HEAD, "" if there is
    none; the other arguments are those of ``log_location``.
    """
    try:
        path, top = log_location(log_file, environ, git_folder, scanned)
        chain.append(path, log_entry(report, revision), top=top)
    except chain.LogError as error:
        return report.with_errors([str(error)])
    return report


def log_location(
    log_file: str, environ: Mapping[str, str], git_folder: str, scanned: Iterable[Path]
) -> tuple[Path, Path | None]:
    """Return the path of the log, and the folder below which folders are created.

    ``log_file`` is the policy's setting.  A relative path is below ``zt-gate/`` in
    the repository's common folder (``Git.common_folder``), which no change can write
    and which all work trees share; without a repository (``git_folder`` "") in the
    user's state folder (XDG Base Directory Specification).  Raises LogError if there
    is no such folder, or if the path is in one of the ``scanned`` folders.
    """
    top: Path | None = None
    own = os.path.realpath(git_folder) if git_folder else ""
    if os.path.isabs(log_file):
        path = Path(os.path.normpath(log_file))
    elif own:
        top = Path(own)
        path = top / FOLDER / log_file
    else:
        state = Path(os.path.realpath(_state_folder(environ)))
        top = state.parent.parent
        path = state / FOLDER / log_file
    real = os.path.realpath(path.parent)
    if own and _inside(real, own):
        return path, top
    for root in scanned:
        if _inside(real, os.path.realpath(root)):
            raise chain.LogError(
                f"the log {path} is among the files that are judged; in [audit] log give a "
                "relative path, which is kept in the repository's git folder, or a path elsewhere"
            )
    return path, top


def log_entry(report: Report, revision: str) -> dict[str, Any]:
    """Return the fields of a run in the log: no message, evidence or line of a file."""
    entry = {
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
        "findings": [_finding_entry(item) for item in report.findings],
    }
    if report.shard[1] > 1:
        entry["shard"] = list(report.shard)
    return entry


def _finding_entry(item: JudgedFinding) -> dict[str, Any]:
    path = item.finding.location.path
    entry = {
        "rule": item.finding.rule,
        "path": None if path is None else path.decode("utf-8", "backslashreplace"),
        "state": item.state,
        "level": item.level.value,
        "fingerprint": item.fingerprint,
    }
    if item.state != "active":
        entry["reason"] = item.state_reason
        entry["expires"] = item.state_expires
        entry["by"] = item.state_by
        entry["since"] = item.state_since
    return entry


def _state_folder(environ: Mapping[str, str]) -> Path:
    state = environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(state):
        return Path(state)
    home = environ.get("HOME", "")
    if not os.path.isabs(home):
        raise chain.LogError(
            "no folder for the audit log that the policy requires; "
            "set HOME or XDG_STATE_HOME to an absolute path"
        )
    return Path(home, ".local", "state")


def _inside(path: str, root: str) -> bool:
    return os.path.commonpath((path, root)) == root
