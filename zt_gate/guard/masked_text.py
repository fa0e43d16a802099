"""Shortens what could be a secret in a text for the log, without the scanners' rules.

A hook call has no time for them.  So this hides more than they would: what follows a
word such as "password", what looks random, and the user part of addresses.
"""

from __future__ import annotations

from itertools import pairwise

from zt_gate import lazy_re

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

_LONGEST = 2000
#: Shorter words cannot be told from names.
_SHORTEST_RANDOM = 16
#: Parts of the names in ``_NAMED``: without one of them it cannot match.
_NAMES = ("pass", "secret", "token", "key", "credential", "auth", "bearer", "basic", "pwd",
          "pat", "cookie", "signature")  # fmt: skip
_NAMED = lazy_re.compile(
    r"(?i)([\w.-]*(?:passw(?:or)?d|passphrase|passwd|secret|token|api-?_?key|access-?_?key|"
    r"private-?_?key|credential|auth|bearer|basic|pwd|pat\b|cookie|signature)[\w.-]*"
    r"[\"']?\s*(?:[=:]|\s)\s*[\"']?(?:(?:bearer|basic|token)\s+)?)"
    r"([^\s\"'&;|<>]+)"
)
_USER_PART = lazy_re.compile(r"(://)([^/\s@:]*(?::[^/\s@]*)?)@")
#: ``-p VALUE``, ``-pVALUE`` and ``-u NAME:VALUE`` of many programs.
_SHORT_OPTION = lazy_re.compile(r"((?:^|\s)-[pu]\s?)([^\s\"'-][^\s\"']*)")
_ASSIGNED = lazy_re.compile(r"((?:^|[\s;&|(])[A-Za-z_]\w*=)([^\s;&|)]+)")
_PART = lazy_re.compile(r"[^/.]{16,}")
_WORD = lazy_re.compile(r"[A-Za-z0-9+/=_~.-]{16,}")


def masked(text: str) -> str:
    """Return a text for the log, at most 2,000 characters of it."""
    text = text[:_LONGEST]
    # Compiling a pattern takes longer than looking whether it could match.
    if "://" in text and "@" in text:
        text = _USER_PART.sub(lambda match: f"{match[1]}{_mask(match[2])}@", text)
    if "=" in text:
        text = _ASSIGNED.sub(_second, text)
    lower = text.lower()
    if any(name in lower for name in _NAMES):
        text = _NAMED.sub(_second, text)
    if "-p" in text or "-u" in text:
        text = _SHORT_OPTION.sub(_second, text)
    longest = max(map(len, text.replace("/", " ").replace(".", " ").split()), default=0)
    return _WORD.sub(_random_parts, text) if longest >= _SHORTEST_RANDOM else text


def _second(match: re.Match[str]) -> str:
    value = match[2]
    return match[1] + (value if value.startswith("[") else _mask(value))


def _random_parts(match: re.Match[str]) -> str:
    """Mask the parts of a path or a word that look random."""
    return _PART.sub(_random, match[0])


def _random(match: re.Match[str]) -> str:
    word = match[0]
    return _mask(word) if _is_random(word) else word


def _is_random(word: str) -> bool:
    """Whether a word mixes digits and letters, or upper and lower case, all along."""
    kinds = [
        "d"
        if char.isdigit()
        else "u"
        if char.isupper()
        else "l"
        if char.islower()
        else "o"
        for char in word
    ]
    changes = sum(a != b for a, b in pairwise(kinds) if "o" not in (a, b))
    return changes * 6 >= len(word) or (
        changes >= 2 and "-" not in word and "_" not in word
    )


def _mask(value: str) -> str:
    """Return a mask as the gate's reports have: from 16 characters up, four are shown."""
    if len(value) < _SHORTEST_RANDOM:
        return f"[{len(value)} characters]"
    return f"{value[:4]}…[{len(value)} characters]"
