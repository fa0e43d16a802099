"""Package ecosystems: one file for each; the tuple below is the registry.

A new ecosystem is one file here with an ``ECOSYSTEM``, one line in the tuple, and
a test file of the same name.  Everything else asks the functions below.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zt_gate.ecosystems.base import Ecosystem

#: The type in package URLs, which is also the name of the module.
ECOSYSTEMS: tuple[str, ...] = (
    "pypi",
    "npm",
    "cargo",
    "golang",
    "gem",
    "composer",
    "nuget",
    "maven",
    "github",
)


@cache
def ecosystem_named(name: str) -> Ecosystem:
    """Return the ecosystem with this name; raises KeyError where there is none."""
    if name not in ECOSYSTEMS:
        raise KeyError(name)
    found: Ecosystem = import_module(f"{__name__}.{name}").ECOSYSTEM
    return found


def find_ecosystem(name: str) -> Ecosystem | None:
    """Return the ecosystem with this name, None where there is none."""
    return ecosystem_named(name) if name in ECOSYSTEMS else None


@cache
def all_ecosystems() -> tuple[Ecosystem, ...]:
    """Return all ecosystems in the order of the tuple."""
    return tuple(ecosystem_named(name) for name in ECOSYSTEMS)


@cache
def supported() -> tuple[str, ...]:
    """Return the names of the ecosystems that have a registry to ask."""
    return tuple(
        ecosystem.name
        for ecosystem in all_ecosystems()
        if ecosystem.registry is not None
    )


@cache
def with_snapshot() -> tuple[str, ...]:
    """Return the names of the ecosystems that have a list of well-known names."""
    return tuple(ecosystem.name for ecosystem in all_ecosystems() if ecosystem.snapshot)


@cache
def registry_keys() -> tuple[str, ...]:
    """Return the keys of the policy's ``[registries]``: registries and download services."""
    services = (ecosystem_named(name).download_service for name in supported())
    return (*supported(), *(service for service in services if service), "osv")
