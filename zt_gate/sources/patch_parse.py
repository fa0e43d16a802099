"""Parses the sections of a unified or git patch strictly.

The scan must cover everything that a tool could apply.  So a hunk with too many
lines, a hunk without a file, and formats that only other tools read (context,
normal, combined) are errors, not text to skip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.change import MODE_ABSENT, MODE_FILE
from zt_gate.record import dataclass, replace
from zt_gate.sources import patch_names as names
from zt_gate.sources.patch_hunks import HUNK, plain_header, read_hunks, refuse_encoded

if TYPE_CHECKING:
    from zt_gate.git.spooled_text import Spool
    from zt_gate.model.change import Hunk, Status
    from zt_gate.sources.patch_hunks import Cursor, Span

_INDEX = lazy_re.compile(rb"([0-9a-f]{4,64})\.\.([0-9a-f]{4,64})(?: ([0-7]{6}))?")
_NORMAL = lazy_re.compile(rb"\d{1,18}(?:,\d{1,18})?[acd]\d{1,18}(?:,\d{1,18})?\r?")
# Commands of ed, which GNU patch runs: one or two line numbers and a letter.
_ED = lazy_re.compile(rb"\d{1,18}(?:,\d{1,18})?[acdi]\s*")
_USE_UNIFIED = "create a unified diff: diff -u"
_INDENTED = lazy_re.compile(rb"[ \tX]+--- ")
_EPOCH = lazy_re.compile(rb"\t\s?(?:1970-01-01|1969-12-31|Thu Jan  1 |Wed Dec 31 )")


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a patch that describes one file."""

    path: bytes = b""
    old_path: bytes | None = None
    status: Status = "M"
    old_mode: int = MODE_FILE
    new_mode: int = MODE_FILE
    old_oid: str = ""
    new_oid: str = ""
    hunks: tuple[Hunk, ...] = ()
    spans: tuple[Span, ...] = ()
    #: Whether the lines of the section end with CRLF: one CR belongs to the patch.
    crlf: bool = False
    #: The byte offsets of a binary patch.
    binary: tuple[int, int] | None = None
    #: Whether the patch only says that a binary file differs.
    withheld: bool = False


def read_text(cursor: Cursor) -> bytes:
    """Read one line outside of sections and return it.

    Raises PatchError if another tool could apply it as a change.
    """
    line = cursor.peek()
    if HUNK.match(line):
        raise cursor.error("a hunk without a file name")
    if line.startswith((b"diff --cc ", b"diff --combined ")):
        raise cursor.error("a combined diff is not supported")
    if line.startswith(b"***************"):
        raise cursor.error(f"a context diff is not supported; {_USE_UNIFIED}")
    if _NORMAL.fullmatch(line) and cursor.ahead(2)[1].startswith((b"< ", b"> ")):
        raise cursor.error(f"a diff without context is not supported; {_USE_UNIFIED}")
    if _ED.fullmatch(line):
        raise cursor.error(f"an ed script is not supported; {_USE_UNIFIED}")
    if _is_indented_header(cursor, line):
        raise cursor.error("an indented diff, which some tools would apply")
    refuse_encoded(cursor)
    return cursor.take()


