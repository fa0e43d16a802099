"""What an address leads to: this machine, a private network, a drop for stolen data, elsewhere."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from zt_gate.scanners.agent_config.rule_index import RuleIndex

#: ``variable``: a placeholder decides.  ``clear``: a foreign host without TLS.
Destination = Literal[
    "none", "variable", "local", "private", "drop", "address", "clear", "foreign"
]

#: What a destination means, for a sentence.
DESCRIPTIONS: dict[Destination, str] = {
    "none": "an address that cannot be read",
    "variable": "an address from a variable",
    "local": "this machine",
    "private": "a host in a private network",
    "drop": "a service for passing data to strangers",
    "address": "a bare public address",
    "clear": "another host, without encryption",
    "foreign": "another host",
}
_PRIVATE = re.compile(
    r"(?:\.(?:internal|intranet|corp|lan|local|home|localdomain|svc|cluster\.local)|^[\w-]+)\Z"
)
_URL = re.compile(r"(?:https?|wss?|ftp)://[^\s\"'`<>|)\\]{1,2000}", re.IGNORECASE)


def host_of(url: str) -> str:
    """Return the host of a URL in lower case, "" where it has none."""
    try:
        return (
            urlsplit(url.strip() if "://" in url else f"https://{url.strip()}").hostname
            or ""
        ).lower()
    except ValueError:
        return ""


def destination(url: str, book: RuleIndex) -> Destination:
    """Say what a URL leads to."""
    host = host_of(url)
    if (
        re.match(r"[a-z]+://(?:\$|%7b|\{|<)", url.strip(), re.IGNORECASE)
        or url.strip()[:1] in "$%{<"
    ):
        return "variable"
    if not host:
        return "none"
    address = _address(host)
    if (
        host == "localhost"
        or host.endswith(".localhost")
        or (address and address.is_loopback)
    ):
        return "local"
    if host in {"host.docker.internal", "0.0.0.0"}:  # noqa: S104 - compared, not bound
        return "local"
    if address is not None:
        return "private" if address.is_private else "address"
    if is_host_or_below(host, book.listed("drop-hosts")):
        return "drop"
    if _PRIVATE.search(host):
        return "private"
    return (
        "clear"
        if url.strip().lower().startswith(("http://", "ws://", "ftp://"))
        else "foreign"
    )


def without_credentials(url: str) -> str:
    """Return a URL without the user and password in it, for messages."""
    scheme, mark, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}{mark}{place.rpartition('@')[2]}{slash}{path}"


def is_host_or_below(host: str, names: tuple[str, ...]) -> bool:
    """Whether the host is one of the names or below one."""
    return any(host == name or host.endswith(f".{name}") for name in names)


def urls_in(text: str) -> list[str]:
    """Return the URLs of a text, in order."""
    return _URL.findall(text)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(
            int(host) if host.isdigit() and len(host) < 12 else host
        )
    except ValueError:
        return None
