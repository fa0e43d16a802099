"""Whether a URL in a lock file belongs to an ecosystem's default registry.

The hosts come from libraries; this module names none.  A library's pattern is loose
(it matches ``registry.HOST.other.example``), so a host must also have the form of the
registry's own host.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from urllib.parse import urlsplit

from zt_gate.ecosystems import ecosystem_named


def origin(url: str) -> str:
    """Return scheme and host of a URL, "" if it has none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if not parts.netloc:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _host(address: str) -> str:
    return address.partition("://")[2]


@cache
def is_npm(address: str) -> bool:
    """Return whether scheme and host are npm's registry, or the host that yarn writes for it."""
    if not address:
        return False
    purl2url = import_module("packageurl.contrib.purl2url")
    default = origin(purl2url.get_download_url("pkg:npm/x@1"))
    if address == default:
        return True
    labels, default_labels = _host(address).split("."), _host(default).split(".")
    has_form_of_alias = (
        len(labels) == 3
        and labels[0] == default_labels[0]
        and not labels[1].startswith(default_labels[1][:3])
    )
    if not has_form_of_alias:
        return False
    url2purl = import_module("packageurl.contrib.url2purl")
    purl = url2purl.get_purl(f"{address}/x/-/x-1.0.0.tgz")
    return purl is not None and purl.type == "npm" and address.startswith("https://")


@cache
def is_pypi(address: str) -> bool:
    """Return whether scheme and host are those of PyPI's index or of its files."""
    if not address:
        return False
    purl2url = import_module("packageurl.contrib.purl2url")
    index = origin(purl2url.get_repo_url("pkg:pypi/x"))
    return address in {index, _files_host(index), _former_host(index)}


def _former_host(index: str) -> str:
    """Return PyPI's former address, which redirects: that of Python with the same first label."""
    scheme, _, host = index.partition("://")
    label, _, suffix = host.partition(".")
    return f"{scheme}://{label}.python.{suffix}"


def _files_host(index: str) -> str:
    """Return scheme and host of PyPI's files, those of the index if pip is not installed."""
    try:
        domain = import_module("pip._internal.models.index").PyPI.file_storage_domain
    except (ImportError, AttributeError):  # pip promises nothing about its own modules
        return index
    return f"https://{domain}"


@cache
def is_default_registry(ecosystem: str, address: str) -> bool:
    """Return whether scheme and host belong to the default registry of an ecosystem."""
    example = ecosystem_named(ecosystem).example
    if not example:
        return False
    purl2url = import_module("packageurl.contrib.purl2url")
    registry_urls = (
        purl2url.get_download_url(example),
        purl2url.get_repo_url(example),
    )
    host = _host(address)
    if host in ecosystem_named(ecosystem).host_aliases:
        return True
    for url in registry_urls:
        registry_host = _host(origin(url or "")).removeprefix("www.")
        if not registry_host:
            continue
        if host == registry_host or host.endswith(f".{registry_host}"):
            return True
    return False


def is_registry(ecosystem: str, url: str) -> bool:
    """Return whether a URL is that of the default registry, under any of its hosts.

    Plain http is not: anyone on the way could answer.
    """
    address = origin(url)
    if not address.startswith("https://"):
        return False
    if ecosystem == "npm":
        return is_npm(address)
    if ecosystem == "pypi":
        return is_pypi(address)
    return is_default_registry(ecosystem, address)
