"""Where a change comes from; the tuple below is the registry.

A new source is one file with ``read_change``, one line in the tuple, and a test file
of the same name.  A module is imported only when its source is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from zt_gate.sources.base import ChangeSource, SourceInputs
from zt_gate.sources.errors import SourceError

if TYPE_CHECKING:
    from zt_gate.git.run import Git
    from zt_gate.model.change import ChangeSet

__all__ = ["SOURCES", "ChangeSource", "SourceInputs", "read_change", "source_named"]

SOURCES: tuple[ChangeSource, ...] = (
    ChangeSource(
        "staged",
        "zt_gate.sources.staged",
        help="what git would commit",
        interactive=True,
    ),
    ChangeSource(
        "range",
        "zt_gate.sources.commit_range",
        value="text",
        metavar="A..B",
        help="merge-base(A,B)..B, and each of its commits",
        has_base=True,
    ),
    ChangeSource(
        "base",
        "zt_gate.sources.base_revision",
        value="text",
        metavar="REV",
        help="merge-base(REV,HEAD)..HEAD",
        has_base=True,
    ),
    ChangeSource(
        "worktree", "zt_gate.sources.worktree", help="all uncommitted changes"
    ),
    ChangeSource(
        "patch",
        "zt_gate.sources.patch_file",
        value="input",
        metavar="FILE",
        help="a patch; - is standard input",
        needs_repository=False,
    ),
    ChangeSource(
        "tree",
        "zt_gate.sources.tree",
        value="paths",
        metavar="PATH",
        help="whole files and folders",
        needs_repository=False,
    ),
    ChangeSource(
        "buffer",
        "zt_gate.sources.buffer",
        value="content",
        metavar="FILE",
        help="FILE with the content on standard input",
        needs_repository=False,
        interactive=True,
        is_logged=False,
    ),
    ChangeSource(
        "text",
        "zt_gate.sources.plain_text",
        value="input",
        metavar="FILE",
        help="a text, for secrets and hidden instructions; - is standard input",
        needs_repository=False,
        interactive=True,
        is_text=True,
        is_logged=False,
    ),
    ChangeSource(
        "installed",
        "zt_gate.sources.installed",
        value="paths",
        needs_repository=False,
    ),
    ChangeSource(
        "message",
        "zt_gate.sources.message",
        value="message",
        interactive=True,
        is_text=True,
    ),
)


def source_named(kind: str) -> ChangeSource:
    """Return the source of one kind; raises SourceError for an unknown one."""
    for source in SOURCES:
        if source.kind == kind:
            return source
    kinds = ", ".join(source.kind for source in SOURCES)
    raise SourceError(f"unknown source {kind!a}; sources: {kinds}")


def read_change(kind: str, git: Git | None, inputs: SourceInputs) -> ChangeSet:
    """Return the change of one source; raises SourceError and GitError."""
    source = source_named(kind)
    if git is None and source.needs_repository:
        raise SourceError(f"the source {kind} needs a git repository")
    change: ChangeSet = import_module(source.module).read_change(git, inputs)
    return change
