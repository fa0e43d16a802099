"""User names and passwords inside URLs (RFC 3986, section 3.2.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from zt_gate.model.finding import Confidence, Level
from zt_gate.scanners.secrets.hits import URL, Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.scanners.secrets.block import Block
    from zt_gate.scanners.secrets.values import Judge

RULE = "secrets/url-credentials"

# What follows "://".  A password should be percent-encoded, but people write
# "@" and "#" in it, so the last "@" before the host's end decides.
_USERINFO = re.compile(
    rb"([^\s:/?#@\"'<>`\\,]{0,128}):([^\s\"'<>`/@]{1,256}(?:@[^\s\"'<>`/@:]{1,64}(?=@))?)@"
    rb"(\[[0-9a-fA-F:.]+\]|[\w.%${}()*-]+)"
)
_LOCAL = re.compile(
    r"localhost|127\.|0\.0\.0\.0|\[::1\]|::1|host\.docker\.internal|host(?:name)?$|server$|domain|.*your"
    r"|(?:foo|bar|baz|qux|[a-z]\d?)(?:\.(?:com|org|net|bar))?$",
    re.IGNORECASE,
)
# Reserved for documentation (RFC 2606): people put real passwords beside them all the same.
_SAMPLE = re.compile(
    r"(?:.*\.)?example(?:\.|$)|(?:.*\.)?(?:test|invalid|localhost)$", re.IGNORECASE
)


def find_urls(block: Block, judge: Judge) -> Iterator[Hit]:
    """Find ``scheme://user:password@host`` whose password is not a placeholder."""
    data = block.data
    position = data.find(b"://")
    while position >= 0:
        match = _USERINFO.match(data, position + 3)
        if match is not None:
            hit = _judge(match, judge)
            if hit is not None:
                yield hit
        position = data.find(b"://", position + 3)


def _judge(match: re.Match[bytes], judge: Judge) -> Hit | None:
    user, password, host = (part.decode("utf-8", "replace") for part in match.groups())
    if any(c in password for c in "{}[]()|") or judge.placeholder(unquote(password)):
        return None
    if _same(user, password, judge):
        return None
    start, end = match.span(2)
    random = judge.random(password, shortest=10)
    strong = random or judge.passwordlike(password)
    if _LOCAL.match(host) and not random:
        return None
    if _LOCAL.match(host) or (_SAMPLE.match(host) and not random) or not strong:
        return Hit(RULE, start, end, URL, level=Level.WARN, confidence=Confidence.MEDIUM)
    return Hit(RULE, start, end, URL)


def _same(user: str, password: str, judge: Judge) -> bool:
    """Whether the password is the user's name again, or both are words that mean "here"."""
    a, b = user.lower(), password.lower()
    return bool(a) and (
        a == b
        or (b.startswith(a) and not judge.random(password, shortest=12) and len(b) - len(a) <= 3)
    )
