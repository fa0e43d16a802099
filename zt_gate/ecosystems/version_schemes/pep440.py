"""Python's versions and specifiers (PEP 440)."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.ecosystems.version_schemes import plain, ranges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.version import Version

    from zt_gate.ecosystems.registries.base import Project, Release

_PLAIN = lazy_re.compile(r"(\d{1,9}(?:\.\d{1,9}){0,9})((?:a|b|rc|\.dev)\d{1,9})?\Z")

# A caret, a tilde without an equals sign, alternatives, or a version without an operator.
_POETRY = lazy_re.compile(r"\^|~(?!=)|\||\A\d|,\s*\d")

pinned_version = plain.pinned_version


def sort_key(version: str) -> Any:
    """Return a key that orders versions, None for an invalid version."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version)
    except InvalidVersion:
        return None


def in_range(version: str, constraint: str) -> bool | None:
    """Return whether a version meets specifiers, or a range in poetry's notation.

    None if either has an unsupported form.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion

    text = constraint.strip()
    if text in {"", "*"}:
        return True
    if _POETRY.search(text):
        return ranges.in_range(version, text, ranges.POETRY)
    try:
        return SpecifierSet(text).contains(version.removeprefix("=="), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return None


def select_release(constraint: str, project: Project) -> Release | None:
    """Return the release that an installation selects today, None if unknown."""
    releases = project.releases
    pinned = pinned_version(constraint)
    for release in releases:
        if pinned and release.version == pinned:
            return release
    if not constraint.strip():
        newest = _newest_plain(releases)
        if newest is not None:
            return newest
    return _newest_matching(f"=={pinned}" if pinned else constraint, releases)


def _newest_matching(specifiers: str, releases: Sequence[Release]) -> Release | None:
    """Return the newest release that fits; pre-releases only if no stable one does."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        specifier_set = SpecifierSet(specifiers)
    except InvalidSpecifier:
        return None
    is_pinned = bool(pinned_version(specifiers))
    candidates: list[tuple[Version, Release]] = []
    for release in releases:
        version = sort_key(release.version)
        if version is not None and (is_pinned or not release.yanked):
            candidates.append((version, release))
    for with_prereleases in (False, True):
        matching = [
            (version, release)
            for version, release in candidates
            if specifier_set.contains(version, prereleases=with_prereleases)
        ]
        if matching:
            _, newest = max(matching, key=itemgetter(0))
            return newest
    return None


def _newest_plain(releases: Sequence[Release]) -> Release | None:
    """Return the newest stable release, None if ``packaging`` is needed to find it.

    It is needed if there is no stable release, or a version that is not plain numbers
    with at most a pre-release mark (PEP 440).
    """
    stable: list[tuple[list[int], Release]] = []
    for release in releases:
        match = _PLAIN.match(release.version)
        if match is None:
            return None
        is_prerelease = match[2] is not None
        if is_prerelease or release.yanked:
            continue
        numbers = [int(number) for number in match[1].split(".")]
        while numbers and not numbers[-1]:
            numbers.pop()
        stable.append((numbers, release))
    if not stable:
        return None
    _, newest = max(stable, key=itemgetter(0))
    return newest
