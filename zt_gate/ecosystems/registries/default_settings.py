"""Where an ecosystem without settings of its own is looked up: the policy, a library's constant."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.registries.settings import (
    Endpoints,
    SettingsSources,
    make_index,
)

if TYPE_CHECKING:
    from zt_gate.ecosystems.registries.package_index import Index


def endpoints(ecosystem: str, sources: SettingsSources) -> Endpoints:
    """Return where an ecosystem's packages are looked up; asks nobody."""
    standard = default_index(ecosystem)
    address = sources.policy.get(ecosystem, "")
    chosen = make_index(address, cleartext=False) if address else standard
    return Endpoints((chosen,), explicit_indexes=(standard,))


def default_index(ecosystem: str) -> Index:
    """Return the registry that a library names for an example of the ecosystem's packages.

    Where no library names one, the address is empty: asking it is a RegistryError.
    """
    library = import_module("packageurl.contrib.purl2url")
    known = ecosystem_named(ecosystem)
    example = known.example
    address = (
        library.get_download_url(example) or library.get_repo_url(example)
        if example
        else ""
    )
    if not address:
        return make_index("", cleartext=False, default=True)
    page = urlsplit(address)
    url = known.index_url(f"{page.scheme}://{page.netloc}")
    return make_index(url, cleartext=False, default=True)
