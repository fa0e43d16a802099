"""Which lines of a change the trusted side already had.

An ignore on a line, or an entry of the baseline, is a "yes" to something that a
person has seen.  It must hold for code that is moved or re-indented, and must
not hold for what the change writes itself: so the line, and the mark beside it,
have to stand in the trusted file already, and not more often in the new one.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.model.change import ContentUnavailableError
from zt_gate.policy.inline_ignores import find_inline_ignores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zt_gate.model.change import ChangeSet, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.model.scanner import ScannerInfo
    from zt_gate.policy.inline_ignores import InlineIgnore

#: Files whose lines are kept at a time: findings come file by file.
_KEPT = 8


class MatchedIgnore(NamedTuple):
    """A mark that speaks of a finding.

    ``path`` and ``line`` are its place on the trusted side, None where it is
    not there: then it came with the change.
    """

    mark: InlineIgnore
    path: bytes
    line: int | None


class _Sides(NamedTuple):
    new: list[bytes]
    old_path: bytes
    old: list[bytes]
    old_count: Counter[bytes]
    new_count: Counter[bytes]


class PreexistingLines:
    """Both sides of the changed files, read when a finding asks.

    ``trusted_file`` gives a file of the trusted side, None where it has none;
    ``scanners`` are the registered ones by name.
    """

    def __init__(
        self,
        change: ChangeSet,
        trusted_file: Callable[[bytes], bytes | None],
        scanners: Mapping[str, ScannerInfo],
    ) -> None:
        self._files = {file.path: file for file in change.files}
        self._whole = change.kind == "tree"
        self._trusted_file = trusted_file
        self._scanners = scanners
        self._sides: dict[bytes, _Sides | None] = {}

    def is_new(self, finding: Finding) -> bool:
        """Whether the change brings the finding, although its fingerprint may be an old one.

        It does where the finding's line stands more often than on the trusted
        side.  What stands on no line, or cannot be read, is judged by its fingerprint
        alone, unless it is something that the change alone made (see ``_is_made``).
        """
        place = finding.location
        if self._is_made(finding):
            return True
        if place.kind != "line" or place.path is None or place.line is None:
            return False
        sides = self._of(place.path)
        if sides is None:
            return False
        line = _plain(_line(sides.new, place.line))
        return sides.new_count[line] > sides.old_count[line]

    def _is_made(self, finding: Finding) -> bool:
        """Whether a scanner tells the finding only where the trusted side has none like it.

        An entry of a manifest is told where its source changed, and its lines may
        be others than the one that names it; a finding on a line that is no added
        one is told where the change made it possible.
        """
        place = finding.location
        if self._whole or place.path is None:
            return False
        scanner = self._scanners.get(finding.scanner)
        if scanner is not None and scanner.reports_additions:
            return finding.rule not in scanner.reports_unchanged
        if place.kind != "file":
            return False
        file = self._files.get(place.path)
        return place.line is not None or (
            file is not None and self._trusted_file(file.old_path or file.path) is None
        )

    def marks(self, finding: Finding) -> Iterator[MatchedIgnore]:
        """Yield the marks on the finding's lines, and on the line above, that speak of its rule."""
        place = finding.location
        scanner = self._scanners.get(finding.scanner)
        if (
            scanner is None
            or place.kind != "line"
            or place.path is None
            or place.line is None
        ):
            return
        sides = self._of(place.path)
        if sides is None:
            return
        last = min(place.end_line or place.line, place.line + 20)
        for number in range(place.line - 1, last + 1):
            text = _line(sides.new, number)
            for mark in find_inline_ignores(text):
                if mark.covers(finding, scanner) and (
                    mark.below == (number < place.line)
                ):
                    yield MatchedIgnore(
                        mark, sides.old_path, _trusted_line(sides, number, place.line)
                    )

    def _of(self, path: bytes) -> _Sides | None:
        if path not in self._sides:
            if len(self._sides) >= _KEPT:
                del self._sides[next(iter(self._sides))]
            file = self._files.get(path)
            self._sides[path] = None if file is None else self._read(file)
        return self._sides[path]

    def _read(self, file: FileChange) -> _Sides | None:
        if file.new is None:
            return None
        try:
            new = file.new.read().split(b"\n")
        except ContentUnavailableError:
            return None
        # A copy writes every line of the other file once more.
        name = file.path if file.status == "C" else file.old_path or file.path
        old = (self._trusted_file(name) or b"").split(b"\n")
        return _Sides(
            new, name, old, Counter(map(_plain, old)), Counter(map(_plain, new))
        )


def _trusted_line(sides: _Sides, number: int, found: int) -> int | None:
    """Return where the trusted side has both the mark's line and the found one beside it."""
    mark, line = _plain(_line(sides.new, number)), _plain(_line(sides.new, found))
    if any(sides.new_count[text] > sides.old_count[text] for text in (mark, line)):
        return None
    step = found - number
    for at, text in enumerate(sides.old, 1):
        if _plain(text) == mark and _plain(_line(sides.old, at + step)) == line:
            return at
    return None


def _line(lines: list[bytes], number: int) -> bytes:
    return lines[number - 1] if 0 < number <= len(lines) else b""


def _plain(line: bytes) -> bytes:
    return b" ".join(line.split())
