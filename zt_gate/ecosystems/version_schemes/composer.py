"""Versions of Composer: pinned ones as elsewhere, and ranges for the check of lock files."""

from __future__ import annotations

from zt_gate.ecosystems.version_schemes import plain, ranges

pinned_version = plain.pinned_version
select_release = plain.select_release
sort_key = plain.sort_key


def in_range(version: str, constraint: str) -> bool | None:
    """Return whether a version is in a range; None if either has an unsupported form."""
    return ranges.in_range(version, constraint, ranges.COMPOSER)
