"""Finds the lines of a change that the trusted side already had.

An ignore on a line, or an entry of the baseline, waives a finding that a person has
seen.  It must apply to code that is moved or re-indented, but not to code that the
change adds.  The line and its ignore must therefore be in the trusted file, and the
new file must not contain them more often.
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

#: Number of files whose lines are cached: findings arrive file by file.
_MAX_CACHED = 8


class MatchedIgnore(NamedTuple):
    """An ignore comment that applies to a finding.

    ``path`` and ``line`` (1-based) locate it on the trusted side; ``line`` is None if
    the change adds it.
    """

    ignore: InlineIgnore
    path: bytes
    line: int | None


class _Sides(NamedTuple):
    """The lines of both sides of a file, and how often each line occurs."""

    new: list[bytes]
    old_path: bytes
    old: list[bytes]
    old_count: Counter[bytes]
    new_count: Counter[bytes]


class PreexistingLines:
    """Compares the lines of changed files with the trusted side; reads files on demand.

    ``trusted_file`` returns the content of a file on the trusted side, None if it does
    not exist; ``scanners`` are the registered ones by name.
    """

    def __init__(
        self,
        change: ChangeSet,
        trusted_file: Callable[[bytes], bytes | None],
        scanners: Mapping[str, ScannerInfo],
    ) -> None:
        self._files = {file.path: file for file in change.files}
        self._is_tree = change.kind == "tree"
        self._trusted_file = trusted_file
        self._scanners = scanners
        self._sides: dict[bytes, _Sides | None] = {}

    def is_new(self, finding: Finding) -> bool:
        """Whether the change adds the finding, even if its fingerprint is an old one.

        The change adds it if the finding's line occurs more often than on the trusted
        side.  For a finding without a line, or in an unreadable file, only the
        fingerprint counts, unless the change alone caused it (``_is_caused_by_change``).
        """
        location = finding.location
        if self._is_caused_by_change(finding):
            return True
        if location.kind != "line" or location.path is None or location.line is None:
            return False
        sides = self._sides_of(location.path)
        if sides is None:
            return False
        line = _normalized(_line(sides.new, location.line))
        return sides.new_count[line] > sides.old_count[line]

    def _is_caused_by_change(self, finding: Finding) -> bool:
        """Whether the scanner reports such a finding only if the change causes it.

        A scanner reports an entry of a manifest if its source changed, which may be
        on another line than its name; and it reports a finding on an old line if the
        change made it possible.
        """
        location = finding.location
        if self._is_tree or location.path is None:
            return False
        scanner = self._scanners.get(finding.scanner)
        if scanner is not None and scanner.reports_additions:
            return finding.rule not in scanner.reports_unchanged
        if location.kind != "file":
            return False
        if location.line is not None:
            return True
        file = self._files.get(location.path)
        if file is None:
            return False
        return self._trusted_file(file.old_path or file.path) is None

    def matching_ignores(self, finding: Finding) -> Iterator[MatchedIgnore]:
        """Yield the ignores that apply to a finding: on its lines and on the line above."""
        location = finding.location
        scanner = self._scanners.get(finding.scanner)
        if scanner is None or location.kind != "line":
            return
        if location.path is None or location.line is None:
            return
        sides = self._sides_of(location.path)
        if sides is None:
            return
        first = location.line
        last = min(location.end_line or first, first + 20)
        for number in range(first - 1, last + 1):
            is_above = number < first
            for ignore in find_inline_ignores(_line(sides.new, number)):
                if ignore.below == is_above and ignore.covers(finding, scanner):
                    trusted_line = _trusted_line(sides, number, first)
                    yield MatchedIgnore(ignore, sides.old_path, trusted_line)

    def _sides_of(self, path: bytes) -> _Sides | None:
        if path in self._sides:
            return self._sides[path]
        if len(self._sides) >= _MAX_CACHED:
            oldest = next(iter(self._sides))
            del self._sides[oldest]
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
        old_path = file.old_path or file.path
        if file.status == "C":
            # A copy adds every line of its source again.
            old_path = file.path
        old = (self._trusted_file(old_path) or b"").split(b"\n")
        old_count = Counter(map(_normalized, old))
        new_count = Counter(map(_normalized, new))
        return _Sides(new, old_path, old, old_count, new_count)


def _trusted_line(sides: _Sides, ignore_line: int, finding_line: int) -> int | None:
    """Return the trusted line with the ignore, None if the change adds it.

    The line of the finding must be at the same distance from it as in the new file.
    """
    ignore_text = _normalized(_line(sides.new, ignore_line))
    finding_text = _normalized(_line(sides.new, finding_line))
    for text in (ignore_text, finding_text):
        if sides.new_count[text] > sides.old_count[text]:
            return None
    distance = finding_line - ignore_line
    for number, old_line in enumerate(sides.old, 1):
        if _normalized(old_line) != ignore_text:
            continue
        if _normalized(_line(sides.old, number + distance)) == finding_text:
            return number
    return None


def _line(lines: list[bytes], number: int) -> bytes:
    """Return the line with a 1-based number, empty outside of the file."""
    if 0 < number <= len(lines):
        return lines[number - 1]
    return b""


def _normalized(line: bytes) -> bytes:
    """Return a line without indentation and with single spaces."""
    return b" ".join(line.split())
