"""Proxy settings from the environment, in the form that curl, pip and npm read."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from zt_gate.ecosystems.registries.package_index import Index, RegistryError

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine's own."""
    return host in {"localhost", "::1"} or (
        host.startswith("127.") and host.replace(".", "").isdigit()
    )


def basic_authorization(user: str, password: str) -> str:
    """Return the value of an Authorization header for a user and a password."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def split_credentials(url: str) -> tuple[str, str]:
    """Return a URL without its credentials, and the Authorization header for them or ""."""
    scheme, separator, remainder = url.partition("://")
    authority, slash, path = remainder.partition("/")
    user_info, at_sign, host = authority.rpartition("@")
    if not separator or not at_sign:
        return url, ""
    user, _, password = user_info.partition(":")
    authorization = basic_authorization(unquote(user), unquote(password))
    return f"{scheme}://{host}{slash}{path}", authorization


def proxy_for(parts: SplitResult, environ: Mapping[str, str]) -> Index | None:
    """Return the proxy for a URL, None for a direct connection; raises RegistryError."""
    host = parts.hostname or ""
    if is_loopback(host) or _is_excluded(host, _setting(environ, "no_proxy")):
        return None
    value = _setting(environ, f"{parts.scheme}_proxy") or _setting(environ, "all_proxy")
    if not value:
        return None
    if "://" not in value:
        value = f"http://{value}"
    url, authorization = split_credentials(value)
    if not _is_http_proxy(url):
        raise RegistryError(
            "is behind an unsupported proxy (only http proxies are supported)"
        )
    return Index(url, authorization)


def _is_http_proxy(url: str) -> bool:
    try:
        proxy = urlsplit(url)
        has_valid_port = (proxy.port or 80) > 0
    except ValueError:
        return False
    return proxy.scheme == "http" and bool(proxy.hostname) and has_valid_port


def _setting(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""


def _is_excluded(host: str, no_proxy: str) -> bool:
    """Return whether ``no_proxy`` names a host, one of its parent domains, or ``*``."""
    for item in no_proxy.split(","):
        entry = item.strip()
        if entry == "*":
            return True
        domain = entry.lower().partition(":")[0].removeprefix("*").lstrip(".")
        if domain and (host == domain or host.endswith(f".{domain}")):
            return True
    return False
