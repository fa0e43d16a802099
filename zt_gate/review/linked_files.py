"""What a symbolic link shows is content of the link's path.

A program that opens ``AGENTS.md`` reads the file that the link points to.  So its content
counts as added at the path of a new or retargeted link, and what the change adds to the
target of an old link counts at the link's path too, if more is expected there.  A link to
a folder shows each file below it.  Targets outside the repository and in submodules are
left to the scanner ``tampering``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.change import (
    MODE_ABSENT,
    MODE_FILE,
    MODE_SUBMODULE,
    ContentUnavailableError,
    FileChange,
    Hunk,
)
from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.model.change import ChangeSet, FileTree
    from zt_gate.review.content_lines import ContentAsLines
    from zt_gate.review.path_comparison import PathComparison

#: Links that an operating system follows for one path (Linux: 40).
_MOST_STEPS = 40
#: Paths under which links show one file, and files that a link to a folder shows.
_MOST_ALIASES = 64
_MOST_FILES = 2000
_LARGEST = 1 << 31


def with_linked(
    change: ChangeSet, comparison: PathComparison, lines: ContentAsLines
) -> ChangeSet:
    """Return the change with what its links show; the same object if that is nothing."""
    files = _with_linked(change.files, change.tree, comparison, lines, old=True)
    commits = tuple(
        replace(
            commit,
            files=_with_linked(commit.files, commit.tree, comparison, lines, old=False),
        )
        if any(file.is_symlink for file in commit.files)
        else commit
        for commit in change.commits
    )
    if len(files) == len(change.files) and all(
        len(new.files) == len(old.files)
        for new, old in zip(commits, change.commits, strict=True)
    ):
        return change
    return replace(change, files=files, commits=commits)


def _with_linked(
    files: tuple[FileChange, ...],
    tree: FileTree | None,
    comparison: PathComparison,
    lines: ContentAsLines,
    *,
    old: bool,
) -> tuple[FileChange, ...]:
    """``old`` says whether links count that the change leaves as they are."""
    if tree is None:
        return files
    new_links = [file for file in files if file.is_symlink]
    if not new_links and not (old and files):
        return files
    try:
        links = tree.links
    except ContentUnavailableError as error:
        reason = f"the target of a symbolic link cannot be read: {error}"
        return (*files, *(_unread(file.path, b"", reason) for file in new_links))
    if not links:
        return files
    view = _View(tree, links, comparison, lines)
    shown = {file.path: file for file in view.of_new_links(new_links)}
    if old:
        for file in view.of_old_links(files):
            shown.setdefault(file.path, file)
    return (*files, *shown.values())


@dataclass(frozen=True, slots=True)
class _View:
    tree: FileTree
    links: Mapping[bytes, bytes]
    comparison: PathComparison
    lines: ContentAsLines

    def of_new_links(self, files: Sequence[FileChange]) -> Iterator[FileChange]:
        """Yield what new and retargeted links show, at each path that shows them."""
        for file in files:
            for path in (file.path, *self._aliases(file.path)):
                yield from self._shown(path, file)

    def of_old_links(self, files: Sequence[FileChange]) -> Iterator[FileChange]:
        """Yield the changed files at each path at which an old link shows them."""
        for file in files:
            if file.is_symlink or file.is_submodule or file.is_deletion:
                continue
            if not file.hunks and not file.incomplete and file.status not in {"R", "C"}:
                continue
            for path in self._aliases(file.path):
                if self.comparison.expects_more(file.path, path):
                    yield self._at(path, file)

    def _at(self, path: bytes, file: FileChange) -> FileChange:
        if file.status != "M":
            return self._added(path, file.path, file)
        return replace(
            file, path=path, old_path=path, moved_from=file.path, through_link=True
        )

    def _added(self, path: bytes, target: bytes, file: FileChange) -> FileChange:
        added, problem = self.lines.of(file.new)
        nothing = self.lines.nothing()
        return FileChange(
            path,
            "A",
            MODE_ABSENT,
            file.new_mode,
            new=file.new,
            hunks=(Hunk(0, 1, nothing, added),) if added else (),
            incomplete=file.incomplete or problem,
            moved_from=target,
            through_link=True,
        )

    def _shown(self, path: bytes, link: FileChange) -> Iterator[FileChange]:
        target = self._resolved(path)
        if target is None:
            return
        try:
            entry = self.tree.find(target) if target else None
            below = () if entry is not None else self.tree.below(target)
        except ContentUnavailableError as error:
            if self.comparison.expects_more(target, path):
                yield _unread(path, target, _reason(target, str(error)))
            return
        if entry is not None:
            yield from self._file(path, target, link)
        elif not below and self.comparison.expects_more(target, path):
            if _is_read_by_programs(path):
                yield _unread(path, target, _reason(target, "there is no such file"))
        elif len(below) > _MOST_FILES:
            reason = f"the folder has more than {_MOST_FILES:,} files"
            yield _unread(path, target, _reason(target, reason))
        for name in below if len(below) <= _MOST_FILES else ():
            shown_at = path + b"/" + name[len(target) :].lstrip(b"/")
            real = self._resolved(name)
            if real is not None:
                yield from self._file(shown_at, real, link)

    def _file(
        self, path: bytes, target: bytes, link: FileChange
    ) -> Iterator[FileChange]:
        """Yield the file ``target`` at ``path``, if more is expected of it there."""
        if not self.comparison.expects_more(target, path):
            return
        try:
            entry = self.tree.find(target)
        except ContentUnavailableError as error:
            yield _unread(path, target, _reason(target, str(error)))
            return
        if entry is None or entry.mode == MODE_SUBMODULE or entry.blob is None:
            return
        if path == link.path and _is_unchanged(link, entry.blob.oid):
            return
        shown = FileChange(target, "A", MODE_ABSENT, entry.mode, new=entry.blob)
        yield self._added(path, target, shown)

    def _resolved(self, path: bytes) -> bytes | None:
        """Return the path of the file that ``path`` shows.

        None for one outside the repository, and for links in a circle.
        """
        done: list[bytes] = []
        todo = path.split(b"/")[::-1]
        steps = 0
        while todo:
            part = todo.pop()
            if part in {b"", b"."}:
                continue
            if part == b"..":
                if not done:
                    return None
                done.pop()
                continue
            done.append(part)
            target = self.links.get(b"/".join(done))
            if target is None:
                continue
            steps += 1
            if steps > _MOST_STEPS or target.startswith(b"/"):
                return None
            done.pop()
            todo += target.split(b"/")[::-1]
        return b"/".join(done)

    def _aliases(self, path: bytes) -> Sequence[bytes]:
        """Return the other paths at which links show ``path``."""
        found: dict[bytes, None] = {}
        todo = [path]
        while todo and len(found) < _MOST_ALIASES:
            current = todo.pop()
            for link, target in self._targets():
                if link == path or not target:
                    continue
                if current == target:
                    alias = link
                elif current.startswith(target + b"/"):
                    alias = link + current[len(target) :]
                else:
                    continue
                if alias not in found and alias != path:
                    found[alias] = None
                    todo.append(alias)
        return tuple(found)

    def _targets(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield each link with the path that it points to, without following others."""
        for link, target in self.links.items():
            folder = link.rpartition(b"/")[0]
            resolved = self._step(folder, target)
            if resolved is not None:
                yield link, resolved

    def _step(self, folder: bytes, target: bytes) -> bytes | None:
        if target.startswith(b"/"):
            return None
        parts = folder.split(b"/") if folder else []
        for part in target.split(b"/"):
            if part == b"..":
                if not parts:
                    return None
                # The folder above is that of where a link in between leads.
                real = self._resolved(b"/".join(parts))
                if real is None:
                    return None
                parts = real.split(b"/")[:-1] if real else []
            elif part not in {b"", b"."}:
                parts.append(part)
        return b"/".join(parts)


def _is_unchanged(link: FileChange, oid: str) -> bool:
    """Whether the path had the same content before it became a link."""
    return link.old is not None and bool(oid) and link.old.oid == oid


def _is_read_by_programs(path: bytes) -> bool:
    from zt_gate.syntax import paths

    if paths.is_any(path, "agent-instructions", "agent-folder", "editor-folder"):
        return True
    return paths.is_any(path, "ci", "hook", "runs-at-install")


def _reason(target: bytes, reason: str) -> str:
    shown = target.decode("utf-8", "backslashreplace")[:200]
    return f"the target {shown!a} of this symbolic link cannot be read: {reason}"


def _unread(path: bytes, target: bytes, reason: str) -> FileChange:
    return FileChange(
        path,
        "A",
        MODE_ABSENT,
        MODE_FILE,
        incomplete=reason,
        moved_from=target,
        through_link=True,
    )
