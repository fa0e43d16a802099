"""Exceptions: marks on lines, and the files in which other scanners keep theirs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.model.finding import Level
from zt_gate.scanners.tampering import path_kinds
from zt_gate.scanners.tampering.comparison import (
    Look,
    either,
    entries,
    rows_added,
    shown,
    speaks,
)
from zt_gate.system.cache import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.change import FileChange, Line
    from zt_gate.model.finding import Finding

_ADDED = "tampering/ignore-added"
_FILES = "tampering/scanner-ignores"
#: What counts as a reason: two words, behind the mark.
_REASON = re.compile(r"[^\W\d_]{2,}\W{1,3}[^\W\d_]{2,}")


def findings(look: Look) -> Iterator[Finding]:
    """Yield exceptions that arrive with the change."""
    yield from _marks(look)
    yield from _ignore_files(look)


@dataclass(frozen=True, slots=True)
class _Mark:
    """One kind of mark; ``always`` is told as a warning, whatever stands beside it."""

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
        return cls(
            str(table["name"]),
            tuple(str(word).encode() for word in literals)
            if isinstance(literals, list)
            else (),
            re.compile(str(table["pattern"]), re.IGNORECASE),
            re.compile(str(table["only"])) if "only" in table else None,
            str(table["weakens"]),
            bool(table.get("always")),
        )

    def find(self, text: str) -> re.Match[str] | None:
        found = self.pattern.search(text)
        return (
            found if self.only is None or (found and self.only.search(text)) else None
        )

    def level(self, found: re.Match[str]) -> Level:
        """Return warn, or info for a mark that names its rule and gives its reason.

        Info also where a string of the same line holds it: code that speaks of
        marks.  That is no certainty, so it is told.
        """
        if _is_quoted(found.string, *found.span()):
            return Level.INFO
        named = "rule" in self.pattern.groupindex and found["rule"]
        reason = _REASON.search(found.string, found.end())
        return Level.INFO if named and reason and not self.always else Level.WARN


def _is_quoted(text: str, start: int, end: int) -> bool:
    """Whether a string that opens and closes on this line holds the span."""
    opener, at = "", 0
    while at < start:
        char = text[at]
        if char == "\\":
            at += 1
        elif opener:
            opener = "" if char == opener else opener
        elif char in "\"'`":
            opener = char
        at += 1
    return bool(opener) and opener in text[end:]


@dataclass(frozen=True, slots=True)
class _Hit:
    mark: _Mark
    found: re.Match[str]


def _marks(look: Look) -> Iterator[Finding]:
    kinds = [_Mark.of(table) for table in look.data(_ADDED)["mark"]]
    literals = tuple({word for kind in kinds for word in kind.literals})
    found: list[tuple[FileChange, Line]] = []
    hits: dict[tuple[bytes, int], _Hit] = {}
    for file in look.change.files:
        if (
            file.is_deletion
            or not path_kinds.is_code(file.path)
            or not speaks(file, literals)
        ):
            continue
        for line, hit in _of_file(file, kinds, literals):
            hits[file.path, line.number] = hit
            found.append((file, line))
    for file, line in look.arrived(found):
        hit = hits[file.path, line.number]
        message = f"“{hit.mark.name}” arrives with the change: {hit.mark.weakens}"
        yield look.on_line(
            _ADDED,
            file.path,
            line,
            message,
            span=hit.found.span(),
            level=hit.mark.level(hit.found),
        )


def _of_file(
    file: FileChange, kinds: list[_Mark], literals: tuple[bytes, ...]
) -> Iterator[tuple[Line, _Hit]]:
    """Yield the lines with a mark that the file has more often than before."""
    known: Counter[str] = Counter()
    for line in file.removed_lines():
        for hit in _on(line, kinds, literals):
            known[hit.found[0].strip()] += 1
    for line in file.added_lines():
        for hit in _on(line, kinds, literals):
            if known[hit.found[0].strip()] > 0:
                known[hit.found[0].strip()] -= 1
            else:
                yield line, hit
                break


def _on(line: Line, kinds: list[_Mark], literals: tuple[bytes, ...]) -> Iterator[_Hit]:
    lower = line.data.lower()
    if not any(word in lower for word in literals):
        return
    text = shown(line.data)
    for kind in kinds:
        if any(word in lower for word in kind.literals) and (found := kind.find(text)):
            yield _Hit(kind, found)


def _ignore_files(look: Look) -> Iterator[Finding]:
    names = re.compile(
        "(?:^|/)(?:" + either(look.data(_FILES)["files"]).pattern + r")\Z"
    )
    for file in look.change.files:
        if file.is_deletion or not names.search(file.path.decode("utf-8", "replace")):
            continue
        same = file.old_path is not None and names.search(
            file.old_path.decode("utf-8", "replace")
        )
        added = entries(look.new(file)) - entries(look.old(file) if same else None)
        if not added:
            continue
        first = next(rows_added(file, added), None)
        message = f"{added.total():,} new entries of what a scanner passes over"
        # All of them: an approval is none of what comes next.
        subject = sha256(
            "\n".join(sorted(added.elements())).encode("utf-8", "surrogateescape")
        )
        if first is not None:
            yield look.on_line(_FILES, file.path, first, message, subject=subject)
        else:
            yield look.on_file(_FILES, file.path, message, subject=subject)
