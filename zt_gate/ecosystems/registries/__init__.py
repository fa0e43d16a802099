"""What is known of a package: one client per kind of registry.

Import this only once a dependency was added: it brings the network with it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zt_gate.ecosystems.registries.base import Registry

_HERE = "zt_gate.ecosystems.registries"
#: Every kind of registry: ecosystem, module, class.  A new one is a line here; it is
#: imported when a package of its kind was added.
REGISTRIES: tuple[tuple[str, str, str], ...] = (
    ("pypi", "pypi", "PyPI"),
    ("npm", "npm", "Npm"),
    ("cargo", "others", "Crates"),
    ("golang", "others", "GoProxy"),
    ("gem", "others", "RubyGems"),
    ("composer", "others", "Packagist"),
    ("nuget", "others", "NuGet"),
    ("maven", "others", "Maven"),
)


@cache
def registry_for(ecosystem: str) -> Registry:
    """Return the registry of an ecosystem; raises KeyError for an unknown one."""
    places = {name: (module, kind) for name, module, kind in REGISTRIES}
    module, kind = places[ecosystem]
    made: Registry = getattr(import_module(f"{_HERE}.{module}"), kind)()
    return made
