"""One HTTP call to an issuer: no redirects, no proxies, a bounded answer."""

from __future__ import annotations

import http.client
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zt_gate.guard.tokens.base import TokenError, checked_address

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 8
_LARGEST = 1 << 20


def call(
    method: str, address: str, headers: Mapping[str, str], body: bytes = b""
) -> tuple[int, bytes]:
    """Return status and content of an answer; raises TokenError without one."""
    parts = urlsplit(checked_address(address, "the issuer's address"))
    place = f"{parts.scheme}://{parts.netloc}"
    host, port = str(parts.hostname), parts.port
    connection = (
        http.client.HTTPSConnection(
            host, port, timeout=_SECONDS, context=ssl.create_default_context()
        )
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=_SECONDS)
    )
    try:
        connection.request(method, parts.path or "/", body or None, dict(headers))
        answer = connection.getresponse()
        content = answer.read(_LARGEST + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TokenError(f"{place}: no answer ({type(error).__name__})") from None
    finally:
        connection.close()
    if len(content) > _LARGEST:
        raise TokenError(f"{place}: the answer is too long")
    return answer.status, content
