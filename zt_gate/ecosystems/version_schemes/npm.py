"""npm's versions and ranges (semver)."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from zt_gate import lazy_re

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.registries.base import Project, Release

_PART = r"(\d{1,16}|[xX*])"
_SEMVER = lazy_re.compile(
    rf"[v=]{{0,2}}{_PART}(?:\.{_PART})?(?:\.{_PART})?(?:-([0-9A-Za-z.-]{{1,200}}))?(?:\+\S{{1,200}})?\Z"
)
_EXACT = lazy_re.compile(
    r"[v=]{0,2}(\d{1,16}\.\d{1,16}\.\d{1,16}(?:-[0-9A-Za-z.-]{1,200})?)\Z"
)
_SPACED = lazy_re.compile(r"(\^|~>?|[<>]=?|=)\s{1,20}")


#: A sort key: the numbers, whether it is a release, and the parts of its pre-release.
Key = tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]
#: A range: the lowest version in it, and the lowest version above it.
Range = tuple[Key, Key]


def pinned_version(constraint: str) -> str:
    """Return the version that a constraint pins, "" if it allows several."""
    match = _EXACT.match(constraint.strip())
    return match[1] if match is not None else ""


def select_release(constraint: str, project: Project) -> Release | None:
    """Return the release that an installation selects today, None if unknown."""
    releases = {release.version: release for release in project.releases}
    text = constraint.strip()
    if text in {"", "*", "latest", "x"}:
        return releases.get(project.latest)
    pinned = pinned_version(text)
    if pinned:
        return releases.get(pinned)
    ranges = list(_ranges(text))
    if not ranges:
        return None
    # npm prefers the version tagged "latest" to newer ones in the range.
    latest = sort_key(project.latest)
    if latest is not None and _is_allowed(latest, ranges):
        return releases.get(project.latest)
    allowed: list[tuple[Key, Release]] = []
    for release in project.releases:
        key = sort_key(release.version)
        if key is not None and _is_allowed(key, ranges):
            allowed.append((key, release))
    if not allowed:
        return None
    _, newest = max(allowed, key=itemgetter(0))
    return newest


def in_range(version: str, text: str) -> bool | None:
    """Return whether a version is in a range; None if the range is not supported.

    A pre-release of an upper bound counts as lower than the bound.
    """
    key, ranges = sort_key(version), list(_ranges(text))
    alternative_count = text.count("||") + 1
    if key is None or not ranges or len(ranges) < alternative_count:
        return None
    return any(low <= key < _as_release(high) for low, high in ranges)


def sort_key(version: str) -> Key | None:
    """Return a key that orders versions, None for an invalid version."""
    match = _EXACT.match(version.partition("+")[0])
    if match is None:
        return None
    numbers, _, prerelease = match[1].partition("-")
    major, minor, patch = (int(number) for number in numbers.split("."))
    parts = tuple(_prerelease_key(part) for part in prerelease.split(".") if prerelease)
    return (major, minor, patch), not prerelease, parts


def _prerelease_key(part: str) -> tuple[bool, int, str]:
    """Return the key of one part: numbers come before words."""
    is_number = part.isdigit()
    return not is_number, int(part) if is_number else 0, part


def _is_allowed(key: Key, ranges: Sequence[Range]) -> bool:
    """Return whether npm takes a version: a pre-release only with its bound's numbers."""
    numbers, is_release, _ = key
    return any(
        low <= key < high and (is_release or low[0] == numbers) for low, high in ranges
    )


def _ranges(text: str) -> Iterator[Range]:
    """Yield the range of each alternative; stops at a tag or an unsupported form."""
    for alternative in text.split("||")[:_MAX_ALTERNATIVES]:
        hyphen_range = alternative.strip().split(" - ")
        comparators = _SPACED.sub(r"\1", alternative).split()
        if len(hyphen_range) == 2:
            first, last = hyphen_range
            comparators = [f">={first.strip()}", f"<={last.strip()}"]
        low, high = _ZERO, _UNBOUNDED
        for comparator in comparators:
            bounds = _bounds(comparator)
            if bounds is None:
                return
            low, high = max(low, bounds[0]), min(high, bounds[1])
        yield low, high


def _bounds(comparator: str) -> Range | None:
    """Return the range of one comparator, None for an unsupported one."""
    operator = next(sign for sign in _OPERATORS if comparator.startswith(sign))
    match = _SEMVER.match(comparator[len(operator) :])
    if match is None:
        return None
    numbers = [int(part) for part in match.groups()[:3] if part and part.isdigit()]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    prerelease = match[4]
    suffix = f"-{prerelease}" if prerelease else ""
    own = sort_key(f"{major}.{minor}.{patch}{suffix}")
    assert own is not None
    after = _after(len(numbers), major, minor, patch)
    if operator == ">=":
        return own, _UNBOUNDED
    if operator == ">":
        is_full_prerelease = len(numbers) == 3 and bool(prerelease)
        return own if is_full_prerelease else _as_release(after), _UNBOUNDED
    if operator == "<":
        return _ZERO, own if prerelease else _before_prereleases(own)
    if operator == "<=":
        return _ZERO, after
    if operator == "^":
        return own, _after_caret(numbers, major, minor, patch)
    if operator in {"~", "~>"}:
        return own, _after(min(2, len(numbers)), major, minor, patch)
    return own, after


def _release(major: int, minor: int, patch: int) -> Key:
    return (major, minor, patch), True, ()


def _before_prereleases(key: Key) -> Key:
    """Return the bound below every pre-release of a version."""
    return key[0], False, ()


def _as_release(key: Key) -> Key:
    """Return the key of the release with the same numbers."""
    return key[0], True, ()


_OPERATORS = (">=", "<=", "~>", ">", "<", "^", "~", "")
_MAX_ALTERNATIVES = 20
_ZERO = _release(0, 0, 0)
_UNBOUNDED = _release(1 << 60, 0, 0)


def _after(count: int, major: int, minor: int, patch: int) -> Key:
    """Return the bound above all versions with the same first ``count`` numbers."""
    if count == 0:
        return _UNBOUNDED
    if count == 1:
        return _before_prereleases(_release(major + 1, 0, 0))
    if count == 2:
        return _before_prereleases(_release(major, minor + 1, 0))
    return _before_prereleases(_release(major, minor, patch + 1))


def _after_caret(numbers: Sequence[int], major: int, minor: int, patch: int) -> Key:
    """Return the upper bound of ``^``: the first number that is not zero stays equal."""
    count = len(numbers)
    if major or count < 2:
        return _after(min(1, count), major, minor, patch)
    if minor or count < 3:
        return _after(2, major, minor, patch)
    return _after(3, major, minor, patch)
