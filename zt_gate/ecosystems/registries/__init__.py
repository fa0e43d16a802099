"""What is known of a package: one client per kind of registry.

Import this only once a dependency was added: it brings the network with it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named

if TYPE_CHECKING:
    from zt_gate.ecosystems.registries.base import Registry
    from zt_gate.ecosystems.registries.settings import Endpoints, SettingsSources


@cache
def registry_for(ecosystem: str) -> Registry:
    """Return the registry of an ecosystem; raises KeyError where there is none."""
    make = ecosystem_named(ecosystem).registry
    if make is None:
        raise KeyError(ecosystem)
    return make()


def endpoints(ecosystem: str, sources: SettingsSources) -> Endpoints:
    """Return where an ecosystem's packages are looked up; reads settings, asks nobody."""
    settings = ecosystem_named(ecosystem).settings
    if settings is not None:
        return settings(sources)
    from zt_gate.ecosystems.registries import default_settings

    return default_settings.endpoints(ecosystem, sources)


def is_private(ecosystem: str, sources: SettingsSources, key: str) -> bool:
    """Say whether the user's settings keep a name from public hosts."""
    keeps = ecosystem_named(ecosystem).is_private
    return keeps is not None and keeps(sources, key)
