"""Versions of ecosystems whose ranges are not supported: exact versions only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re

if TYPE_CHECKING:
    from zt_gate.ecosystems.registries.base import Project, Release

_EXACT = lazy_re.compile(r"={0,3}\s{0,3}v?([0-9][0-9A-Za-z.!+_-]{0,100})\Z")


def pinned_version(constraint: str) -> str:
    """Return the version that a constraint pins, "" if it allows several."""
    match = _EXACT.match(constraint.strip())
    if match is None or "*" in match[1]:
        return ""
    return match[1]


def select_release(constraint: str, project: Project) -> Release | None:
    """Return the release that a constraint pins, None for any other constraint."""
    version = pinned_version(constraint)
    for release in project.releases:
        if release.version == version:
            return release
    return None


def in_range(version: str, constraint: str) -> bool | None:
    """Return whether a version is the one that a constraint pins; None for a range."""
    pinned = pinned_version(constraint)
    return version == pinned if pinned else None


def sort_key(version: str) -> tuple[int, ...] | None:
    """Return a key that orders versions by their numbers, None without a number."""
    numbers = re.findall(r"\d{1,16}", version)
    return tuple(int(number) for number in numbers[:8]) or None
