"""Files that move to a path where more is expected of them count as added there.

Scanners look at added lines, and a renamed file has none.  So a file could be added where
it is exempt, held to less, or not looked at (a sample, a test, a text file), and then be
renamed to a hook, to instructions for an agent or to code of the program.

A symbolic link at such a path shows the content of its target there
(``zt_gate.review.linked_files``).

``as_added`` turns such a rename into a deletion and an addition, once for all scanners,
in the net change and in each commit.  A rename between two paths of the same kind, or to
a path of which less is expected, stays a rename, so that old findings stay old.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.change import (
    MODE_ABSENT,
    MODE_EXECUTABLE,
    ContentUnavailableError,
    Hunk,
)
from zt_gate.record import dataclass, replace
from zt_gate.review import linked_files
from zt_gate.review.content_lines import ContentAsLines
from zt_gate.review.path_comparison import PathComparison

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from zt_gate.model.change import ChangeSet, FileChange
    from zt_gate.policy.ignores import PolicyIgnores
    from zt_gate.syntax.globs import Glob

#: Bytes of one side; as in ``zt_gate.syntax.text``, scanners skip what is too large for them.
_LARGEST = 1 << 31


def as_added(
    change: ChangeSet,
    ignores: PolicyIgnores,
    workdir: Path,
    excluded: Sequence[Sequence[Glob]] = (),
) -> ChangeSet:
    """Return the change with such files, and what links show, as additions.

    It is the same object if there are none.

    ``ignores`` are the exceptions of the policy, some of which apply to the old path
    alone; ``excluded`` are its groups of excluded paths.  Large contents are kept in a
    file in ``workdir``.  Raises GitError.
    """
    comparison = PathComparison(ignores, excluded)
    lines = ContentAsLines(workdir)
    if any(_may_be_moved(file) for file, _ in change.files_with_commits()):
        change = _with_moved(change, _Splitter(comparison, lines))
    if _may_show_others(change):
        change = linked_files.with_linked(change, comparison, lines)
    return change


def _may_show_others(change: ChangeSet) -> bool:
    return change.tree is not None or any(commit.tree for commit in change.commits)


def _with_moved(change: ChangeSet, splitter: _Splitter) -> ChangeSet:
    files = tuple(splitter.split(change.files))
    commits = tuple(
        replace(commit, files=tuple(splitter.split(commit.files)))
        for commit in change.commits
    )
    return replace(change, files=files, commits=commits)


def _may_be_moved(file: FileChange) -> bool:
    if file.is_deletion or file.is_submodule:
        return False
    is_renamed = file.status in {"R", "C"} and file.old_path not in {None, file.path}
    return is_renamed or _became_executable(file)


def _became_executable(file: FileChange) -> bool:
    is_now = file.new_mode == MODE_EXECUTABLE
    return is_now and file.old_mode not in {MODE_ABSENT, MODE_EXECUTABLE}


@dataclass(slots=True)
class _Splitter:
    """Replaces renames by deletions and additions."""

    comparison: PathComparison
    lines: ContentAsLines

    def split(self, files: tuple[FileChange, ...]) -> Iterator[FileChange]:
        """Yield the files; the parts of one that counts as added in its place."""
        for file in files:
            if not _may_be_moved(file) or not self._counts_as_added(file):
                yield file
                continue
            old_path = file.old_path or file.path
            if file.status == "R" and old_path != file.path:
                yield self._deletion(file, old_path)
            yield self._addition(file, old_path)

    def _counts_as_added(self, file: FileChange) -> bool:
        old_path = file.old_path or file.path
        if old_path != file.path and self.comparison.expects_more(old_path, file.path):
            return True
        return _became_executable(file) and _becomes_program(file)

    def _deletion(self, file: FileChange, old_path: bytes) -> FileChange:
        removed, _ = self.lines.of(file.old)
        return replace(
            file,
            path=old_path,
            status="D",
            new_mode=MODE_ABSENT,
            new=None,
            hunks=(Hunk(1, 0, removed, self.lines.nothing()),) if removed else (),
            incomplete="",
            moved_to=file.path,
        )

    def _addition(self, file: FileChange, old_path: bytes) -> FileChange:
        """Return the file as added; ``old_mode`` stays, so that a new mode is still seen."""
        added, problem = self.lines.of(file.new)
        return replace(
            file,
            status="A",
            old_path=None,
            old=None,
            hunks=(Hunk(0, 1, self.lines.nothing(), added),) if added else (),
            incomplete=file.incomplete or problem,
            moved_from=old_path,
        )


def _becomes_program(file: FileChange) -> bool:
    """Whether the executable bit makes a text file a script that was not read as one."""
    from zt_gate.scanners.code import languages

    if languages.by_name(file.path) or languages.may_hide_code(file.path):
        return False
    try:
        return file.new is not None and file.new.read(_LARGEST).startswith(b"#!")
    except ContentUnavailableError:
        return True
