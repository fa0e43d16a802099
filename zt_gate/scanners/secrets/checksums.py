"""Checksums and markers inside tokens, where their makers publish them.

They raise or lower confidence and never drop a find: a made-up key and a
mistyped one look the same.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from zt_gate.system.cache import sha256

if TYPE_CHECKING:
    from collections.abc import Callable

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def digest(value: str) -> str:
    """Return how a documented sample is named in the rules, which must not hold it itself."""
    return sha256(value.encode("utf-8", "surrogateescape"))[:32]


def check(kind: str, value: str) -> bool | None:
    """Return whether the checksum is right, None where the format has none."""
    checker = _CHECKERS.get(kind)
    return checker(value) if checker else None


def base62_crc32(value: str) -> str:
    """Return the six digits that GitHub and npm append: CRC-32 in base 62, zero-padded.

    Source: github.blog, "Behind GitHub's new authentication token formats" (2021).
    """
    number = zlib.crc32(value.encode())
    text = ""
    while number:
        number, rest = divmod(number, 62)
        text = _BASE62[rest] + text
    return text.rjust(6, "0")


def _github(value: str) -> bool:
    body = value.rpartition("_")[2]
    return base62_crc32(body[:-6]) == body[-6:]


def _crc32_hex(value: str) -> bool:
    """Grafana: the part after the last ``_`` is the CRC-32 of what stands before it."""
    head, _, tail = value.rpartition("_")
    return f"{zlib.crc32(head.encode()):08x}" == tail.lower()


def _jwt(value: str) -> bool:
    """RFC 7519: the first part is a JSON object with an algorithm."""
    header = _part(value.partition(".")[0])
    return "alg" in header


def bare_jwt(value: str) -> bool:
    """Whether a token says next to nothing about anybody and has no time, as samples do."""
    head, claims, *_ = map(_part, value.split("."))
    return len(claims) < 2 and not {"exp", "iat", "nbf"} & {*head, *claims}


def _part(text: str) -> dict[str, object]:
    import base64
    import json

    try:
        parsed = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _bech32(value: str) -> bool:
    """BIP 173, as age uses it for its secret keys."""
    text = value.lower()
    hrp, _, body = text.rpartition("1")
    letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    values = [ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp]
    values += [letters.find(c) for c in body]
    total = 1
    for item in values:
        top = total >> 25
        total = (total & 0x1FFFFFF) << 5 ^ item
        for bit, generator in enumerate(
            (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
        ):
            total ^= generator if (top >> bit) & 1 else 0
    return total == 1


_CHECKERS: dict[str, Callable[[str], bool]] = {
    "base62-crc32": _github,
    "crc32-hex": _crc32_hex,
    "jwt": _jwt,
    "bech32": _bech32,
}
