"""Search for the well-known name that a name resembles, by the names alone.

The names that one slip (a typing error or an imitation) makes into the given one are
looked up among the most used names of the ecosystem; this takes about a millisecond.
The rule ``dependencies/similar-name`` says how much a slip counts: for each
ecosystem, each kind and each of two grades the minimum length of the name, and the
lowest rank that the well-known name may have.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from zt_gate.ecosystems import ecosystem_named
from zt_gate.record import dataclass
from zt_gate.scanners.dependencies.name_edits import SEPARATOR_CHARACTERS
from zt_gate.scanners.dependencies.name_slips import NameSlips

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zt_gate.scanners.dependencies.name_edits import Slips
    from zt_gate.scanners.dependencies.name_snapshot import Snapshot

#: ``high`` is reported by the name alone, ``low`` only with evidence from the registry.
Grade = Literal["high", "low"]

_MIN_LENGTH = 3
_MAX_LENGTH = 64
#: Minimum length of a name for two slips to count.
_MIN_LENGTH_FOR_TWO = 7
#: Kinds of slips within one word.
_EDITS = ("added", "moved", "omitted", "repeated", "replaced", "swapped", "twice")
#: A first word, or several, that many well-known names share says nothing about a name.
_MIN_LENGTH_OF_FAMILY = 6
_MIN_SIZE_OF_FAMILY = 25


@dataclass(frozen=True, slots=True)
class SimilarName:
    """A well-known name that another name resembles; ``slip`` is a key of the rule's table."""

    name: str
    rank: int
    slip: str
    grade: Grade


@dataclass(frozen=True)
class NameMatcher:
    """The well-known names of one ecosystem, and the tables of the rule."""

    snapshot: Snapshot
    data: Mapping[str, Any]

    def most_similar(self, key: str) -> SimilarName | None:
        """Return the well-known name that a normalised name resembles most.

        None for a name that is well known itself or resembles none.
        """
        lower = key.lower()
        if not lower.isascii() or self.snapshot.rank(lower):
            return None
        if not _MIN_LENGTH <= len(lower) <= _MAX_LENGTH:
            return None
        if self._slips.is_of_known_scope(lower):
            return None
        best = self._best(lower, self._slips.single(lower))
        is_certain = best is not None and best.grade == "high"
        if is_certain or len(lower) < _MIN_LENGTH_FOR_TWO:
            return best
        other = self._best(lower, self._slips.double(lower))
        if best is None or (other is not None and other.grade == "high"):
            return other
        return best

    @cached_property
    def _slips(self) -> NameSlips:
        has_scopes = ecosystem_named(self.snapshot.ecosystem).scoped_names
        return NameSlips(self.snapshot.names, self.data["words"], has_scopes)

    def _best(self, key: str, slips: Slips) -> SimilarName | None:
        similar: list[SimilarName] = []
        for slip, name in slips:
            rank = self.snapshot.rank(name)
            grade = self._grade(slip, len(key), rank)
            if grade is not None:
                # Searching the names for a family is slow, and rarely needed.
                length = self._distinctive_length(slip, key, name)
                grade = self._grade(slip, length, rank)
            if grade is not None:
                similar.append(SimilarName(name, rank, slip, grade))
        return min(
            similar, key=lambda item: (item.grade != "high", item.rank), default=None
        )

    def _distinctive_length(self, slip: str, key: str, name: str) -> int:
        """Return the length of a name without the words that it shares with many others.

        ``types-boto3-dms`` is no misspelt ``types-boto3-kms``: the last words differ.
        """
        if not slip.startswith(_EDITS):
            return len(key)
        family = _common_words(key, name)
        if len(family) < _MIN_LENGTH_OF_FAMILY:
            return len(key)
        members = self.snapshot.body.count(b"\n%s" % family.encode("ascii"))
        return len(key) - (len(family) if members >= _MIN_SIZE_OF_FAMILY else 0)

    def _grade(self, slip: str, length: int, rank: int) -> Grade | None:
        """Return the grade of a slip by the rule's limits: pairs of a length and a last rank."""
        by_slip: Mapping[str, Mapping[str, Sequence[Sequence[int]]]] = self.data[
            "slips"
        ].get(self.snapshot.ecosystem, {})
        limits_by_grade = by_slip.get(slip, {})
        grades: tuple[Grade, ...] = ("high", "low")
        for grade in grades:
            for min_length, last_rank in limits_by_grade.get(grade, ()):
                if length >= min_length and rank <= last_rank:
                    return grade
        return None


def _common_words(one: str, other: str) -> str:
    """Return the words with which both names begin, with the last separator."""
    end = 0
    for at, (letter, char) in enumerate(zip(one, other, strict=False), 1):
        if letter != char:
            break
        if letter in SEPARATOR_CHARACTERS:
            end = at
    return one[:end]
