"""The user's proxy settings, as curl, pip and npm read them from the environment."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from zt_gate.ecosystems.registries.package_index import Index, RegistryError

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine's own."""
    return host in {"localhost", "::1"} or (
        host.startswith("127.") and host.replace(".", "").isdigit()
    )


def basic_authorization(user: str, password: str) -> str:
    """Return the value of an Authorization header for a name and a password."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def split_credentials(url: str) -> tuple[str, str]:
    """Return a URL without its user and password, and the header that carries them."""
    scheme, mark, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    user_info, at, host = authority.rpartition("@")
    if not mark or not at:
        return url, ""
    user, _, password = user_info.partition(":")
    return f"{scheme}://{host}{slash}{path}", basic_authorization(
        unquote(user), unquote(password)
    )


def proxy_for(parts: SplitResult, environ: Mapping[str, str]) -> Index | None:
    """Return the proxy for an address, None where it is asked directly; raises RegistryError."""
    host = parts.hostname or ""
    if is_loopback(host) or _excepted(host, _setting(environ, "no_proxy")):
        return None
    value = _setting(environ, f"{parts.scheme}_proxy") or _setting(environ, "all_proxy")
    if not value:
        return None
    url, authorization = split_credentials(
        value if "://" in value else f"http://{value}"
    )
    try:
        proxy = urlsplit(url)
        usable = (
            proxy.scheme == "http" and bool(proxy.hostname) and (proxy.port or 80) > 0
        )
    except ValueError:
        usable = False
    if not usable:
        raise RegistryError(
            "is behind an unsupported proxy (only http proxies are supported)"
        )
    return Index(url, authorization)


def _setting(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""


def _excepted(host: str, exceptions: str) -> bool:
    for entry in exceptions.split(","):
        name = entry.strip().lower().partition(":")[0].removeprefix("*").lstrip(".")
        if entry.strip() == "*" or (
            name and (host == name or host.endswith(f".{name}"))
        ):
            return True
    return False
