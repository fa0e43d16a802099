"""Python's versions and specifiers (PEP 440)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.version_schemes import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.ecosystems.registries.base import Project, Release

_PLAIN = re.compile(r"(\d{1,9}(?:\.\d{1,9}){0,9})((?:a|b|rc|\.dev)\d{1,9})?\Z")

pinned_version = plain.pinned_version


def sort_key(version: str) -> Any:
    """Return what orders versions, None for what is no version."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version)
    except InvalidVersion:
        return None


def select_release(constraint: str, project: Project) -> Release | None:
    """Return the release that is installed today, None where that cannot be told."""
    releases = project.releases
    pinned = pinned_version(constraint)
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
    usable = [
        (version, release) for version, release in known if pinned or not release.yanked
    ]
    stable = [pair for pair in usable if fits.contains(pair[0], prereleases=False)]
    any_kind = stable or [
        pair for pair in usable if fits.contains(pair[0], prereleases=True)
    ]
    return max(any_kind, key=lambda pair: pair[0])[1] if any_kind else None


def _newest_plain(releases: Sequence[Release]) -> Release | None:
    """Return the newest stable release, None where packaging is needed to tell.

    That is where there is none, or a version that is not plain numbers, with
    at most a pre-release's mark behind (PEP 440).
    """
    stable: list[tuple[list[int], Release]] = []
    for release in releases:
        match = _PLAIN.match(release.version)
        if match is None:
            return None
        if match[2] is None and not release.yanked:
            numbers = [int(number) for number in match[1].split(".")]
            while numbers and not numbers[-1]:
                numbers.pop()
            stable.append((numbers, release))
    return max(stable, key=lambda pair: pair[0])[1] if stable else None
