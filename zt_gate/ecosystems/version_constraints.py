"""Which version a constraint installs, as the ecosystem's own scheme reads it.

Only as far as the gate needs it: the one version that an exact constraint
names, and the newest of the known releases that fits a range.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from zt_gate.ecosystems import find_ecosystem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.ecosystems.registries.base import Project, Release


class VersionScheme(Protocol):
    """What a module in ``version_schemes`` has."""

    def pinned_version(self, constraint: str) -> str:
        """Return the version that a constraint pins, "" where it leaves a choice."""
        ...

    def select_release(self, constraint: str, project: Project) -> Release | None:
        """Return the release that is installed today, None where that cannot be told."""
        ...

    def sort_key(self, version: str) -> Any:
        """Return what orders versions, None for what is no version."""
        ...


def pinned_version(ecosystem: str, constraint: str) -> str:
    """Return the version that a constraint pins, "" where it leaves a choice."""
    known = find_ecosystem(ecosystem)
    if known is None or known.registry is None:
        return ""
    # A bare version of these is a range or a least version, unless a lock says it.
    if known.bare_version_is_range and not constraint.strip().startswith("="):
        return ""
    return _scheme(known.version_scheme).pinned_version(constraint)


def select_release(ecosystem: str, constraint: str, project: Project) -> Release | None:
    """Return the release that is installed today, None where that cannot be told."""
    known = find_ecosystem(ecosystem)
    if known is None or (
        known.bare_version_is_range and not pinned_version(ecosystem, constraint)
    ):
        return None
    return _scheme(known.version_scheme).select_release(constraint, project)


def next_version(
    ecosystem: str, version: str, candidates: Sequence[str], *, newest: bool = False
) -> str:
    """Return the lowest (or the newest) of some versions above ``version``, "" for none.

    Versions that cannot be compared are passed over.
    """
    known = find_ecosystem(ecosystem)
    if known is None:
        return ""
    comparable = _scheme(known.version_scheme).sort_key
    keyed = [(key, text) for text in candidates if (key := comparable(text))]
    floor = comparable(version) if version else None
    above = [pair for pair in keyed if floor is None or pair[0] > floor]
    if not above:
        return ""
    return (max if newest else min)(above, key=lambda pair: pair[0])[1]


def _scheme(module: str) -> VersionScheme:
    scheme: VersionScheme = import_module(module)
    return scheme
