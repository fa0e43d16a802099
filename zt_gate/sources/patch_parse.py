"""The sections of a unified or git patch, parsed strictly.

What an applying tool would take from a patch must be seen here: so a hunk
with lines too many, a hunk without a file, and formats that only other tools
read (context, normal, combined) are errors, not text to skip.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zt_gate.model.change import MODE_ABSENT, MODE_FILE
from zt_gate.sources import patch_names as names
from zt_gate.sources.patch_hunks import HUNK, plain_header, read_hunks, refuse_encoded

if TYPE_CHECKING:
    from zt_gate.git.spooled_text import Spool
    from zt_gate.model.change import Hunk, Status
    from zt_gate.sources.patch_hunks import Cursor, Span

_INDEX = re.compile(rb"([0-9a-f]{4,64})\.\.([0-9a-f]{4,64})(?: ([0-7]{6}))?")
_NORMAL = re.compile(rb"\d{1,18}(?:,\d{1,18})?[acd]\d{1,18}(?:,\d{1,18})?\r?")
# What GNU patch runs as commands of ed: a line number or two, and a letter.
_ED = re.compile(rb"\d{1,18}(?:,\d{1,18})?[acdi]\s*")
_INDENTED = re.compile(rb"[ \tX]+--- ")
_EPOCH = re.compile(rb"\t\s?(?:1970-01-01|1969-12-31|Thu Jan  1 |Wed Dec 31 )")


@dataclass(frozen=True, slots=True)
class Section:
    """What a patch says about one file."""

    path: bytes = b""
    old_path: bytes | None = None
    status: Status = "M"
    old_mode: int = MODE_FILE
    new_mode: int = MODE_FILE
    old_oid: str = ""
    new_oid: str = ""
    hunks: tuple[Hunk, ...] = ()
    spans: tuple[Span, ...] = ()
    #: Lines of the whole section end with CRLF: one CR belongs to the patch.
    crlf: bool = False
    binary: tuple[int, int] | None = None
    #: A binary file of which the patch says only that it differs.
    withheld: bool = False


def read_text(cursor: Cursor) -> bytes:
    """Take one line that belongs to no section, and return it.

    Raises PatchError where another tool could read it as a change.
    """
    line = cursor.peek()
    if HUNK.match(line):
        raise cursor.error("a hunk without the name of a file")
    if line.startswith((b"diff --cc ", b"diff --combined ")):
        raise cursor.error("a combined diff cannot be applied")
    if line.startswith(b"***************"):
        raise cursor.error("a context diff: make a unified one (diff -u)")
    if _NORMAL.fullmatch(line) and cursor.ahead(2)[1].startswith((b"< ", b"> ")):
        raise cursor.error("a diff without context: make a unified one (diff -u)")
    if _ED.fullmatch(line):
        raise cursor.error("an ed script: make a unified diff (diff -u)")
    if _indented(cursor, line):
        raise cursor.error("an indented diff: some tools would apply it all the same")
    refuse_encoded(cursor)
    return cursor.take()


def _indented(cursor: Cursor, line: bytes) -> bool:
    """Whether a file's header stands here behind what GNU patch takes for indentation."""
    if not _INDENTED.match(line):
        return False
    _, new, hunk = (ahead.lstrip(b" \tX") for ahead in cursor.ahead(3))
    return new.startswith(b"+++ ") and hunk.startswith(b"@@ -")


def read_section(cursor: Cursor, spool: Spool) -> Section:
    """Read the section at the cursor; raises PatchError."""
    if cursor.data[cursor.at : cursor.at + 4] == b"--- ":
        return _plain(cursor, spool)
    return _git(cursor, spool)


def _plain(cursor: Cursor, spool: Spool) -> Section:
    old_line, new_line, first = cursor.take(), cursor.take(), cursor.peek()
    crlf = new_line.endswith(b"\r")
    cut = 1 if crlf else 0
    old_text, new_text = (
        old_line[4 : len(old_line) - cut],
        new_line[4 : len(new_line) - cut],
    )
    old, new = names.stripped(names.single(old_text), names.single(new_text))
    # GNU diff -N names a file that is not there, with the time zero.
    if old is not None and _EPOCH.search(old_text) and first.startswith(b"@@ -0,0 "):
        old = None
    if new is not None and _EPOCH.search(new_text) and b" +0,0 @@" in first:
        new = None
    hunks, spans = read_hunks(cursor, spool, crlf=crlf)
    section = Section(hunks=hunks, spans=spans, crlf=crlf)
    if old is None:
        section = replace(section, status="A", old_mode=MODE_ABSENT)
    elif new is None:
        section = replace(section, status="D", new_mode=MODE_ABSENT)
    # Two names (file.orig and file): tools take the one that exists; the new one counts.
    name = names.check(new if new is not None else old or b"")
    return replace(section, path=name, old_path=None if old is None else name)


