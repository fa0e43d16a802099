"""Whether an address in a lock file is the registry's own.

Which hosts those are is asked of libraries; here stands none of them.  A
library's pattern is loose (it takes ``registry.HOST.other.example``), so a host
must also have the form of the one that it stands for.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from urllib.parse import urlsplit

from zt_gate.ecosystems import ecosystem_named


def origin(url: str) -> str:
    """Return scheme and host of an address, "" where it has none."""
    try:
        parts = urlsplit(url)
        return (
            f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
            if parts.netloc
            else ""
        )
    except ValueError:
        return ""


@cache
def is_npm(address: str) -> bool:
    """Say whether scheme and host are npm's registry, or the one that yarn writes for it."""
    if not address:
        return False
    standard = import_module("packageurl.contrib.purl2url").get_download_url(
        "pkg:npm/x@1"
    )
    if address == origin(standard):
        return True
    host = address.partition("://")[2]
    labels, own = host.split("."), origin(standard).partition("://")[2].split(".")
    if len(labels) != 3 or labels[0] != own[0] or labels[1].startswith(own[1][:3]):
        return False
    found = import_module("packageurl.contrib.url2purl").get_purl(
        f"{address}/x/-/x-1.0.0.tgz"
    )
    return found is not None and found.type == "npm" and address.startswith("https://")


@cache
def is_pypi(address: str) -> bool:
    """Say whether scheme and host are the index's own, or those of its files."""
    page = import_module("packageurl.contrib.purl2url").get_repo_url("pkg:pypi/x")
    return bool(address) and address in {origin(page), _files_host(origin(page))}


def _files_host(index: str) -> str:
    try:
        constants = import_module("pip._internal.models.index")
    except ImportError:
        return index
    return f"https://{constants.PyPI.file_storage_domain}"


@cache
def is_default_registry(ecosystem: str, address: str) -> bool:
    """Say whether scheme and host are those of another ecosystem's registry."""
    example = ecosystem_named(ecosystem).example
    if not example:
        return False
    tools = import_module("packageurl.contrib.purl2url")
    known = {
        origin(tools.get_download_url(example) or ""),
        origin(tools.get_repo_url(example) or ""),
    }
    host = address.partition("://")[2]
    parents = {one.partition("://")[2].removeprefix("www.") for one in known if one}
    return any(host == parent or host.endswith(f".{parent}") for parent in parents)