def _is_indented_header(cursor: Cursor, line: bytes) -> bool:
    """Whether a file header begins here, indented in a way that GNU patch ignores."""
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
    old_text = cursor.take().removeprefix(b"--- ")
    new_text = cursor.take().removeprefix(b"+++ ")
    hunk_header = cursor.peek()
    crlf = new_text.endswith(b"\r")
    if crlf:
        old_text, new_text = old_text[:-1], new_text[:-1]
    old, new = names.strip_prefixes(
        names.parse_name(old_text), names.parse_name(new_text)
    )
    # GNU diff -N writes the name of a missing file with the time zero.
    if _EPOCH.search(old_text) and hunk_header.startswith(b"@@ -0,0 "):
        old = None
    if _EPOCH.search(new_text) and b" +0,0 @@" in hunk_header:
        new = None
    hunks, spans = read_hunks(cursor, spool, crlf=crlf)
    section = Section(hunks=hunks, spans=spans, crlf=crlf)
    if old is None:
        section = replace(section, status="A", old_mode=MODE_ABSENT)
    elif new is None:
        section = replace(section, status="D", new_mode=MODE_ABSENT)
    # Of two names (file.orig and file) tools use the existing one; here the new one counts.
    path = names.checked_path(new if new is not None else old or b"")
    return replace(section, path=path, old_path=None if old is None else path)


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
        self._name_pair = names.parse_name_pair(self._value(line, 11))
        self._fields: dict[bytes, bytes] = {}

    def _value(self, line: bytes, start: int) -> bytes:
        if self.crlf:
            line = line.removesuffix(b"\r")
        return line[start:]

    def read(self) -> None:
        """Read the header lines; raises PatchError."""
        while not self._cursor.ended:
            line = self._cursor.peek()
            key = next((key for key in _KEYS if line.startswith(key)), None)
            if key is None:
                return
            if key in self._fields:
                raise self._cursor.error("a header line is repeated")
            if key == b"--- " and not plain_header(self._cursor):
                return
            self._fields[key] = self._value(line, len(key))
            self.withheld |= key == b"Binary files "
            self._cursor.take()

    def section(self) -> Section:
        """Return the section that the header describes, without hunks; raises PatchError."""
        index = _INDEX.fullmatch(self._fields.get(b"index ", b""))
        old_oid, new_oid, index_mode = index.groups(b"") if index else (b"", b"", b"")
        mode = int(index_mode, 8) if index_mode else MODE_FILE
        status = self._status()
        old_mode = self._mode(b"old mode ", mode)
        new_mode = self._mode(b"new mode ", mode)
        if status == "A":
            old_mode = MODE_ABSENT
            new_mode = self._mode(b"new file mode ", mode)
        elif status == "D":
            old_mode = self._mode(b"deleted file mode ", mode)
            new_mode = MODE_ABSENT
        old, new = self._names(status)
        return Section(
            path=old if status == "D" else new,
            old_path=None if status == "A" else old,
            status=status,
            old_mode=old_mode,
            new_mode=new_mode,
            old_oid=_unless_null(old_oid),
            new_oid=_unless_null(new_oid),
            crlf=self.crlf,
        )

    def _status(self) -> Status:
        for key, status in _STATUS_KEYS:
            if key in self._fields:
                return status
        return "M"

    def _mode(self, key: bytes, default: int) -> int:
        text = self._fields.get(key)
        if text is None:
            return default
        if len(text) != 6 or text.strip(b"01234567"):
            raise self._cursor.error("invalid file mode")
        return int(text, 8)

    def _names(self, status: Status) -> tuple[bytes, bytes]:
        """Return the old and the new name, on which all header lines must agree."""
        fields = self._fields
        old: set[bytes] = set()
        new: set[bytes] = set()
        if status in "RC":
            kind = b"rename" if status == "R" else b"copy"
            old.add(names.parse_name(fields.get(kind + b" from ", b"")))
            new.add(names.parse_name(fields[kind + b" to "]))
        elif self._name_pair is not None:
            first, second = self._name_pair
            prefix = 2 if names.has_prefixes(first, second) else 0
            old.add(first[prefix:])
            new.add(second[prefix:])
        if b"+++ " in fields:
            before, after = names.strip_prefixes(
                names.parse_name(fields.get(b"--- ", b"")),
                names.parse_name(fields[b"+++ "]),
            )
            self._check_existence(status, before, after)
            if before is not None:
                old.add(before)
            if after is not None:
                new.add(after)
        if status not in "RC":
            old = new = old | new
        if len(old) != 1 or len(new) != 1:
            raise self._cursor.error("the file's name is not clear from its header")
        return names.checked_path(next(iter(old))), names.checked_path(next(iter(new)))

    def _check_existence(
        self, status: Status, before: bytes | None, after: bytes | None
    ) -> None:
        """Raise PatchError if /dev/null contradicts the status."""
        if (before is None and status != "A") or (after is None and status != "D"):
            raise self._cursor.error("the header does not say whether the file exists")


def _unless_null(oid: bytes) -> str:
    return oid.decode() if oid.strip(b"0") else ""


_KEYS = (
    b"old mode ", b"new mode ", b"deleted file mode ", b"new file mode ", b"copy from ",
    b"copy to ", b"rename from ", b"rename to ", b"similarity index ", b"dissimilarity index ",
    b"index ", b"--- ", b"+++ ", b"Binary files ",
)  # fmt: skip
_STATUS_KEYS: tuple[tuple[bytes, Status], ...] = (
    (b"new file mode ", "A"),
    (b"deleted file mode ", "D"),
    (b"rename to ", "R"),
    (b"copy to ", "C"),
)


def _skip_binary(cursor: Cursor) -> None:
    """Skip a binary patch: a forward block and usually a reverse block."""
    cursor.take()
    while cursor.peek().startswith((b"literal ", b"delta ")):
        while not cursor.ended and cursor.peek().strip():
            cursor.take()
        cursor.take()
