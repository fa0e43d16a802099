"""Registry clients: existence, age, versions and downloads of packages.

Import this package only for an added dependency: it imports the HTTP client.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named

if TYPE_CHECKING:
    from zt_gate.ecosystems.registries.base import Registry
    from zt_gate.ecosystems.registries.package_manager_settings import (
        Endpoints,
        SettingsSources,
    )


@cache
def registry_for(ecosystem: str) -> Registry:
    """Return the registry client of an ecosystem; raises KeyError if it has none."""
    make_registry = ecosystem_named(ecosystem).registry
    if make_registry is None:
        raise KeyError(ecosystem)
    return make_registry()


def endpoints(ecosystem: str, sources: SettingsSources) -> Endpoints:
    """Return the indexes of an ecosystem's packages; reads settings, sends no request.

    They have the certificates that its package manager trusts.
    """
    from zt_gate.ecosystems.registries import certificates

    files = certificates.of_ecosystem(ecosystem, sources)
    settings = ecosystem_named(ecosystem).settings
    if settings is not None:
        return certificates.with_files(settings(sources), files)
    from zt_gate.ecosystems.registries import default_settings

    return certificates.with_files(
        default_settings.endpoints(ecosystem, sources), files
    )


def is_private(ecosystem: str, sources: SettingsSources, key: str) -> bool:
    """Return whether the user's settings keep a name from public hosts."""
    is_private_name = ecosystem_named(ecosystem).is_private
    return is_private_name is not None and is_private_name(sources, key)
