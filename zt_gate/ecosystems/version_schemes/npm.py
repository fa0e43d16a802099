"""npm's versions and ranges."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.registries.base import Project, Release

_PART = r"(\d{1,16}|[xX*])"
_SEMVER = re.compile(
    rf"[v=]{{0,2}}{_PART}(?:\.{_PART})?(?:\.{_PART})?(?:-([0-9A-Za-z.-]{{1,200}}))?(?:\+\S{{1,200}})?\Z"
)
_EXACT = re.compile(
    r"[v=]{0,2}(\d{1,16}\.\d{1,16}\.\d{1,16}(?:-[0-9A-Za-z.-]{1,200})?)\Z"
)
_SPACED = re.compile(r"(\^|~>?|[<>]=?|=)\s{1,20}")
_ENDLESS = 1 << 60


#: (major, minor, patch), then whether it is a release, then the pre-release's parts.
Key = tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]


def pinned_version(constraint: str) -> str:
    """Return the version that a constraint pins, "" where it leaves a choice."""
    match = _EXACT.match(constraint.strip())
    return match[1] if match is not None else ""


def select_release(constraint: str, project: Project) -> Release | None:
    """Return the release that is installed today, None where that cannot be told."""
    by_name = {release.version: release for release in project.releases}
    text = constraint.strip()
    if text in {"", "*", "latest", "x"}:
        return by_name.get(project.latest)
    pinned = pinned_version(text)
    if pinned:
        return by_name.get(pinned)
    fits = list(_ranges(text))
    if not fits:
        return None
    # npm takes what is tagged "latest" where it fits, else the newest that does.
    latest = sort_key(project.latest)
    if latest is not None and _allowed(latest, fits):
        return by_name.get(project.latest)
    keyed = [
        (key, one)
        for one in project.releases
        if (key := sort_key(one.version)) is not None
    ]
    usable = [pair for pair in keyed if _allowed(pair[0], fits)]
    return max(usable, key=lambda pair: pair[0])[1] if usable else None


def in_range(version: str, text: str) -> bool | None:
    """Say whether a version lies in a range; None where that is too odd to tell.

    A pre-release of an upper bound is taken to lie below it.
    """
    key, ranges = sort_key(version), list(_ranges(text))
    if key is None or not ranges or len(ranges) < text.count("||") + 1:
        return None
    return any(low <= key < _least(high) for low, high in ranges)


def sort_key(version: str) -> Key | None:
    """Return what orders versions, None for what is no version."""
    match = _EXACT.match(version.partition("+")[0])
    if match is None:
        return None
    numbers, _, before = match[1].partition("-")
    major, minor, patch = (int(number) for number in numbers.split("."))
    parts = tuple(
        (not part.isdigit(), int(part) if part.isdigit() else 0, part)
        for part in before.split(".")
        if before
    )
    return (major, minor, patch), not before, parts


def _allowed(key: Key, ranges: Sequence[tuple[Key, Key]]) -> bool:
    """Say whether a version lies in one of the ranges; a pre-release only beside its bound."""
    return any(
        low <= key < high and (key[1] or low[0] == key[0]) for low, high in ranges
    )


def _ranges(text: str) -> Iterator[tuple[Key, Key]]:
    """Yield ``(from, below)`` for each alternative; nothing for a tag or a range too odd."""
    for alternative in text.split("||")[:20]:
        hyphen = alternative.strip().split(" - ")
        words = _SPACED.sub(r"\1", alternative).split()
        if len(hyphen) == 2:
            words = [f">={hyphen[0].strip()}", f"<={hyphen[1].strip()}"]
        low, high = _release(0, 0, 0), _release(_ENDLESS, 0, 0)
        for word in words:
            bounds = _bounds(word)
            if bounds is None:
                return
            low, high = max(low, bounds[0]), min(high, bounds[1])
        yield low, high


def _bounds(word: str) -> tuple[Key, Key] | None:
    for operator in (">=", "<=", "~>", ">", "<", "^", "~", ""):
        if word.startswith(operator):
            break
    match = _SEMVER.match(word[len(operator) :])
    if match is None:
        return None
    numbers = [int(part) for part in match.groups()[:3] if part and part.isdigit()]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    own = sort_key(f"{major}.{minor}.{patch}" + (f"-{match[4]}" if match[4] else ""))
    assert own is not None
    after = _after(len(numbers), major, minor, patch)
    endless = _release(_ENDLESS, 0, 0)
    if operator == ">=":
        return own, endless
    if operator == ">":
        return (_least(after) if len(numbers) < 3 or not match[4] else own), endless
    if operator == "<":
        return _release(0, 0, 0), own if match[4] else _before(own)
    if operator == "<=":
        return _release(0, 0, 0), after
    if operator == "^":
        return own, _caret(numbers, major, minor, patch)
    if operator in {"~", "~>"}:
        return own, _after(min(2, len(numbers)), major, minor, patch)
    return own, after


def _release(major: int, minor: int, patch: int) -> Key:
    return (major, minor, patch), True, ()


def _before(key: Key) -> Key:
    """Return the bound below every pre-release of a version."""
    return key[0], False, ()


def _least(key: Key) -> Key:
    return key[0], True, ()


def _after(count: int, major: int, minor: int, patch: int) -> Key:
    """Return the bound above everything that begins with the first ``count`` numbers."""
    if count == 0:
        return _release(_ENDLESS, 0, 0)
    if count == 1:
        return _before(_release(major + 1, 0, 0))
    if count == 2:
        return _before(_release(major, minor + 1, 0))
    return _before(_release(major, minor, patch + 1))


def _caret(numbers: Sequence[int], major: int, minor: int, patch: int) -> Key:
    """Return the bound of ``^``: the first number that is not zero may not change."""
    if major or len(numbers) < 2:
        return _after(min(1, len(numbers)), major, minor, patch)
    if minor or len(numbers) < 3:
        return _after(2, major, minor, patch)
    return _after(3, major, minor, patch)
