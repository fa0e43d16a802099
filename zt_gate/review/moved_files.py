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

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from zt_gate.model.change import (
    MODE_ABSENT,
    MODE_EXECUTABLE,
    ContentUnavailableError,
    Hunk,
    HunkLines,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from zt_gate.git.spooled_text import Spool
    from zt_gate.model.change import Blob, ChangeSet, FileChange
    from zt_gate.policy.ignores import PolicyIgnores
    from zt_gate.scanners.scope.limits import FileGroups
    from zt_gate.scanners.secrets.path_lowering import SecretPaths
    from zt_gate.syntax.globs import Glob

#: Kinds of paths where scanners report less; every other kind only adds checks.
_LENIENT_KINDS = frozenset(("test", "test-data", "example", "doc", "lock"))
#: Folders and files whose text a program gives to a model.
_PROMPT_NAME = re.compile(
    rb"(?:(?:system|agent|llm|ai|model|chat|user|base)[-_ ]?)?prompts?"
    rb"|prompts?[-_](?:templates?|library)|system[-_](?:messages?|instructions?)|personas?"
    rb"|agents?[-_]instructions?|agents|skills|subagents"
)
_PROMPT_SUFFIXES = (
    b".prompt",
    b".prompty",
    b".prompt.md",
    b".prompt.yml",
    b".prompt.yaml",
)
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
        from zt_gate.review.linked_files import with_linked

        change = with_linked(change, comparison, lines)
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


class PathComparison:
    """Decides whether more is expected of content at a new path than at its old one."""

    def __init__(
        self, ignores: PolicyIgnores, excluded: Sequence[Sequence[Glob]] = ()
    ) -> None:
        self._ignores = ignores
        self._excluded = excluded

    def expects_more(self, old: bytes, new: bytes) -> bool:
        """Whether any scanner, or the policy, holds the new path to more than the old one."""
        return any(check(self, old, new) for check in _CHECKS)

    def by_kind(self, old: bytes, new: bytes) -> bool:
        """Compare in the table of paths: leave a lenient kind, gain a kind or a format."""
        from zt_gate.syntax import paths

        before, after = paths.facts(old), paths.facts(new)
        if (before.kinds - after.kinds) & _LENIENT_KINDS:
            return True
        if after.kinds - before.kinds - _LENIENT_KINDS:
            return True
        configuration = after.configuration
        return configuration is not None and configuration != before.configuration

    def by_prompt(self, old: bytes, new: bytes) -> bool:
        """Compare whether a program gives the text to a model as its orders."""
        from zt_gate.syntax import paths

        if not _is_prompt(new) or _is_prompt(old):
            return False
        return not paths.is_any(new, "program", "lock")

    def by_language(self, old: bytes, new: bytes) -> bool:
        """Compare what the code scanner and agent_config read as code."""
        from zt_gate.scanners.agent_config import file_kinds
        from zt_gate.scanners.code import languages

        before, after = languages.by_name(old), languages.by_name(new)
        if after is not None and (
            before is None or before.language is not after.language
        ):
            return True
        if file_kinds.is_code(new) and not file_kinds.is_code(old):
            return True
        return languages.may_hide_code(new) and not (before or _no_extension(old))

    def by_manifest(self, old: bytes, new: bytes) -> bool:
        """Compare the formats in which dependencies are declared."""
        from zt_gate.ecosystems.manifest_formats import format_of

        after = format_of(new)
        return after is not None and after != format_of(old)

    def by_secrets(self, old: bytes, new: bytes) -> bool:
        """Compare the rules for credential files and for published values."""
        return self._secret_paths.expects_more(old, new)

    def by_locale(self, old: bytes, new: bytes) -> bool:
        """Compare locales: right-to-left languages may have direction controls."""
        from zt_gate.scanners.injection.locales import is_right_to_left

        return is_right_to_left(old) and not is_right_to_left(new)

    def by_review(self, old: bytes, new: bytes) -> bool:
        """Compare whether people review the file: not if it is generated or vendored."""
        groups = self._file_groups
        return groups.is_reviewed(new) and not groups.is_reviewed(old)

    def by_policy(self, old: bytes, new: bytes) -> bool:
        """Compare the allowances and ignores of the policy."""
        return self._ignores.exempts_only(old, new)

    def by_exclusion(self, old: bytes, new: bytes) -> bool:
        """Compare what is left out of all scanners, or of one of them."""
        return any(
            any(glob.matches(old) for glob in group)
            and not any(glob.matches(new) for glob in group)
            for group in self._excluded
        )

    @cached_property
    def _secret_paths(self) -> SecretPaths:
        from zt_gate import rulebook
        from zt_gate.scanners.secrets.path_lowering import SecretPaths

        return SecretPaths(rulebook.load("secrets"))

    @cached_property
    def _file_groups(self) -> FileGroups:
        from zt_gate import rulebook
        from zt_gate.scanners.scope.limits import FileGroups

        return FileGroups(rulebook.load("scope"))


#: Cheap ones first: the last ones read rules.
_CHECKS: tuple[Callable[[PathComparison, bytes, bytes], bool], ...] = (
    PathComparison.by_kind,
    PathComparison.by_prompt,
    PathComparison.by_language,
    PathComparison.by_manifest,
    PathComparison.by_locale,
    PathComparison.by_policy,
    PathComparison.by_exclusion,
    PathComparison.by_review,
    PathComparison.by_secrets,
)


def _is_prompt(path: bytes) -> bool:
    """Whether a text is named as a prompt, or is in a folder of prompts."""
    if path.lower().endswith(_PROMPT_SUFFIXES):
        return True
    return any(
        _PROMPT_NAME.fullmatch(part.partition(b".")[0].lower())
        for part in path.split(b"/")
    )


def _no_extension(path: bytes) -> bool:
    from zt_gate.scanners.code.languages import may_hide_code

    return may_hide_code(path)


@dataclass(slots=True)
class ContentAsLines:
    """Keeps the lines of whole contents, large ones in a file in ``workdir``."""

    workdir: Path
    _spool: Spool | None = None

    def of(self, blob: Blob | None) -> tuple[HunkLines | None, str]:
        """Return the lines of a content, None if it has none, and why they are unknown."""
        try:
            if blob is None:
                raise ContentUnavailableError("the content of the file is not known")
            content = blob.read(_LARGEST)
        except ContentUnavailableError as error:
            return (
                None,
                f"the whole content of a moved or linked file is needed: {error}",
            )
        if not content:
            return None, ""
        spool = self._text()
        start = spool.size
        spool.append(content)
        lines = content.count(b"\n") + (not content.endswith(b"\n"))
        return HunkLines(spool, start, len(content), lines), ""

    def nothing(self) -> HunkLines:
        """Return no lines."""
        return HunkLines(self._text(), 0, 0, 0)

    def _text(self) -> Spool:
        if self._spool is None:
            from zt_gate.git.spooled_text import Spool

            self._spool = Spool(self.workdir)
        return self._spool


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
