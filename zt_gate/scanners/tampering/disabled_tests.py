"""Tests that are removed, emptied or skipped while code changes."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.record import dataclass, field
from zt_gate.syntax.paths import facts, is_any
from zt_gate.syntax.text import decode_lossy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.change import FileChange, Line
    from zt_gate.model.finding import Finding
    from zt_gate.scanners.tampering.comparison import Comparison

_REMOVED = "tampering/tests-removed"
_SKIPPED = "tampering/tests-skipped"
#: Lost assertions that are reported even if no test is removed.
_MIN_ASSERTIONS = 3
#: Single tests that one table of cases may replace.
_TESTS_PER_TABLE = 4
_TABLE = lazy_re.compile(
    r"parametrize\b|\.(?:each|for)\b\s*[(`]|\bsubTest\(|\bt\.Run\(|@given\b"
)
_TITLE = lazy_re.compile(r"[\"'`]([^\"'`\n]{1,300})[\"'`]")
_GUARD = lazy_re.compile(
    r"\s*(?:\}\s*)?(?:if|elif|else|except|case|default|switch|with|for|while)\b"
)
_DECORATED = lazy_re.compile(r"\s*(?:async\s+)?(?:def|class)\s")
_ENCLOSING = lazy_re.compile(r"\s*(?:async\s+)?def\s|func\s")
#: Lines around a skip that are searched for its test.
_REACH = 40
#: Bytes of a line.
_MAX_LENGTH = 2000


def findings(comparison: Comparison) -> Iterator[Finding]:
    """Yield removed tests, one finding for each language, and skipped tests."""
    patterns = _Patterns.of(comparison)
    tallies: dict[str, _Tally] = {}
    for file in comparison.change.files:
        language = patterns.language(file.path)
        if language is None or file.is_submodule or file.is_symlink:
            continue
        tally = tallies.setdefault(language, _Tally())
        if is_any(file.path, "test"):
            tally.add_tests(file, patterns, language)
            yield from _skipped(comparison, file, patterns, language)
        else:
            tally.add_code(file)
    for language, tally in tallies.items():
        yield from tally.findings(comparison, language)


@dataclass(frozen=True, slots=True)
class _Patterns:
    """The patterns of both rules, by language."""

    tests: Mapping[str, re.Pattern[str]]
    assertions: Mapping[str, re.Pattern[str]]
    hollow: Mapping[str, re.Pattern[str]]
    skips: Mapping[str, re.Pattern[str]]
    only: Mapping[str, re.Pattern[str]]

    @classmethod
    def of(cls, comparison: Comparison) -> _Patterns:
        """Compile the patterns in the rules' data."""
        removed = comparison.data(_REMOVED)
        skipped = comparison.data(_SKIPPED)
        return cls(
            tests=_compiled(removed["tests"]),
            assertions=_compiled(removed["assertions"]),
            hollow=_compiled(removed["hollow"]),
            skips=_compiled(skipped["skips"]),
            only=_compiled(skipped["only"]),
        )

    def language(self, path: bytes) -> str | None:
        """Return the language of a file, None if it is not one of these."""
        kinds = facts(path).kinds
        return next((language for language in self.tests if language in kinds), None)


def _compiled(table: Mapping[str, str]) -> dict[str, re.Pattern[str]]:
    return {language: lazy_re.compile(pattern) for language, pattern in table.items()}


@dataclass(slots=True)
class _Tally:
    """The tests, assertions and lines that the files of one language gain and lose."""

    removed: Counter[str] = field(default_factory=Counter)
    added: Counter[str] = field(default_factory=Counter)
    code_removed: int = 0
    code_added: int = 0
    #: The largest loss of one file, and its path.
    worst: tuple[int, bytes] = (0, b"")

    def add_code(self, file: FileChange) -> None:
        """Count the lines of a file without tests."""
        self.code_removed += sum(hunk.removed.lines for hunk in file.hunks)
        self.code_added += sum(hunk.added.lines for hunk in file.hunks)

    def add_tests(self, file: FileChange, patterns: _Patterns, language: str) -> None:
        """Count the tests and assertions of a file."""
        removed = _count(file.removed_lines(), patterns, language)
        added = _count(file.added_lines(), patterns, language)
        self.removed += removed
        self.added += added
        loss = sum(removed[key] - added[key] for key in ("tests", "assertions"))
        self.worst = max(self.worst, (loss, file.path))

    def findings(self, comparison: Comparison, language: str) -> Iterator[Finding]:
        """Yield one finding if tests were removed and the code they test may remain."""
        # A change that removes more code than it adds may remove a feature with its tests.
        code_remains = self.code_added > 0 and self.code_added >= self.code_removed
        has_hollow = self._has_hollow_tests()
        if not code_remains or not (self._lost_tests() or has_hollow):
            return
        path = self.worst[1]
        if not path:
            return
        counts = [
            f"{self.removed[key]} {key} removed and {self.added[key]} added"
            for key in ("tests", "assertions")
        ]
        if has_hollow:
            counts.append(f"{self.added['hollow']} of them check nothing")
        message = (
            f"{', '.join(counts)}, while {self.code_added} lines of {language} code "
            "were added"
        )
        yield comparison.on_file(_REMOVED, path, message, subject=message)

    def _lost_tests(self) -> bool:
        replaced = self.added["tests"] + _TESTS_PER_TABLE * self.added["tables"]
        if self.removed["tests"] > replaced:
            return True
        # As many tests with fewer assertions are a clean-up, not a loss.
        no_more_tests = self.removed["tests"] >= self.added["tests"]
        return no_more_tests and self._lost_assertions >= _MIN_ASSERTIONS

    def _has_hollow_tests(self) -> bool:
        more_hollow = self.added["hollow"] > self.removed["hollow"]
        return more_hollow and self._lost_assertions > 0

    @property
    def _lost_assertions(self) -> int:
        return self.removed["assertions"] - self.added["assertions"]


