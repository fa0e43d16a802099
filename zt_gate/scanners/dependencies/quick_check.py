"""Quick check whether a change could add a dependency at all.

A changed manifest always could.  Code, scripts and prose change with every commit,
so for them the changed lines decide: without a word of an install command, an
import, or a mark that gives other lines a meaning (a fence, a quote, the end of a
comment), they add nothing.  A line below an old install command may continue it, so the
lines around the changed ones count, too.  Imports no reader.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems import all_ecosystems
from zt_gate.ecosystems.manifest_formats import format_of, formats, text_formats
from zt_gate.model.change import MODE_SYMLINK, ContentUnavailableError

if TYPE_CHECKING:
    from zt_gate.model.change import FileChange, HunkLines

#: Suffixes and lines of files that may be lists of requirements by another name.
_LIST_SUFFIXES = frozenset(
    (b"txt", b"in", b"lst", b"list", b"pip", b"req", b"reqs", b"deps", b"lock", b"conf", b"")
)  # fmt: skip
_REQUIREMENT_LINE = lazy_re.compile(
    rb"[ \t]*(?:-[a-z-]{1,40}[ =]?\S{0,300}|[A-Za-z0-9][A-Za-z0-9._-]{0,100}[ \t]*"
    rb"(?:\[[^\]\n]{0,200}\])?[ \t]*(?:(?:[=<>!~]=?=?|@|;)[^\n]{0,500})?)?"
    rb"(?:[ \t]+\\)?[ \t]*(?:#[^\n]*)?\r?\Z"
)
_MOST_BYTES = 1024 * 1024
_MOST_LINES = 200
#: Formats in which Python may import: a script without a suffix may be one, too.
_WITH_IMPORTS = frozenset(("python", "shell"))
_CHUNK = 1 << 20
_OVERLAP = 200
#: Lines and bytes above and below a changed line that may begin its command.
_COMMAND_REACH = (20, 2000)
#: A line that goes on: after a backslash or caret, or in a list after the command's verb.
_CONTINUED = (
    rb"(?m)^[^\n]{0,2000}?(?:[\\^`]|\b(?:install|add|get|require|create|exec|dlx|i|x)[\"']?,?)"
    rb"[ \t\r]*$"
)
#: A folded scalar of YAML, whose lines are one.
_FOLDED = rb"(?m):[ \t]+>[-+0-9]{0,2}[ \t\r]*$"
_CONTINUED_IMPORT = rb"(?m)^[ \t]*import[ \t][^\n]{0,500}\\\r?$"
_IMPORT_LINE = (
    rb"[ \t]*(?:import[ \t]+(\w+)(?:\.\w+)*(?:[ \t]+as[ \t]+\w+)?"
    rb"|from[ \t]+(\w+|(?=\.))[\w.]*[ \t]+import[ \t(][\w \t,*()#.:\[\]-]*)\s*\Z"
)


def may_be_requirements(file: FileChange) -> bool:
    """Return whether a file of another kind looks like a list of requirements.

    It is one if a manifest or a script names it; see ``named_requirements``.
    """
    if file.is_deletion or file.is_submodule or file.new_mode == MODE_SYMLINK:
        return False
    suffix = file.path.rpartition(b"/")[2].rpartition(b".")
    if (suffix[2] if suffix[1] else b"") not in _LIST_SUFFIXES or file.new is None:
        return False
    if format_of(file.path) not in {None, "shell"}:
        return False
    try:
        lines = file.new.read(_MOST_BYTES).split(b"\n")[:_MOST_LINES]
    except ContentUnavailableError:
        return False
    return any(map(bytes.strip, lines)) and all(map(_REQUIREMENT_LINE.match, lines))


def may_add_dependency(file: FileChange) -> bool:
    """Return whether the change of one file could add a dependency."""
    format_name = format_of(file.path)
    old_format = format_of(file.old_path) if file.old_path is not None else None
    if format_name is None:
        return old_format is not None and old_format not in text_formats()
    if format_name not in text_formats():
        return True
    if file.is_deletion or file.new_mode == MODE_SYMLINK:
        return False
    if not file.hunks:
        # A file that is renamed to a script was not read as a script before.
        is_renamed = file.old_path is not None and old_format != format_name
        return is_renamed or bool(file.incomplete)
    return _continues_command(file, format_name) or any(
        _is_relevant(body, format_name)
        for hunk in file.hunks
        for body in (hunk.added, hunk.removed)
    )


def _continues_command(file: FileChange, format_name: str) -> bool:
    """Return whether the changed lines may belong to an old install command or import."""
    if file.old is None or formats()[format_name].directive:
        return False
    from zt_gate.syntax.surroundings import Reach, surroundings
    from zt_gate.syntax.text import added_text

    try:
        near = surroundings(added_text(file))
    except ContentUnavailableError:
        return True  # the reader reports it
    if near is None:
        return False
    words = _install_words()
    for run in near.new(Reach(*_COMMAND_REACH)):
        text = b"\n".join(run.lines)
        if format_name == "python" and re.search(_CONTINUED_IMPORT, text):
            return True
        if re.search(_FOLDED, text) and any(word in text for word in words):
            return True
        for line in re.finditer(_CONTINUED, text):
            if any(word in line[0] for word in words):
                return True
    return False


@cache
def _install_words() -> tuple[bytes, ...]:
    """Return words of which every line with an install command contains at least one."""
    words: dict[bytes, None] = {}
    for ecosystem in all_ecosystems():
        words.update(dict.fromkeys(ecosystem.install_words))
    return tuple(words)


def _is_relevant(body: HunkLines, format_name: str) -> bool:
    """Return whether lines of a text format could add a dependency."""
    of_format = formats()[format_name]
    words = (*_install_words(), *of_format.marks)
    if of_format.directive:
        words = (of_format.directive,)
    for chunk in _chunks(body):
        if any(word in chunk for word in words):
            return True
        if format_name in _WITH_IMPORTS and _imports_package(chunk):
            return True
    return False


def _chunks(body: HunkLines) -> list[bytes]:
    """Return the bytes of a body in chunks that overlap, so that no word is cut."""
    return [
        body.store.read(
            body.offset + start, min(_CHUNK + _OVERLAP, body.length - start)
        )
        for start in range(0, body.length, _CHUNK)
    ]


def _imports_package(chunk: bytes) -> bool:
    """Return whether Python code imports anything that may be another package's."""
    if b"import" not in chunk:
        return False
    return any(
        b"import" in line and not _is_plain_import(line) for line in chunk.split(b"\n")
    )


def _is_plain_import(line: bytes) -> bool:
    """Return whether a line imports from the standard library or its own package only."""
    # Matched by the module's function, which compiles the pattern on first use.
    match = re.match(_IMPORT_LINE, line)
    if match is None:
        return False
    name = match[1] or match[2] or b""
    return not name or name.decode("ascii", "replace") in sys.stdlib_module_names
