"""The version that a constraint installs, by the version scheme of its ecosystem.

This covers what the gate needs: the version of an exact constraint, and the newest
known release in a range.
"""

from __future__ import annotations

from importlib import import_module
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol

from zt_gate import lazy_re
from zt_gate.ecosystems import find_ecosystem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.ecosystems.registries.base import Project, Release

_PRERELEASE = lazy_re.compile(r"\d-?[A-Za-z]|-")


class VersionScheme(Protocol):
    """The interface of the modules in ``version_schemes``."""

    def pinned_version(self, constraint: str) -> str:
        """Return the version that a constraint pins, "" if it allows several."""
        ...

    def select_release(self, constraint: str, project: Project) -> Release | None:
        """Return the release that an installation selects today, None if unknown."""
        ...

    def in_range(self, version: str, constraint: str) -> bool | None:
        """Return whether a version is in a range, None for an unsupported form."""
        ...

    def sort_key(self, version: str) -> Any:
        """Return a key that orders versions, None for an invalid version."""
        ...


def pinned_version(ecosystem: str, constraint: str) -> str:
    """Return the version that a constraint pins, "" if it allows several."""
    definition = find_ecosystem(ecosystem)
    if definition is None or definition.registry is None:
        return ""
    has_operator = constraint.strip().startswith("=")
    if definition.bare_version_is_range and not has_operator:
        return ""
    return _scheme(definition.version_scheme).pinned_version(constraint)


def select_release(ecosystem: str, constraint: str, project: Project) -> Release | None:
    """Return the release that an installation selects today, None if unknown."""
    definition = find_ecosystem(ecosystem)
    if definition is None:
        return None
    if definition.bare_version_is_range and not pinned_version(ecosystem, constraint):
        return None
    return _scheme(definition.version_scheme).select_release(constraint, project)


def satisfies(ecosystem: str, version: str, constraint: str) -> bool | None:
    """Return whether a version is in a range; None if that cannot be judged."""
    definition = find_ecosystem(ecosystem)
    if version == constraint:
        return True
    if definition is None or _PRERELEASE.search(version):
        return None  # package managers differ in which pre-releases a range allows
    return _scheme(definition.version_scheme).in_range(version, constraint)


def next_version(
    ecosystem: str, version: str, candidates: Sequence[str], *, newest: bool = False
) -> str:
    """Return the lowest (or the newest) of some versions above ``version``, "" for none.

    Candidates that cannot be compared are ignored.
    """
    definition = find_ecosystem(ecosystem)
    if definition is None:
        return ""
    sort_key = _scheme(definition.version_scheme).sort_key
    lower_bound = sort_key(version) if version else None
    newer: list[tuple[Any, str]] = []
    for candidate in candidates:
        key = sort_key(candidate)
        if key and (lower_bound is None or key > lower_bound):
            newer.append((key, candidate))
    if not newer:
        return ""
    select = max if newest else min
    _, selected = select(newer, key=itemgetter(0))
    return selected


def _scheme(module: str) -> VersionScheme:
    scheme: VersionScheme = import_module(module)
    return scheme
