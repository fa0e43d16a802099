"""What is known of a package: one client per kind of registry.

Import this only once a dependency was added: it brings the network with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.scanners.dependencies.registries.npm import Npm
from zt_gate.scanners.dependencies.registries.others import (
    Crates,
    GoProxy,
    Maven,
    NuGet,
    Packagist,
    RubyGems,
)
from zt_gate.scanners.dependencies.registries.pypi import PyPI

if TYPE_CHECKING:
    from zt_gate.scanners.dependencies.registries.base import Registry

#: Every kind of registry.  A new one is a file beside these and a line here.
REGISTRIES: tuple[Registry, ...] = (
    PyPI(), Npm(), Crates(), GoProxy(), RubyGems(), Packagist(), NuGet(), Maven(),
)  # fmt: skip


def registry_for(ecosystem: str) -> Registry:
    """Return the registry of an ecosystem; raises KeyError for an unknown one."""
    return {registry.ecosystem: registry for registry in REGISTRIES}[ecosystem]
