"""Classifies the address of a package registry or index."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import url_hosts

if TYPE_CHECKING:
    from zt_gate.scanners.agent_config.rule_index import RuleIndex

_LOCAL_PREFIXES = ("./", "../", "/", "$", "%", "{")


@functools.cache
def official() -> frozenset[str]:
    """Return the hosts of the ecosystems' own registries, as packageurl knows them."""
    from importlib import import_module

    purl2url = import_module("packageurl.contrib.purl2url")
    urls = (
        purl2url.get_download_url("pkg:npm/x@1"),
        purl2url.get_repo_url("pkg:pypi/x"),
    )
    hosts = {url_hosts.host_of(str(url)) for url in urls}
    upload_hosts = {f"upload.{host}" for host in hosts}
    test_hosts = {f"test.{host}" for host in hosts}
    return frozenset(hosts | upload_hosts | test_hosts)


def level_of(url: str, rules: RuleIndex) -> Level | None:
    """Return the level of a registry address; None for official, local and variable ones."""
    if url.startswith(_LOCAL_PREFIXES) or "://" not in url:
        return None
    destination = url_hosts.destination(url, rules)
    if destination in {"drop", "address", "clear", "none"}:
        return Level.BLOCK
    host = url_hosts.host_of(url)
    if destination in {"local", "variable"}:
        return None
    if url_hosts.is_host_or_below(host, tuple(official())):
        return None
    if destination == "private":
        return Level.WARN
    if url_hosts.is_host_or_below(host, rules.listed("package-hosts")):
        return Level.WARN
    return Level.BLOCK
