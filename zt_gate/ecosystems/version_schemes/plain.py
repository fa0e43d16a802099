"""Versions of ecosystems without ranges of their own here: one exact version, or a choice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zt_gate.ecosystems.registries.base import Project, Release

_EXACT = re.compile(r"={0,3}\s{0,3}v?([0-9][0-9A-Za-z.!+_-]{0,100})\Z")


def pinned_version(constraint: str) -> str:
    """Return the version that a constraint pins, "" where it leaves a choice."""
    match = _EXACT.match(constraint.strip())
    if match is None or "*" in match[1]:
        return ""
    return match[1]


def select_release(constraint: str, project: Project) -> Release | None:
    """Return the release that is installed today, None where that cannot be told."""
    pinned = pinned_version(constraint)
    return next((one for one in project.releases if one.version == pinned), None)


def sort_key(version: str) -> tuple[int, ...] | None:
    """Return what orders versions, None for what is no version."""
    numbers = re.findall(r"\d{1,16}", version)
    return tuple(int(number) for number in numbers[:8]) or None
