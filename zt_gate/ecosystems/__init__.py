"""Package ecosystems: one file for each, registered in the tuple below.

A new ecosystem is one file here with an ``ECOSYSTEM``, one line in the tuple, and a
test file of the same name.  Other code uses the functions below.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zt_gate.ecosystems.base import Ecosystem

#: The names: types in package URLs, and names of the modules.
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
    "docker",
    "helm",
    "terraform",
    "git",
    "swift",
    "pub",
    "cocoapods",
    "conda",
    "nix",
    "vscode",
)


@cache
def ecosystem_named(name: str) -> Ecosystem:
    """Return the ecosystem with this name; raises KeyError if there is none."""
    if name not in ECOSYSTEMS:
        raise KeyError(name)
    ecosystem: Ecosystem = import_module(f"{__name__}.{name}").ECOSYSTEM
    return ecosystem


def find_ecosystem(name: str) -> Ecosystem | None:
    """Return the ecosystem with this name, None if there is none."""
    return ecosystem_named(name) if name in ECOSYSTEMS else None


@cache
def all_ecosystems() -> tuple[Ecosystem, ...]:
    """Return all ecosystems in the order of the tuple."""
    return tuple(ecosystem_named(name) for name in ECOSYSTEMS)


@cache
def supported() -> tuple[str, ...]:
    """Return the names of the ecosystems with a registry client."""
    return tuple(
        ecosystem.name
        for ecosystem in all_ecosystems()
        if ecosystem.registry is not None
    )


@cache
def with_snapshot() -> tuple[str, ...]:
    """Return the names of the ecosystems with a snapshot of well-known names."""
    return tuple(ecosystem.name for ecosystem in all_ecosystems() if ecosystem.snapshot)


@cache
def registry_keys() -> tuple[str, ...]:
    """Return the keys of the policy's ``[registries]``: registries and download services."""
    services = [ecosystem_named(name).download_service for name in supported()]
    named_services = [service for service in services if service]
    return (*supported(), *named_services, "osv")