def _count(lines: Iterator[Line], patterns: _Patterns, language: str) -> Counter[str]:
    """Count the tests, assertions, hollow assertions and tables of cases in lines."""
    counts: Counter[str] = Counter()
    for line in lines:
        text = decode_lossy(line.data[:_MAX_LENGTH])
        counts["tests"] += patterns.tests[language].search(text) is not None
        counts["tables"] += _TABLE.search(text) is not None
        if patterns.hollow[language].search(text):
            counts["hollow"] += 1
        elif patterns.assertions[language].search(text):
            counts["assertions"] += 1
    return counts


def _skipped(
    comparison: Comparison, file: FileChange, patterns: _Patterns, language: str
) -> Iterator[Finding]:
    """Yield added lines that skip an existing test, or all other tests of the file."""
    skip_lines = []
    for line in file.added_lines():
        text = decode_lossy(line.data[:_MAX_LENGTH])
        if patterns.only[language].search(text):
            message = "only this test runs; all other tests of the file are skipped"
            yield comparison.on_line(_SKIPPED, file.path, line, message)
        elif file.old is not None and patterns.skips[language].search(text):
            skip_lines.append(line)
    if not skip_lines:
        return
    context = _SkipContext.of(comparison, file)
    for line in skip_lines:
        if context.skips_existing(line, language):
            message = "a test that ran before this change is now skipped or ignored"
            yield comparison.on_line(_SKIPPED, file.path, line, message)


@dataclass(frozen=True, slots=True)
class _SkipContext:
    """The new file around a skip, and the lines that the change removes.

    ``rows`` are the lines of the new file; ``added`` has the 1-based numbers of
    added lines; ``removed`` is the removed text and ``removed_rows`` its lines.
    """

    rows: tuple[str, ...]
    added: frozenset[int]
    removed: str
    removed_rows: frozenset[str]

    @classmethod
    def of(cls, comparison: Comparison, file: FileChange) -> _SkipContext:
        """Read the new content of a file."""
        removed = [
            decode_lossy(line.data[:_MAX_LENGTH]) for line in file.removed_lines()
        ]
        return cls(
            rows=tuple((comparison.new(file) or "").split("\n")),
            added=frozenset(line.number for line in file.added_lines()),
            removed="\n".join(removed),
            removed_rows=frozenset(row.strip() for row in removed),
        )

    def skips_existing(self, line: Line, language: str) -> bool:
        """Whether the test that a line skips existed before the change."""
        text = decode_lossy(line.data[:_MAX_LENGTH])
        if language == "javascript":
            title = _TITLE.search(text)
            return title is not None and title[1] in self.removed
        if text.lstrip().startswith("@"):
            test = self._nearest(line.number, _DECORATED, range(1, _REACH))
            return self._existed(test)
        if re.match(r"\S", text):  # a mark of the whole module
            return True
        if _GUARD.match(self._row_above(line.number)):  # skipped under a condition
            return False
        test = self._nearest(line.number, _ENCLOSING, range(-1, -_REACH, -1))
        return self._existed(test)

    def _row_above(self, number: int) -> str:
        """Return the nearest line above that is not blank, "" if there is none."""
        for row in reversed(self.rows[: number - 1]):
            if row.strip():
                return row
        return ""

    def _nearest(
        self, number: int, pattern: re.Pattern[str], steps: range
    ) -> int | None:
        """Return the number of the nearest line that matches."""
        for step in steps:
            index = number - 1 + step
            if 0 <= index < len(self.rows) and pattern.match(self.rows[index]):
                return index + 1
        return None

    def _existed(self, number: int | None) -> bool:
        if number is None:
            return False
        return (
            number not in self.added
            or self.rows[number - 1].strip() in self.removed_rows
        )
