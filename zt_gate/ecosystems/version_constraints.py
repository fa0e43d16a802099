"""Which version a constraint installs: PEP 440 for Python, npm's ranges for npm.

Only as far as the gate needs it: the one version that an exact constraint
names, and the newest of the known releases that fits a range.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.registries.base import Project, Release

_PART = r"(\d{1,16}|[xX*])"
_SEMVER = re.compile(
    rf"[v=]{{0,2}}{_PART}(?:\.{_PART})?(?:\.{_PART})?(?:-([0-9A-Za-z.-]{{1,200}}))?(?:\+\S{{1,200}})?\Z"
)
_EXACT_NPM = re.compile(r"[v=]{0,2}(\d{1,16}\.\d{1,16}\.\d{1,16}(?:-[0-9A-Za-z.-]{1,200})?)\Z")
_EXACT_PYPI = re.compile(r"={0,3}\s{0,3}v?([0-9][0-9A-Za-z.!+_-]{0,100})\Z")
_PLAIN_PYPI = re.compile(r"(\d{1,9}(?:\.\d{1,9}){0,9})((?:a|b|rc|\.dev)\d{1,9})?\Z")
_SPACED = re.compile(r"(\^|~>?|[<>]=?|=)\s{1,20}")
_ENDLESS = 1 << 60

#: (major, minor, patch), then whether it is a release, then the pre-release's parts.
Key = tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]


def exact(ecosystem: str, constraint: str) -> str:
    """Return the version that a constraint pins, "" where it leaves a choice."""
    text = constraint.strip()
    if ecosystem == "npm":
        match = _EXACT_NPM.match(text)
    elif ecosystem in {"pypi", "golang", "maven", "nuget", "gem", "composer", "cargo"}:
        match = _EXACT_PYPI.match(text)
    else:
        match = None
    if match is None or "*" in match[1]:
        return ""
    # A bare version of these is a range or a least version, unless a lock says it.
    return match[1] if ecosystem != "cargo" or text.startswith("=") else ""


def chosen(ecosystem: str, constraint: str, project: Project) -> Release | None:
    """Return the release that is installed today, None where that cannot be told."""
    if ecosystem == "pypi":
        return _pypi(constraint, project.releases)
    if ecosystem == "npm":
        return _npm(constraint, project)
    pinned = exact(ecosystem, constraint)
    return next((one for one in project.releases if one.version == pinned), None)


def in_npm_range(version: str, text: str) -> bool | None:
    """Say whether a version lies in a range; None where that is too odd to tell.

    A pre-release of an upper bound is taken to lie below it.
    """
    key, ranges = _key(version), list(_ranges(text))
    if key is None or not ranges or len(ranges) < text.count("||") + 1:
        return None
    return any(low <= key < _least(high) for low, high in ranges)


def later(ecosystem: str, version: str, candidates: Sequence[str], *, newest: bool = False) -> str:
    """Return the lowest (or the newest) of some versions above ``version``, "" for none.

    Versions that cannot be compared are passed over.
    """
    keyed = [(key, text) for text in candidates if (key := _comparable(ecosystem, text))]
    floor = _comparable(ecosystem, version) if version else None
    above = [pair for pair in keyed if floor is None or pair[0] > floor]
    if not above:
        return ""
    return (max if newest else min)(above, key=lambda pair: pair[0])[1]


def _comparable(ecosystem: str, version: str) -> Any:
    if ecosystem == "npm":
        return _key(version)
    if ecosystem == "pypi":
        from packaging.version import InvalidVersion, Version

        try:
            return Version(version)
        except InvalidVersion:
            return None
    numbers = re.findall(r"\d{1,16}", version)
    return tuple(int(number) for number in numbers[:8]) or None


def _pypi(constraint: str, releases: Sequence[Release]) -> Release | None:
    pinned = exact("pypi", constraint)
    for release in releases:
        if pinned and release.version == pinned:
            return release
    if not constraint.strip():
        newest = _newest_plain(releases)
        if newest is not None:
            return newest
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        fits = SpecifierSet(f"=={pinned}" if pinned else constraint)
    except InvalidSpecifier:
        return None
    known: list[tuple[Version, Release]] = []
    for release in releases:
        try:
            known.append((Version(release.version), release))
        except InvalidVersion:
            continue
    usable = [(version, release) for version, release in known if pinned or not release.yanked]
    stable = [pair for pair in usable if fits.contains(pair[0], prereleases=False)]
    any_kind = stable or [pair for pair in usable if fits.contains(pair[0], prereleases=True)]
    return max(any_kind, key=lambda pair: pair[0])[1] if any_kind else None


def _newest_plain(releases: Sequence[Release]) -> Release | None:
    """Return the newest stable release, None where packaging is needed to tell.

    That is where there is none, or a version that is not plain numbers, with
    at most a pre-release's mark behind (PEP 440).
    """
    stable: list[tuple[list[int], Release]] = []
    for release in releases:
        match = _PLAIN_PYPI.match(release.version)
        if match is None:
            return None
        if match[2] is None and not release.yanked:
            numbers = [int(number) for number in match[1].split(".")]
            while numbers and not numbers[-1]:
                numbers.pop()
            stable.append((numbers, release))
    return max(stable, key=lambda pair: pair[0])[1] if stable else None


def _npm(constraint: str, project: Project) -> Release | None:
    by_name = {release.version: release for release in project.releases}
    text = constraint.strip()
    if text in {"", "*", "latest", "x"}:
        return by_name.get(project.latest)
    pinned = exact("npm", text)
    if pinned:
        return by_name.get(pinned)
    fits = list(_ranges(text))
    if not fits:
        return None
    # npm takes what is tagged "latest" where it fits, else the newest that does.
    latest = _key(project.latest)
    if latest is not None and _allowed(latest, fits):
        return by_name.get(project.latest)
    keyed = [(key, one) for one in project.releases if (key := _key(one.version)) is not None]
    usable = [pair for pair in keyed if _allowed(pair[0], fits)]
    return max(usable, key=lambda pair: pair[0])[1] if usable else None


def _key(version: str) -> Key | None:
    match = _EXACT_NPM.match(version.partition("+")[0])
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
    return any(low <= key < high and (key[1] or low[0] == key[0]) for low, high in ranges)


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
    own = _key(f"{major}.{minor}.{patch}" + (f"-{match[4]}" if match[4] else ""))
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
