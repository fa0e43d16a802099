"""What every part of the scanner shares: the change, both sides as text, findings."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zt_gate.model.change import ContentUnavailableError
from zt_gate.model.finding import Evidence, Location
from zt_gate.model.report import NotInspected
from zt_gate.syntax.text import decode_lossy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zt_gate.model.change import Blob, ChangeSet, FileChange, Line
    from zt_gate.model.finding import Finding, Level
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import Context

_CHUNK = 1 << 20
_OVERLAP = 64
#: Characters of a line that rules look at: the start and the end of a longer one.
_REACH = 4000


@dataclass(slots=True)
class Look:
    """One scan of one change."""

    change: ChangeSet
    context: Context
    missed: dict[bytes, NotInspected] = field(default_factory=dict)

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules by id."""
        return self.context.rules

    def data(self, rule: str) -> Mapping[str, Any]:
        """Return what a rule's file says besides its text."""
        return self.rules[rule].data

    def old(self, file: FileChange) -> str | None:
        """Return the old content; None where there was none or it cannot be read (noted)."""
        return self._text(file, file.old)

    def new(self, file: FileChange) -> str | None:
        """Return the new content; None where there is none or it cannot be read (noted)."""
        return self._text(file, file.new)

    def _text(self, file: FileChange, blob: Blob | None) -> str | None:
        if blob is None:
            return None
        try:
            return decode_lossy(blob.read())
        except ContentUnavailableError as error:
            self.missed.setdefault(
                file.path, NotInspected(file.path, "failed", str(error))
            )
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
        """Make a finding about a file as a whole."""
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
        """Make a finding about an added line; ``span`` counts in the text of ``shown``.

        What was found is the line, unless ``subject`` says more.
        """
        text = shown(line.data)
        start, end = span or (len(text) - len(text.lstrip()), len(text.rstrip()))
        if not start < end <= len(text):
            start, end = 0, len(text)
        place = Location("line", path, line.number, start + 1, line.number, end + 1)
        if len(line.data) > 2 * _REACH:  # columns of a shortened line would be wrong
            place = Location("line", path, line.number)
        return self.rules[rule].finding(
            place,
            message,
            evidence=Evidence(text, start, end),
            subject=subject or text.strip(),
            level=level,
        )

    def arrived(
        self, found: Sequence[tuple[FileChange, Line]]
    ) -> list[tuple[FileChange, Line]]:
        """Return those added lines that the change does not remove elsewhere: they were moved."""
        if not found:
            return []
        wanted = {line.data.strip() for _, line in found}
        gone: Counter[bytes] = Counter()
        for file in self.change.files:
            for line in file.removed_lines():
                if (bare := line.data.strip()) in wanted:
                    gone[bare] += 1
        kept = []
        for file, line in found:
            bare = line.data.strip()
            if gone[bare] > 0:
                gone[bare] -= 1
            else:
                kept.append((file, line))
        return kept


def shown(data: bytes) -> str:
    """Return a line as text, without its middle where it is very long: marks stand at an end."""
    if len(data) > 2 * _REACH:
        data = data[:_REACH] + b" " + data[-_REACH:]
    return decode_lossy(data).rstrip("\r")


def speaks(
    file: FileChange, literals: Iterable[bytes], *, removed: bool = False
) -> bool:
    """Whether the added (or removed) bytes hold one of the lower-case words at all."""
    words = tuple(literals)
    for hunk in file.hunks:
        body = hunk.removed if removed else hunk.added
        for offset in range(0, body.length, _CHUNK):
            size = min(_CHUNK + _OVERLAP, body.length - offset)
            piece = body.store.read(body.offset + offset, size).lower()
            if any(word in piece for word in words):
                return True
    return False


def either(patterns: Iterable[str], flags: int = 0) -> re.Pattern[str]:
    """Return one pattern for several."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), flags)


def entries(text: str | None) -> Counter[str]:
    """Return the lines of a settings file that say something, with how often they stand there."""
    rows = (line.strip() for line in (text or "").split("\n"))
    return Counter(row for row in rows if row and not row.startswith(("#", "//", ";")))


def rows_added(file: FileChange, wanted: Iterable[str]) -> Iterator[Line]:
    """Yield the added lines that say one of ``wanted``."""
    rows = {row.encode("utf-8", "surrogateescape") for row in wanted}
    for line in file.added_lines():
        if line.data.strip() in rows:
            yield line
