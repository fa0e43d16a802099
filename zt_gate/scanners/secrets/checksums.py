"""Checks the checksums and markers inside tokens whose issuers document them.

They raise or lower the confidence and never drop a hit: an invented key looks
like a mistyped one.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from zt_gate.system.cache import sha256

if TYPE_CHECKING:
    from collections.abc import Callable

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# 1 January 2026, in seconds: before this version.
_LONG_OVER = 1_767_225_600
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def digest(value: str) -> str:
    """Return the digest under which the rules list a documented sample.

    The rules must not hold the samples themselves: other scanners would report them.
    """
    return sha256(value.encode("utf-8", "surrogateescape"))[:32]


def check(kind: str, value: str) -> bool | None:
    """Return whether the checksum is valid, None for a kind without a checksum."""
    checker = _CHECKERS.get(kind)
    return checker(value) if checker else None


def base62_crc32(value: str) -> str:
    """Return the six digits that GitHub and npm append: CRC-32 in base 62, zero-padded.

    Source: github.blog, "Behind GitHub's new authentication token formats" (2021).
    """
    number = zlib.crc32(value.encode())
    digits = ""
    while number:
        number, remainder = divmod(number, 62)
        digits = _BASE62[remainder] + digits
    return digits.rjust(6, "0")


def _github(value: str) -> bool:
    body = value.rpartition("_")[2]
    return base62_crc32(body[:-6]) == body[-6:]


def _crc32_hex(value: str) -> bool:
    """Grafana: the part after the last ``_`` is the CRC-32 of the text before it."""
    head, _, checksum = value.rpartition("_")
    return f"{zlib.crc32(head.encode()):08x}" == checksum.lower()


def _jwt(value: str) -> bool:
    """RFC 7519: the first part is a JSON object with an algorithm."""
    header = _jwt_part(value.partition(".")[0])
    return "alg" in header


def is_minimal_jwt(value: str) -> bool:
    """Whether a token has fewer than two claims and no time, like a sample."""
    header, claims, *_ = map(_jwt_part, value.split("."))
    has_time = not {"exp", "iat", "nbf"}.isdisjoint({*header, *claims})
    return len(claims) < 2 and not has_time


def is_expired_jwt(value: str) -> bool:
    """Whether a token is over since long, or never was in time: it has no ``exp``."""
    claims = _jwt_part(value.split(".")[1])
    expiry = claims.get("exp")
    return not isinstance(expiry, int | float) or expiry < _LONG_OVER


def _jwt_part(text: str) -> dict[str, object]:
    """Decode one part of a token; empty where it is not a JSON object."""
    import base64
    import json

    padding = "=" * (-len(text) % 4)
    try:
        part = json.loads(base64.urlsafe_b64decode(text + padding))
    except (ValueError, RecursionError):
        return {}
    return part if isinstance(part, dict) else {}


def _bech32(value: str) -> bool:
    """BIP 173, as age uses it for its secret keys."""
    prefix, _, data = value.lower().rpartition("1")
    values = [ord(char) >> 5 for char in prefix]
    values.append(0)
    values += [ord(char) & 31 for char in prefix]
    values += [_BECH32.find(char) for char in data]
    checksum = 1
    for item in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ item
        for bit, generator in enumerate(_BECH32_GENERATORS):
            if (top >> bit) & 1:
                checksum ^= generator
    return checksum == 1


_CHECKERS: dict[str, Callable[[str], bool]] = {
    "base62-crc32": _github,
    "crc32-hex": _crc32_hex,
    "jwt": _jwt,
    "bech32": _bech32,
}