def _git(cursor: Cursor, spool: Spool) -> Section:
    header = _Header(cursor)
    header.read()
    section = header.section()
    if cursor.peek().startswith(b"GIT binary patch"):
        begin = cursor.at
        _skip_binary(cursor)
        return replace(section, binary=(begin, cursor.at))
    hunks, spans = read_hunks(cursor, spool, crlf=header.crlf)
    return replace(section, hunks=hunks, spans=spans, withheld=header.withheld)


class _Header:
    """The extended header lines of a ``diff --git`` section."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        line = cursor.take()
        self.crlf = line.endswith(b"\r")
        self.withheld = False
        self._both = names.pair(self._value(line, 11))
        self._fields: dict[bytes, bytes] = {}

    def _value(self, line: bytes, start: int) -> bytes:
        return line[start:-1] if self.crlf and line.endswith(b"\r") else line[start:]

    def read(self) -> None:
        """Take the header lines."""
        while not self._cursor.ended:
            line = self._cursor.peek()
            key = next((key for key in _KEYS if line.startswith(key)), None)
            if key is None:
                return
            if key in self._fields:
                raise self._cursor.error("a header line stands there twice")
            if key == b"--- " and not plain_header(self._cursor):
                return
            self._fields[key] = self._value(line, len(key))
            self.withheld |= key == b"Binary files "
            self._cursor.take()

    def section(self) -> Section:
        """Return what the header says, without hunks."""
        field = self._fields
        index = _INDEX.fullmatch(field.get(b"index ", b""))
        old_id, new_id, both_mode = index.groups(b"") if index else (b"", b"", b"")
        mode = int(both_mode, 8) if both_mode else MODE_FILE
        old_mode, new_mode = (
            self._mode(b"old mode ", mode),
            self._mode(b"new mode ", mode),
        )
        status: Status = "M"
        if b"new file mode " in field:
            status, old_mode, new_mode = (
                "A",
                MODE_ABSENT,
                self._mode(b"new file mode ", mode),
            )
        elif b"deleted file mode " in field:
            status, old_mode = "D", self._mode(b"deleted file mode ", mode)
            new_mode = MODE_ABSENT
        elif b"rename to " in field:
            status = "R"
        elif b"copy to " in field:
            status = "C"
        old, new = self._names(status)
        return Section(
            path=old if status == "D" else new,
            old_path=None if status == "A" else old,
            status=status,
            old_mode=old_mode,
            new_mode=new_mode,
            old_oid=old_id.decode() if old_id.strip(b"0") else "",
            new_oid=new_id.decode() if new_id.strip(b"0") else "",
            crlf=self.crlf,
        )

    def _mode(self, key: bytes, default: int) -> int:
        text = self._fields.get(key)
        if text is None:
            return default
        if len(text) != 6 or text.strip(b"01234567"):
            raise self._cursor.error("a file mode that cannot be read")
        return int(text, 8)

    def _names(self, status: Status) -> tuple[bytes, bytes]:
        """Return the old and the new name; what different lines say must agree."""
        field = self._fields
        old: set[bytes] = set()
        new: set[bytes] = set()
        if status in "RC":
            kind = b"rename" if status == "R" else b"copy"
            old.add(names.single(field.get(kind + b" from ", b"")))
            new.add(names.single(field[kind + b" to "]))
        elif self._both is not None:
            first, second = self._both
            cut = 2 if names.prefixed(first, second) else 0
            old.add(first[cut:])
            new.add(second[cut:])
        if b"+++ " in field:
            before, after = field.get(b"--- ", b""), field[b"+++ "]
            found = names.stripped(names.single(before), names.single(after))
            if (found[0] is None and status != "A") or (
                found[1] is None and status != "D"
            ):
                raise self._cursor.error(
                    "the header does not say whether the file is there"
                )
            old.update(name for name in found[:1] if name is not None)
            new.update(name for name in found[1:] if name is not None)
        if status not in "RC":
            old = new = old | new
        if len(old) != 1 or len(new) != 1:
            raise self._cursor.error("the file's name is not clear from its header")
        return names.check(next(iter(old))), names.check(next(iter(new)))


_KEYS = (
    b"old mode ", b"new mode ", b"deleted file mode ", b"new file mode ", b"copy from ",
    b"copy to ", b"rename from ", b"rename to ", b"similarity index ", b"dissimilarity index ",
    b"index ", b"--- ", b"+++ ", b"Binary files ",
)  # fmt: skip


def _skip_binary(cursor: Cursor) -> None:
    """Take a binary patch: a block for the way forth and mostly one for the way back."""
    cursor.take()
    while cursor.peek().startswith((b"literal ", b"delta ")):
        while not cursor.ended and cursor.peek().strip():
            cursor.take()
        cursor.take()
