"""Lists the changed code whose language has no rules, so that a pass does not hide it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.change import (
    MODE_EXECUTABLE,
    ContentUnavailableError,
    FileChange,
)
from zt_gate.model.report import NotInspected, without_rules

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

#: Names of the languages with rules, as ``syntax.source_languages`` writes them.
_NAMES = {
    "python": frozenset(("Python",)),
    "go": frozenset(("Go",)),
    "javascript": frozenset(("JavaScript", "TypeScript")),
}
# Extensions in these languages that the scanner does not read.
_NOT_READ = (b".pth", b".bzl")
#: Bytes of a page that are searched for scripts.
_PAGE_BYTES = 4_000_000
_MARKDOWN_WITH_CODE = "MDX"
_EXPRESSION = lazy_re.compile(rb"(?m)^(?:import|export)\b|\{|<script\b")


def not_inspected(
    files: Iterable[FileChange], languages: Collection[str]
) -> Iterator[NotInspected]:
    """Yield the files with new code in a language that has no rules.

    ``languages`` are the scanner's names of those that have.
    """
    with_rules: set[str] = set()
    for name in languages:
        with_rules |= _NAMES.get(name, frozenset())
    for file in files:
        if not _has_new_code(file):
            continue
        language = _language_of(file)
        if language is None:
            continue
        is_read = not file.path.lower().endswith(_NOT_READ)
        if language in with_rules and is_read and _is_judged(file, language):
            continue
        yield NotInspected(file.path, "not_applicable", without_rules(language))


def _has_new_code(file: FileChange) -> bool:
    """Whether the change adds lines, or makes a program of a file that was none."""
    if file.is_deletion or file.is_submodule or file.is_symlink:
        return False
    if file.incomplete or any(hunk.added.lines for hunk in file.hunks):
        return True
    is_renamed = file.old_path is not None and file.old_path != file.path
    becomes_executable = (
        file.new_mode == MODE_EXECUTABLE and file.old_mode != MODE_EXECUTABLE
    )
    return is_renamed or becomes_executable


def _is_judged(file: FileChange, language: str) -> bool:
    """Whether the scanner reads the file; one that is only likely code has to parse."""
    from zt_gate.scanners.code.languages import by_likely_name
    from zt_gate.scanners.code.targets import dialect_of

    if by_likely_name(file.path, language) is None:
        return True
    try:
        return dialect_of(file) is not None
    except ContentUnavailableError:
        return True  # the scanner says that it could not read the file


def _language_of(file: FileChange) -> str | None:
    """Return the language of the new content, None if it is no code."""
    from zt_gate.syntax import source_languages
    from zt_gate.syntax.text import binary_kind

    language = source_languages.by_name(file.path)
    if language == _MARKDOWN_WITH_CODE:
        return language if _has_expression(file) else None
    if language is not None:
        return language
    head = _head(file, source_languages.HEAD_BYTES)
    is_page = source_languages.is_page(file.path)
    if is_page and source_languages.has_script(_head(file, _PAGE_BYTES)):
        return source_languages.SCRIPTS_IN_PAGE
    if source_languages.is_plain(file.path):
        # An executable file with an interpreter line is a script, whatever its name.
        if file.new_mode != MODE_EXECUTABLE:
            return None
        return source_languages.by_interpreter(head) or None
    if source_languages.is_pickle(head):
        return "Pickle"
    if binary_kind(head) or not head.strip():
        return None
    language = source_languages.by_content(head)
    if language is not None or b"\0" in head:
        return language
    # A shell runs an executable file without an interpreter line.
    is_program = file.new_mode == MODE_EXECUTABLE
    if source_languages.is_plain_name(file.path) and not is_program:
        return None
    return source_languages.UNKNOWN


def _has_expression(file: FileChange) -> bool:
    return _EXPRESSION.search(_head(file, _PAGE_BYTES)) is not None


def _head(file: FileChange, size: int) -> bytes:
    """Return the first bytes of the new content, b"" if they are not available.

    Other scanners report content that is not available.
    """
    first = next(iter(file.hunks), None)
    if first is not None and first.new_start <= 1 and first.added.length >= size:
        return first.added.head(size)
    try:
        if file.new is not None:
            return file.new.read()[:size]
    except ContentUnavailableError:
        pass
    return first.added.head(size) if first is not None else b""
