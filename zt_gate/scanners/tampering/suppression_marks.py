"""Exceptions from other scanners: marks on lines, and their ignore files."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.finding import Level
from zt_gate.record import dataclass
from zt_gate.scanners.tampering import path_kinds
from zt_gate.scanners.tampering.comparison import (
    Comparison,
    added_entry_lines,
    any_of,
    count_entries,
    line_text,
    mentions_any,
)
from zt_gate.system.cache import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.change import FileChange, Line
    from zt_gate.model.finding import Finding

_ADDED = "tampering/ignore-added"
_FILES = "tampering/scanner-ignores"
#: A reason after a mark: at least two words.
_REASON = lazy_re.compile(r"[^\W\d_]{2,}\W{1,3}[^\W\d_]{2,}")


def findings(comparison: Comparison) -> Iterator[Finding]:
    """Yield exceptions that the change adds."""
    yield from _marks(comparison)
    yield from _ignore_files(comparison)


@dataclass(frozen=True, slots=True)
class _Mark:
    """One kind of mark; with ``always`` it is a warning even with a rule and a reason."""

    name: str
    literals: tuple[bytes, ...]
    pattern: re.Pattern[str]
    only: re.Pattern[str] | None
    weakens: str
    always: bool

    @classmethod
    def of(cls, table: Mapping[str, object]) -> _Mark:
        """Read a ``[[rule.mark]]``."""
        literals = table["literals"]
        words = literals if isinstance(literals, list) else []
        return cls(
            name=str(table["name"]),
            literals=tuple(str(word).encode() for word in words),
            pattern=lazy_re.compile(str(table["pattern"]), re.IGNORECASE),
            only=lazy_re.compile(str(table["only"])) if "only" in table else None,
            weakens=str(table["weakens"]),
            always=bool(table.get("always")),
        )

    def find(self, text: str) -> re.Match[str] | None:
        match = self.pattern.search(text)
        if match and (self.only is None or self.only.search(text)):
            return match
        return None

    def level(self, match: re.Match[str]) -> Level:
        """Return the level of a mark: warn, or info if it is justified or quoted.

        A mark with its rule and a reason is justified.  A mark in a string on the
        same line is probably code about marks, so it is still reported.
        """
        if _is_quoted(match.string, *match.span()):
            return Level.INFO
        if self.always:
            return Level.WARN
        has_rule = "rule" in self.pattern.groupindex and match["rule"]
        has_reason = _REASON.search(match.string, match.end())
        return Level.INFO if has_rule and has_reason else Level.WARN


def _is_quoted(text: str, start: int, end: int) -> bool:
    """Whether the span is in a string that begins and ends on this line."""
    quote = ""
    index = 0
    while index < start:
        char = text[index]
        if char == "\\":
            index += 1
        elif char == quote:
            quote = ""
        elif not quote and char in "\"'`":
            quote = char
        index += 1
    return bool(quote) and quote in text[end:]


@dataclass(frozen=True, slots=True)
class _Hit:
    """A mark on a line."""

    mark: _Mark
    match: re.Match[str]

    @property
    def text(self) -> str:
        return self.match[0].strip()


class _MarkFinder:
    """Finds all kinds of marks on lines."""

    def __init__(self, marks: list[_Mark]) -> None:
        self._marks = marks
        #: One of these words is in every line with a mark.
        self.words = tuple({word for mark in marks for word in mark.literals})

    def on_line(self, line: Line) -> Iterator[_Hit]:
        """Yield the marks on a line."""
        lower = line.data.lower()
        if not any(word in lower for word in self.words):
            return
        text = line_text(line.data)
        for mark in self._marks:
            if any(word in lower for word in mark.literals):
                match = mark.find(text)
                if match:
                    yield _Hit(mark, match)

    def added(self, file: FileChange) -> Iterator[tuple[Line, _Hit]]:
        """Yield the first mark of each line that the file has more often than before."""
        removed = Counter(
            hit.text for line in file.removed_lines() for hit in self.on_line(line)
        )
        for line in file.added_lines():
            for hit in self.on_line(line):
                if removed[hit.text] > 0:
                    removed[hit.text] -= 1
                else:
                    yield line, hit
                    break


def _marks(comparison: Comparison) -> Iterator[Finding]:
    finder = _MarkFinder([_Mark.of(table) for table in comparison.data(_ADDED)["mark"]])
    lines: list[tuple[FileChange, Line]] = []
    hits: dict[tuple[bytes, int], _Hit] = {}
    for file in comparison.change.files:
        if file.is_deletion or not path_kinds.is_code(file.path):
            continue
        if not mentions_any(file, finder.words):
            continue
        for line, hit in finder.added(file):
            hits[file.path, line.number] = hit
            lines.append((file, line))
    for file, line in comparison.without_moved(lines):
        hit = hits[file.path, line.number]
        message = f"the change adds “{hit.mark.name}”: {hit.mark.weakens}"
        yield comparison.on_line(
            _ADDED,
            file.path,
            line,
            message,
            span=hit.match.span(),
            level=hit.mark.level(hit.match),
        )


def _ignore_files(comparison: Comparison) -> Iterator[Finding]:
    patterns = any_of(comparison.data(_FILES)["files"]).pattern
    names = lazy_re.compile(rf"(?:^|/)(?:{patterns})\Z")
    for file in comparison.change.files:
        if file.is_deletion or not _matches(names, file.path):
            continue
        was_ignore_file = file.old_path is not None and _matches(names, file.old_path)
        old = comparison.old(file) if was_ignore_file else None
        added = count_entries(comparison.new(file)) - count_entries(old)
        if not added:
            continue
        message = f"{added.total():,} new entries in a scanner's ignore file"
        # The subject has all entries, so that an approval does not cover later ones.
        entries = "\n".join(sorted(added.elements()))
        subject = sha256(entries.encode("utf-8", "surrogateescape"))
        first = next(added_entry_lines(file, added), None)
        if first is not None:
            yield comparison.on_line(_FILES, file.path, first, message, subject=subject)
        else:
            yield comparison.on_file(_FILES, file.path, message, subject=subject)


def _matches(names: re.Pattern[str], path: bytes) -> bool:
    return names.search(path.decode("utf-8", "replace")) is not None
