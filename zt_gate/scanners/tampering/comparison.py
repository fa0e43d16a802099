"""The comparison of old and new content that all parts of the scanner share."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.model.change import ContentUnavailableError
from zt_gate.model.finding import Evidence, Location
from zt_gate.model.report import NotInspected
from zt_gate.record import dataclass, field
from zt_gate.syntax.text import decode_lossy

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zt_gate.model.change import Blob, ChangeSet, FileChange, Line
    from zt_gate.model.finding import Finding, Level
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import Context

_CHUNK = 1 << 20
#: Bytes shared by neighbouring chunks, more than the longest word that is searched for.
_OVERLAP = 64
#: Characters at the start and at the end of a long line that rules look at.
_REACH = 4000


@dataclass(slots=True)
class Comparison:
    """One scan of one change; collects the files that could not be read."""

    change: ChangeSet
    context: Context
    not_inspected: dict[bytes, NotInspected] = field(default_factory=dict)

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules by id."""
        return self.context.rules

    def data(self, rule: str) -> Mapping[str, Any]:
        """Return the data of a rule, such as its patterns."""
        return self.rules[rule].data

    def old(self, file: FileChange) -> str | None:
        """Return the old content; None if there was none or it cannot be read (noted)."""
        return self._text(file, file.old)

    def new(self, file: FileChange) -> str | None:
        """Return the new content; None if there is none or it cannot be read (noted)."""
        return self._text(file, file.new)

    def _text(self, file: FileChange, blob: Blob | None) -> str | None:
        if blob is None:
            return None
        data = self.read(file, blob)
        return None if data is None else decode_lossy(data)

    def read(self, file: FileChange, blob: Blob | None) -> bytes | None:
        """Return the content of a side of ``file``; None if it cannot be read (noted)."""
        try:
            if blob is None:
                raise ContentUnavailableError("the content of the file is not known")
            return blob.read()
        except ContentUnavailableError as error:
            skipped = NotInspected(file.path, "failed", str(error))
            self.not_inspected.setdefault(file.path, skipped)
            return None

    def on_file(
        self,
        rule: str,
        path: bytes,
        message: str,
        *,
        subject: str = "",
        level: Level | None = None,
    ) -> Finding:
        """Return a finding about a file as a whole."""
        return self.rules[rule].finding(
            Location("file", path), message, subject=subject, level=level
        )

    def on_line(
        self,
        rule: str,
        path: bytes,
        line: Line,
        message: str,
        *,
        span: tuple[int, int] | None = None,
        level: Level | None = None,
        subject: str = "",
    ) -> Finding:
        """Return a finding about an added line; ``span`` are offsets in its ``line_text``.

        The subject is the line, unless ``subject`` is given.
        """
        text = line_text(line.data)
        start, end = span or (len(text) - len(text.lstrip()), len(text.rstrip()))
        if not start < end <= len(text):
            start, end = 0, len(text)
        location = Location("line", path, line.number, start + 1, line.number, end + 1)
        if len(line.data) > 2 * _REACH:  # columns of a shortened line would be wrong
            location = Location("line", path, line.number)
        return self.rules[rule].finding(
            location,
            message,
            evidence=Evidence(text, start, end),
            subject=subject or text.strip(),
            level=level,
        )

    def without_moved(
        self, added: Sequence[tuple[FileChange, Line]]
    ) -> list[tuple[FileChange, Line]]:
        """Return the added lines, except those that the change removes at another place."""
        if not added:
            return []
        contents = {line.data.strip() for _, line in added}
        removed: Counter[bytes] = Counter()
        for file in self.change.files:
            for line in file.removed_lines():
                content = line.data.strip()
                if content in contents:
                    removed[content] += 1
        arrived = []
        for file, line in added:
            content = line.data.strip()
            if removed[content] > 0:
                removed[content] -= 1
            else:
                arrived.append((file, line))
        return arrived


def line_text(data: bytes) -> str:
    """Return a line as text; a very long line without its middle."""
    if len(data) > 2 * _REACH:
        data = data[:_REACH] + b" " + data[-_REACH:]
    return decode_lossy(data).rstrip("\r")


def mentions_any(
    file: FileChange, words: Iterable[bytes], *, removed: bool = False
) -> bool:
    """Whether the added (or removed) bytes contain one of the lower-case words."""
    wanted = tuple(words)
    for hunk in file.hunks:
        body = hunk.removed if removed else hunk.added
        for offset in range(0, body.length, _CHUNK):
            size = min(_CHUNK + _OVERLAP, body.length - offset)
            chunk = body.store.read(body.offset + offset, size).lower()
            if any(word in chunk for word in wanted):
                return True
    return False


def any_of(patterns: Iterable[str], flags: int = 0) -> re.Pattern[str]:
    """Return one pattern that matches what any of the patterns matches."""
    return lazy_re.compile("|".join(f"(?:{pattern})" for pattern in patterns), flags)


def count_entries(text: str | None) -> Counter[str]:
    """Return the entries of a settings file, without blank lines and comments, with counts."""
    rows = (line.strip() for line in (text or "").split("\n"))
    return Counter(row for row in rows if row and not row.startswith(("#", "//", ";")))


def added_entry_lines(file: FileChange, entries: Iterable[str]) -> Iterator[Line]:
    """Yield the added lines that consist of one of the entries."""
    wanted = {entry.encode("utf-8", "surrogateescape") for entry in entries}
    for line in file.added_lines():
        if line.data.strip() in wanted:
            yield line
