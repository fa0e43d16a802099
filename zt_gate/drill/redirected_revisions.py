"""Cases with refs and messages that want to choose the base of a range."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from zt_gate.drill.case import Case
from zt_gate.drill.git_hiding import planted

if TYPE_CHECKING:
    from collections.abc import Callable

    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import CaseWorkspace, DrillRepository

_GROUP = "revisions"
_KEY = "block secrets/anthropic-api-key"
_TRACKING = "refs/remotes/origin/main"
_CI = {"CI": "true"}


def _with_key(workspace: CaseWorkspace, tracking: str = _TRACKING) -> DrillRepository:
    """Create a clone whose branch ``topic`` adds a key after ``origin/main``."""
    repository = workspace.repository()
    if tracking:
        repository.git("update-ref", tracking, "HEAD")
    repository.git("checkout", "-q", "-b", "topic")
    repository.git("branch", "-q", "-D", "main")
    repository.write("new.py", planted())
    repository.commit("Find this text")
    return repository


def _redirected(
    spec: str, refs: tuple[str, ...], tracking: str, workspace: CaseWorkspace
) -> GateOutcome:
    """Give other refs the name of the start, at the head of the change."""
    repository = _with_key(workspace, tracking)
    for ref in refs:
        repository.git("update-ref", ref, "HEAD")
    return workspace.scan(repository, "range", spec=f"{spec}...HEAD", env=_CI)


def _hexadecimal(
    name: Callable[[str], str], ref: str, workspace: CaseWorkspace
) -> GateOutcome:
    """Name a ref like the abbreviated id of the base."""
    repository = _with_key(workspace)
    start = name(repository.git("rev-parse", _TRACKING))
    repository.git("update-ref", ref + start, "HEAD")
    return workspace.scan(repository, "range", spec=f"{start}..HEAD", env=_CI)


def _described(workspace: CaseWorkspace) -> GateOutcome:
    repository = _with_key(workspace)
    head = repository.head()
    spec = f"v1-0-g{head[:8]}..HEAD"
    return workspace.scan(repository, "range", spec=spec, env=_CI)


def _short_name(ref: str, workspace: CaseWorkspace) -> GateOutcome:
    """Give a short name to a later commit, so that the range is empty."""
    repository = _with_key(workspace)
    repository.write("later.py", "x = 1\n")
    repository.commit()
    repository.git("update-ref", ref, "HEAD")
    spec = f"{ref.rpartition('/')[2]}..HEAD~1"
    return workspace.scan(repository, "range", spec=spec, env=_CI)


def _ordinary(spec: str, workspace: CaseWorkspace) -> GateOutcome:
    """Name the start of a harmless change in an ordinary way."""
    repository = workspace.repository()
    repository.git("update-ref", _TRACKING, "HEAD")
    repository.git("tag", "-a", "v1.0", "-m", "The first version")
    repository.git("branch", "release/1.0")
    repository.write("new.py", "x = 1\n")
    repository.commit()
    return workspace.scan(repository, "range", spec=spec, env=_CI)


_REDIRECTIONS = (
    ("tag-like-remote-branch", "a tag origin/main", "origin/main",
     ("refs/tags/origin/main",), _TRACKING, _KEY),
    ("branch-like-remote-branch", "a local branch origin/main", "origin/main",
     ("refs/heads/origin/main",), _TRACKING, _KEY),
    ("ref-like-remote-branch", "a ref refs/origin/main", "origin/main",
     ("refs/origin/main",), _TRACKING, _KEY),
    ("tag-for-missing-branch", "a tag origin/main without the branch", "origin/main",
     ("refs/tags/origin/main",), "", "refused"),
    ("tag-like-full-name", "a tag with the full name of a missing ref", _TRACKING,
     (f"refs/tags/{_TRACKING}", f"refs/heads/{_TRACKING}"), "", "refused"),
    ("tag-like-branch", "a tag main without a local branch", "main",
     ("refs/tags/main",), _TRACKING, "refused"),
    ("branch-and-tag", "a branch and a tag of one name", "main",
     ("refs/tags/main", "refs/heads/main"), _TRACKING, "refused"),
    ("search-in-messages", "a search for the newest commit with a text", ":/Find this text",
     (), _TRACKING, "refused"),
    ("search-from-branch", "a search from a branch", "topic^{/Find}", (), _TRACKING, "refused"),
    ("reflog-date", "a date in the log of a branch", "topic@{now}", (), _TRACKING, "refused"),
)  # fmt: skip

_ORDINARY = {
    "remote-branch": "origin/main...HEAD",
    "full-remote-branch": f"{_TRACKING}..HEAD",
    "version-tag": "v1.0..HEAD",
    "branch-with-slash": "release/1.0..HEAD",
    "parent-of-head": "HEAD~1..HEAD",
    "same-commit": "HEAD..HEAD",
}

CASES = (
    *(
        Case(name, _GROUP, what, expect, partial(_redirected, spec, refs, tracking))
        for name, what, spec, refs, tracking, expect in _REDIRECTIONS
    ),
    Case(
        "tag-like-abbreviated-id",
        _GROUP,
        "a tag with the abbreviated id of the base",
        "refused",
        partial(_hexadecimal, lambda oid: oid[:8], "refs/tags/"),
    ),
    Case(
        "branch-like-abbreviated-id",
        _GROUP,
        "a branch with the abbreviated id of the base",
        "refused",
        partial(_hexadecimal, lambda oid: oid[:12], "refs/heads/"),
    ),
    Case(
        "tag-like-full-id",
        _GROUP,
        "a tag with the full id of the base",
        _KEY,
        partial(_hexadecimal, lambda oid: oid, "refs/tags/"),
    ),
    Case(
        "described-commit",
        _GROUP,
        "a name that git describe could have made",
        "refused",
        _described,
    ),
    Case(
        "tag-empties-range",
        _GROUP,
        "a tag that is newer than the end of its range",
        "error",
        partial(_short_name, "refs/tags/v1"),
    ),
    Case(
        "branch-empties-range",
        _GROUP,
        "a branch that is newer than the end of its range",
        "error",
        partial(_short_name, "refs/heads/next"),
    ),
    *(
        Case(
            f"start-{name}",
            "honest",
            f"a range {spec}",
            "pass",
            partial(_ordinary, spec),
        )
        for name, spec in _ORDINARY.items()
    ),
)
