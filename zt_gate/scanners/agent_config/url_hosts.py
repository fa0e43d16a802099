"""Classifies the host of a URL: this machine, a private network, a drop for stolen data, other."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from zt_gate import lazy_re

if TYPE_CHECKING:
    from zt_gate.scanners.agent_config.rule_index import RuleIndex

#: ``variable``: a placeholder decides.  ``drop``: a service for anonymous uploads or
#: request logging.  ``address``: a public IP address.  ``clear``: a foreign host
#: without TLS.
Destination = Literal[
    "none", "variable", "local", "private", "drop", "address", "clear", "foreign"
]

#: Each destination as a noun, for messages.
DESCRIPTIONS: dict[Destination, str] = {
    "none": "an invalid address",
    "variable": "an address from a variable",
    "local": "this machine",
    "private": "a host in a private network",
    "drop": "an anonymous upload or request-logging service",
    "address": "a public IP address",
    "clear": "another host, without encryption",
    "foreign": "another host",
}
_PRIVATE = lazy_re.compile(
    r"(?:\.(?:internal|intranet|corp|lan|local|home|localdomain|svc|cluster\.local)|^[\w-]+)\Z"
)
_URL = lazy_re.compile(r"(?:https?|wss?|ftp)://[^\s\"'`<>|)\\]{1,2000}", re.IGNORECASE)
_PLACEHOLDER_HOST = lazy_re.compile(r"[a-z]+://(?:\$|%7b|\{|<)", re.IGNORECASE)
#: For documents alone: no network of one's own has these.
_DOCUMENTED = tuple(
    map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"))
)
_UNENCRYPTED = ("http://", "ws://", "ftp://")


def host_of(url: str) -> str:
    """Return the host of a URL in lower case, "" where it has none."""
    address = url.strip()
    if "://" not in url:
        address = f"https://{address}"
    try:
        host = urlsplit(address).hostname
        return (host or "").lower()
    except ValueError:
        return ""


def destination(url: str, rules: RuleIndex) -> Destination:
    """Return what kind of host a URL leads to."""
    host = host_of(url)
    text = url.strip()
    if _PLACEHOLDER_HOST.match(text) or text[:1] in "$%{<":
        return "variable"
    if not host:
        return "none"
    if host == "localhost" or host.endswith(".localhost"):
        return "local"
    if host in {"host.docker.internal", "0.0.0.0"}:  # noqa: S104 - compared, not bound
        return "local"
    address = _ip_address(host)
    if address is not None:
        if address.is_loopback:
            return "local"
        is_private = address.is_private and not any(
            address in network for network in _DOCUMENTED
        )
        return "private" if is_private else "address"
    if is_host_or_below(host, rules.listed("drop-hosts")):
        return "drop"
    if _PRIVATE.search(host):
        return "private"
    return "clear" if text.lower().startswith(_UNENCRYPTED) else "foreign"


def is_host_or_below(host: str, names: tuple[str, ...]) -> bool:
    """Whether the host is one of ``names`` or a subdomain of one."""
    return any(host == name or host.endswith(f".{name}") for name in names)


def urls_in(text: str) -> list[str]:
    """Return the URLs of a text, in order."""
    return _URL.findall(text)


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Parse an address; a short decimal number is an IPv4 address, as browsers read it."""
    is_number = host.isdigit() and len(host) < 12
    try:
        return ipaddress.ip_address(int(host) if is_number else host)
    except ValueError:
        return None
