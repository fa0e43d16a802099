"""Indexes of ecosystems without their own settings: from the policy or a library."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.registries.package_manager_settings import (
    Endpoints,
    SettingsSources,
    make_index,
)

if TYPE_CHECKING:
    from zt_gate.ecosystems.registries.package_index import Index


def endpoints(ecosystem: str, sources: SettingsSources) -> Endpoints:
    """Return the indexes of an ecosystem's packages; sends no request."""
    default = default_index(ecosystem)
    address = sources.policy.get(ecosystem, "")
    index = make_index(address, cleartext=False) if address else default
    return Endpoints((index,), explicit_indexes=(default,))


def default_index(ecosystem: str) -> Index:
    """Return the registry that a library names for an example package of the ecosystem.

    If no library names one, the URL is empty: a request to it raises RegistryError.
    """
    purl2url = import_module("packageurl.contrib.purl2url")
    definition = ecosystem_named(ecosystem)
    example = definition.example
    address = ""
    if example:
        address = purl2url.get_download_url(example) or purl2url.get_repo_url(example)
    if not address:
        return make_index("", cleartext=False, default=True)
    page = urlsplit(address)
    url = definition.index_url(f"{page.scheme}://{page.netloc}")
    return make_index(url, cleartext=False, default=True)
