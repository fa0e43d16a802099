"""Version ranges of several package managers, as far as a lock file is compared with them.

Only ranges of plain numbers are judged.  A pre-release, a branch, a tag, a stability flag
or any other form gives None: no judgement.
"""

from __future__ import annotations

from typing import Literal

from zt_gate import lazy_re
from zt_gate.record import dataclass

#: The numbers of a version, without zeros at the end.
Numbers = tuple[int, ...]
#: A range: its lowest version, and the lowest version above it (None: no upper bound).
_Range = tuple[Numbers, "Numbers | None"]

_PLAIN = lazy_re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,5})\Z")
_TERM = lazy_re.compile(
    r"(~>|[~^]|>=|<=|!=|==?|[<>]|)\s*v?(\d{1,9}(?:\.\d{1,9}){0,5})((?:\.[*xX])*)\Z"
)
_ANY = frozenset(("*", "x", "X", ""))
_OPERATOR_AND_BLANK = lazy_re.compile(r"(~>|[~^]|>=|<=|!=|==?|[<>])\s+")
_INTERVAL = lazy_re.compile(
    r"([\[(])\s*(\d{1,9}(?:\.\d{1,9}){0,5})?\s*(,?)\s*(\d{1,9}(?:\.\d{1,9}){0,5})?\s*([\])])\Z"
)


@dataclass(frozen=True, slots=True)
class RangeDialect:
    """How a package manager reads ranges.

    ``bare``: what a version without an operator allows.  ``tilde``: ``~1.2`` allows
    every ``1.2.x`` (``minor``) or all below the next number before the last (``last``).
    ``separators`` are the signs between conditions that must all hold.
    """

    bare: Literal["exact", "caret", "minimum"] = "exact"
    tilde: Literal["minor", "last"] = "minor"
    separators: str = ","


CARGO = RangeDialect(bare="caret")
COMPOSER = RangeDialect(tilde="last", separators=", ")
GEM = RangeDialect(tilde="last")
POETRY = RangeDialect()


def in_range(version: str, text: str, dialect: RangeDialect) -> bool | None:
    """Return whether a version is in a range; None if either has an unsupported form."""
    numbers = numbers_of(version)
    if numbers is None:
        return None
    results = [
        _in_all(numbers, alternative, dialect)
        for alternative in text.replace("||", "|").split("|")
    ]
    if None in results:
        return None
    return any(results)


def in_interval(version: str, text: str) -> bool | None:
    """Return whether a version is in an interval such as ``[1.0, 2.0)``, as NuGet writes it.

    A bare version is the lowest one that is allowed.
    """
    numbers = numbers_of(version)
    minimum = numbers_of(text.strip())
    if numbers is None:
        return None
    if minimum is not None:
        return numbers >= minimum
    match = _INTERVAL.match(text.strip())
    if match is None:
        return None
    opening, low, comma, high, closing = match.groups()
    if not comma:
        return numbers == _trimmed(low) if low and not high else None
    is_above = not low or (
        numbers >= _trimmed(low) if opening == "[" else numbers > _trimmed(low)
    )
    is_below = not high or (
        numbers <= _trimmed(high) if closing == "]" else numbers < _trimmed(high)
    )
    return is_above and is_below


def numbers_of(version: str) -> Numbers | None:
    """Return the numbers of a plain version, None for any other."""
    match = _PLAIN.match(version.strip())
    return None if match is None else _trimmed(match[1])


def _trimmed(text: str) -> Numbers:
    numbers = [int(part) for part in text.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _in_all(numbers: Numbers, text: str, dialect: RangeDialect) -> bool | None:
    """Return whether a version meets every condition of one alternative."""
    words = _OPERATOR_AND_BLANK.sub(r"\1", text.strip())
    if " - " in words and " " in dialect.separators:
        return None
    for separator in dialect.separators:
        words = words.replace(separator, "\n")
    terms = [word.strip() for word in words.split("\n") if word.strip()]
    result = True
    for term in terms or ["*"]:
        is_met = _meets(numbers, term, dialect)
        if is_met is None:
            return None
        result = result and is_met
    return result


def _meets(numbers: Numbers, term: str, dialect: RangeDialect) -> bool | None:
    if term in _ANY:
        return True
    match = _TERM.match(term)
    if match is None:
        return None
    operator, written, wildcard = match.groups()
    own = _trimmed(written)
    parts = [int(part) for part in written.split(".")]
    if wildcard:
        if operator not in {"", "=", "=="}:
            return None
        return _is_between(numbers, (own, _next(parts, len(parts))))
    if operator == "!=":
        return numbers != own
    if operator in {">", "<", ">=", "<="}:
        return _compare(numbers, operator, own)
    if operator == "^" or (not operator and dialect.bare == "caret"):
        return _is_between(numbers, (own, _above_caret(parts)))
    if operator in {"~", "~>"}:
        return _is_between(numbers, (own, _above_tilde(parts, dialect)))
    return numbers == own


def _compare(numbers: Numbers, operator: str, bound: Numbers) -> bool:
    if operator == ">":
        return numbers > bound
    if operator == "<":
        return numbers < bound
    return numbers >= bound if operator == ">=" else numbers <= bound


def _is_between(numbers: Numbers, bounds: _Range) -> bool:
    low, above = bounds
    return numbers >= low and (above is None or numbers < above)


def _next(parts: list[int], count: int) -> Numbers | None:
    """Return the lowest version above all that begin with the first ``count`` numbers."""
    if not count:
        return None
    return (*parts[: count - 1], parts[count - 1] + 1)


def _above_caret(parts: list[int]) -> Numbers | None:
    """Return the upper bound of ``^``: the first number that is not zero stays equal."""
    for position, number in enumerate(parts):
        if number:
            return _next(parts, position + 1)
    return _next(parts, len(parts))


def _above_tilde(parts: list[int], dialect: RangeDialect) -> Numbers | None:
    if dialect.tilde == "minor":
        return _next(parts, min(2, len(parts)))
    return _next(parts, max(1, len(parts) - 1))
