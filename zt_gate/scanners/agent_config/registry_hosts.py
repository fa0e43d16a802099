"""Which registry or index an address is: the ecosystem's own, a known host's, somebody's."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import url_hosts

if TYPE_CHECKING:
    from zt_gate.scanners.agent_config.rule_index import RuleIndex


@functools.cache
def official() -> frozenset[str]:
    """Return the hosts of the ecosystems' own registries, as the libraries know them."""
    from importlib import import_module

    urls = [
        str(
            import_module("packageurl.contrib.purl2url").get_download_url("pkg:npm/x@1")
        ),
        str(import_module("packageurl.contrib.purl2url").get_repo_url("pkg:pypi/x")),
    ]
    found = {url_hosts.host_of(url) for url in urls}
    return frozenset(
        found
        | {f"upload.{host}" for host in found}
        | {f"test.{host}" for host in found}
    )


def level_of(url: str, book: RuleIndex) -> Level | None:
    """Return how bad it is that packages come from there; None for the ecosystem's own registry."""
    if url.startswith(("./", "../", "/", "$", "%", "{")) or "://" not in url:
        return None
    where = url_hosts.destination(url, book)
    if where in {"drop", "address", "clear", "none"}:
        return Level.BLOCK
    host = url_hosts.host_of(url)
    if where in {"local", "variable"} or url_hosts.is_host_or_below(
        host, tuple(official())
    ):
        return None
    known = where == "private" or url_hosts.is_host_or_below(
        host, book.listed("package-hosts")
    )
    return Level.WARN if known else Level.BLOCK
