"""Tests beside changed code: counted before and after, and those that no longer count."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zt_gate.syntax.paths import facts, is_any
from zt_gate.syntax.text import decode_lossy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.change import FileChange, Line
    from zt_gate.model.finding import Finding
    from zt_gate.scanners.tampering.comparison import Look

_REMOVED = "tampering/tests-removed"
_SKIPPED = "tampering/tests-skipped"
#: So many assertions fewer are told even where no test is gone.
_ASSERTIONS = 3
#: For how many single tests a table of cases may stand.
_CASES = 4
_TABLE = re.compile(
    r"parametrize\b|\.(?:each|for)\b\s*[(`]|\bsubTest\(|\bt\.Run\(|@given\b"
)
_TITLE = re.compile(r"[\"'`]([^\"'`\n]{1,300})[\"'`]")
_GUARD = re.compile(
    r"\s*(?:\}\s*)?(?:if|elif|else|except|case|default|switch|with|for|while)\b"
)
_BELOW = re.compile(r"\s*(?:async\s+)?(?:def|class)\s")
_ABOVE = re.compile(r"\s*(?:async\s+)?def\s|func\s")
_REACH = 40


def findings(look: Look) -> Iterator[Finding]:
    """Yield tests that go, per language, and tests that are skipped."""
    rules = _Rules.of(look)
    tallies: dict[str, _Tally] = {}
    for file in look.change.files:
        language = rules.language(file.path)
        if language is None or file.is_submodule or file.is_symlink:
            continue
        tally = tallies.setdefault(language, _Tally())
        if is_any(file.path, "test"):
            tally.tests(file, rules, language)
            yield from _skipped(look, file, rules, language)
        else:
            tally.code(file)
    for language, tally in tallies.items():
        yield from tally.findings(look, language)


@dataclass(frozen=True, slots=True)
class _Rules:
    """The patterns of both rules, by language."""

    tests: Mapping[str, re.Pattern[str]]
    assertions: Mapping[str, re.Pattern[str]]
    hollow: Mapping[str, re.Pattern[str]]
    skips: Mapping[str, re.Pattern[str]]
    only: Mapping[str, re.Pattern[str]]

    @classmethod
    def of(cls, look: Look) -> _Rules:
        """Compile what the rules' data say."""
        data = {**look.data(_REMOVED), **look.data(_SKIPPED)}
        tables = ("tests", "assertions", "hollow", "skips", "only")
        return cls(
            *(
                {key: re.compile(text) for key, text in data[name].items()}
                for name in tables
            )
        )

    def language(self, path: bytes) -> str | None:
        """Return the language of a file, None where it is none of these."""
        kinds = facts(path).kinds
        return next((language for language in self.tests if language in kinds), None)


@dataclass(slots=True)
class _Tally:
    """What one language's files gain and lose."""

    gone: Counter[str] = field(default_factory=Counter)
    came: Counter[str] = field(default_factory=Counter)
    code_gone: int = 0
    code_came: int = 0
    worst: tuple[int, bytes] = (0, b"")

    def code(self, file: FileChange) -> None:
        """Count the lines of a file that is no test."""
        self.code_gone += sum(hunk.removed.lines for hunk in file.hunks)
        self.code_came += sum(hunk.added.lines for hunk in file.hunks)

    def tests(self, file: FileChange, rules: _Rules, language: str) -> None:
        """Count the tests and assertions of a file."""
        gone = _count(file.removed_lines(), rules, language)
        came = _count(file.added_lines(), rules, language)
        self.gone += gone
        self.came += came
        loss = sum(gone[key] - came[key] for key in ("tests", "assertions"))
        self.worst = max(self.worst, (loss, file.path))

    def findings(self, look: Look, language: str) -> Iterator[Finding]:
        """Yield one finding where tests went, and code changed that did not go with them."""
        tests = self.gone["tests"] - self.came["tests"] - _CASES * self.came["tables"]
        assertions = self.gone["assertions"] - self.came["assertions"]
        # Whole features go with their tests.
        changed = self.code_came > 0 and self.code_came >= self.code_gone
        hollow = self.came["hollow"] > self.gone["hollow"] and assertions > 0
        # As many tests as before with fewer words are a clean-up, not a loss.
        fewer = tests > 0 or (
            assertions >= _ASSERTIONS and self.gone["tests"] >= self.came["tests"]
        )
        if not changed or not (fewer or hollow) or not self.worst[1]:
            return
        told = [
            f"{self.gone[key]} {key} go and {self.came[key]} come"
            for key in ("tests", "assertions")
        ]
        if hollow:
            told.append(f"{self.came['hollow']} of them hold nothing")
        message = f"{', '.join(told)}, while {self.code_came} lines of {language} code are new"
        yield look.on_file(_REMOVED, self.worst[1], message, subject=message)


def _count(lines: Iterator[Line], rules: _Rules, language: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for line in lines:
        text = decode_lossy(line.data[:2000])
        found["tests"] += rules.tests[language].search(text) is not None
        found["tables"] += _TABLE.search(text) is not None
        if rules.hollow[language].search(text):
            found["hollow"] += 1
        else:
            found["assertions"] += rules.assertions[language].search(text) is not None
    return found


def _skipped(
    look: Look, file: FileChange, rules: _Rules, language: str
) -> Iterator[Finding]:
    """Yield added lines that silence a test which was there before, or all others."""
    skips, only = rules.skips[language], rules.only[language]
    hits = []
    for line in file.added_lines():
        text = decode_lossy(line.data[:2000])
        if only.search(text):
            yield look.on_line(
                _SKIPPED, file.path, line, "every other test of the file is silent"
            )
        elif file.old is not None and skips.search(text):
            hits.append(line)
    if not hits:
        return
    place = _Place.of(look, file)
    for line in hits:
        if place.silences_known(line, language):
            message = "a test that ran before this change does not count any more"
            yield look.on_line(_SKIPPED, file.path, line, message)


@dataclass(frozen=True, slots=True)
class _Place:
    """The new file around a skip, and what the change removes from the old one."""

    rows: tuple[str, ...]
    added: frozenset[int]
    removed: str
    gone: frozenset[str]

    @classmethod
    def of(cls, look: Look, file: FileChange) -> _Place:
        """Read the new side."""
        gone = [decode_lossy(line.data[:2000]) for line in file.removed_lines()]
        return cls(
            tuple((look.new(file) or "").split("\n")),
            frozenset(line.number for line in file.added_lines()),
            "\n".join(gone),
            frozenset(row.strip() for row in gone),
        )

    def silences_known(self, line: Line, language: str) -> bool:
        """Whether the test that a line skips was there before."""
        text = decode_lossy(line.data[:2000])
        if language == "javascript":
            title = _TITLE.search(text)
            return title is not None and title[1] in self.removed
        if text.lstrip().startswith("@"):
            return self._is_known(self._near(line.number, _BELOW, range(1, _REACH)))
        if re.match(r"\S", text):  # a mark for the whole module
            return True
        above = next(
            (row for row in reversed(self.rows[: line.number - 1]) if row.strip()), ""
        )
        if _GUARD.match(above):
            return False
        return self._is_known(self._near(line.number, _ABOVE, range(-1, -_REACH, -1)))

    def _near(self, number: int, pattern: re.Pattern[str], steps: range) -> int | None:
        """Return the number of the nearest line that fits."""
        for step in steps:
            at = number - 1 + step
            if 0 <= at < len(self.rows) and pattern.match(self.rows[at]):
                return at + 1
        return None

    def _is_known(self, number: int | None) -> bool:
        if number is None:
            return False
        return number not in self.added or self.rows[number - 1].strip() in self.gone
