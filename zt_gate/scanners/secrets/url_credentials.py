"""User names and passwords inside URLs (RFC 3986, section 3.2.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from zt_gate.model.finding import Confidence, Level
from zt_gate.scanners.secrets import sample_paths
from zt_gate.scanners.secrets.hits import URL, SecretHit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier

RULE = "secrets/url-credentials"

# What follows "://".  A password should be percent-encoded, but people write
# "@" and "#" in it, so the last "@" before the host's end decides.
_USERINFO = re.compile(
    rb"([^\s:/?#@\"'<>`\\,]{0,128}(?:@[^\s:/?#@\"'<>`\\,]{1,128}(?=:))?):([^\s\"'<>`/@]{1,256}(?:@[^\s\"'<>`/@:]{1,64}(?=@))?)@"
    rb"(\[[0-9a-fA-F:.]+\]|[\w.%${}()*-]+)"
)
# A token in the user's place, with nothing or a word that says so in the password's.
_TOKEN = re.compile(
    rb"(?P<secret>[A-Za-z0-9_~.=-]{20,256})(?P<word>:(?:x-oauth-basic|x-token-auth|x|))?@"
    rb"(?P<host>[\w.-]{1,128})(?P<path>[^\s\"']{0,20})"
)
# The public half of a Sentry project's address: 32 hexadecimal digits, a host, a number.
_PUBLIC = re.compile(rb"[0-9a-f]{32}(?::x?)?@[^/]{1,128}/(?:[\w-]{1,9}/){0,2}\d{1,18}")
# jdbc:postgresql://host/db?user=…&password=… and jdbc:oracle:thin:user/…@host.
_QUERY = re.compile(
    rb"[^\s\"'<>`?]{1,256}\?(?=[^\s\"'<>`]{0,256}\buser(?:name)?=)[^\s\"'<>`]{0,256}?"
    rb"\b(?:password|pwd)=([^\s\"'<>`&]{3,256})",
    re.IGNORECASE,
)
_ORACLE = re.compile(
    rb"jdbc:oracle:\w{1,8}:([\w.-]{1,64})/([^\s@\"'<>`]{3,128})@/{0,2}([\w.-]{1,128})"
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


def find_urls(block: TextBlock, judge: ValueClassifier) -> Iterator[SecretHit]:
    """Find ``scheme://user:password@host`` whose password is not a placeholder.

    A plain word counts as one in tests and documentation alone, and there it
    still warns.
    """
    data = block.data
    low = sample_paths.is_sample(block.path)
    position = data.find(b"://")
    while position >= 0:
        hit = _at(data, position + 3, judge, low=low)
        if hit is not None:
            yield hit
        position = data.find(b"://", position + 3)
    if b"jdbc:oracle:" in data:
        for match in _ORACLE.finditer(data):
            hit = _judge(match, judge, low=low)
            if hit is not None:
                yield hit


def _at(
    data: bytes, position: int, judge: ValueClassifier, *, low: bool
) -> SecretHit | None:
    """Judge what follows one ``://``."""
    match = _USERINFO.match(data, position)
    hit = _judge(match, judge, low=low) if match is not None else None
    if hit is not None:
        return hit
    token = _TOKEN.match(data, position)
    if token is not None and _PUBLIC.match(data, position) is None:
        return _token(token, judge)
    query = _QUERY.match(data, position)
    if query is None or _LOCAL.match(
        data[position : position + 64].decode("utf-8", "replace")
    ):
        return None
    password = unquote(query[1].decode("utf-8", "replace"))
    if judge.placeholder(password) or any(c in password for c in "{}[]()|"):
        return None
    return SecretHit(RULE, *query.span(1), URL, level=Level.WARN if low else None)


def _token(match: re.Match[bytes], judge: ValueClassifier) -> SecretHit | None:
    """Judge what stands in the user's place: alone it might be a name that looks like one."""
    value = match["secret"].decode("ascii")
    if judge.placeholder(value) or not judge.random(value, shortest=20):
        return None
    sure = None if match["word"] else Level.WARN
    return SecretHit(RULE, *match.span("secret"), URL, level=sure)


def _judge(
    match: re.Match[bytes], judge: ValueClassifier, *, low: bool
) -> SecretHit | None:
    user, password, host = (part.decode("utf-8", "replace") for part in match.groups())
    if any(c in password for c in "{}[]()|") or judge.placeholder(unquote(password)):
        return None
    if _same(user, password, judge):
        return None
    start, end = match.span(2)
    random = judge.random(password, shortest=10)
    weak = low and not random and not judge.passwordlike(password)
    if _LOCAL.match(host) and not random:
        return None
    if _LOCAL.match(host) or (_SAMPLE.match(host) and not random) or weak:
        return SecretHit(
            RULE, start, end, URL, level=Level.WARN, confidence=Confidence.MEDIUM
        )
    return SecretHit(RULE, start, end, URL)


def _same(user: str, password: str, judge: ValueClassifier) -> bool:
    """Whether the password is the user's name again, or both are words that mean "here"."""
    a, b = user.lower(), password.lower()
    return bool(a) and (
        a == b
        or (
            b.startswith(a)
            and not judge.random(password, shortest=12)
            and len(b) - len(a) <= 3
        )
    )
