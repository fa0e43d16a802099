"""Private keys in PEM, OpenSSH, PGP and PuTTY form (RFC 7468, RFC 4880 section 6.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.scanners.secrets.hits import KEY, SecretHit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier

RULE = "secrets/private-key"
PUTTY = "secrets/putty-private-key"

_BEGIN = re.compile(
    rb"BEGIN[ \t]+(?:[A-Z0-9]{2,12}[ \t]+){0,3}PRIVATE KEY(?: BLOCK)?[ \t]*-{3,5}"
)
_END = re.compile(rb"-{3,5}[ \t]*END")
_HEADER = re.compile(
    rb"(?m)^[ \t\"']{0,40}"
    rb"(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID)[ \t]?:[^\n]*$"
)
# What stands between the lines of a key that is written as a string in code.
_GLUE = re.compile(
    rb"\\{1,2}[rn]|%0[aAdD]|&#1[03];|[\"'`][ \t]{0,8}[+.]|[\s\"'`\\,;#*|>]"
)
_BREAK = re.compile(rb"\\{1,2}[rn]|[\s\"'`\\,;]+")
# The last line of a key may be short; the others have 64 characters or more.
_PIECES = re.compile(rb"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/]{20,}={0,2}")
_BODY = re.compile(rb"[A-Za-z0-9/+=_-]+")
_PUTTY = re.compile(
    rb"Private-Lines:[ \t]*\d{1,3}[ \t\r]*\n((?:[ \t]*[A-Za-z0-9+/=]{20,80}[ \t\r]*\n?){1,99})"
)
_INSIDE = "The lines stand inside a key whose first line was there before."
#: Shorter bodies are headers in code that parses keys, or cut samples.
SHORTEST = 64
_LONGEST = 16 * 1024


def find_keys(block: TextBlock, judge: ValueClassifier) -> Iterator[SecretHit]:
    """Find private keys that have a body."""
    data = block.data
    position = data.find(b"PRIVATE KEY")
    while position >= 0:
        low = max(
            0, position - 60, data.rfind(b"BEGIN", max(0, position - 60), position)
        )
        begin = _BEGIN.match(data, low, position + 30)
        if begin is not None:
            hit = _key(block, begin, judge)
            if hit is not None:
                yield hit
        position = data.find(b"PRIVATE KEY", position + 11)
    if b"Private-Lines:" in data:
        for match in _PUTTY.finditer(data):
            start, end = match.span(1)
            yield SecretHit(PUTTY, start, end, KEY, extra=tuple(match[1].split()))


def _key(
    block: TextBlock, begin: re.Match[bytes], judge: ValueClassifier
) -> SecretHit | None:
    data = block.data
    start = begin.end()
    end = min(len(data), start + _LONGEST)
    again = data.find(b"-----BEGIN", start, end)
    end = again if again >= 0 else end
    closing = _END.search(data, start, end)
    end = closing.start() if closing is not None else end
    raw = data[start:end]
    body = _BODY.match(_GLUE.sub(b"", _HEADER.sub(b"", raw)))
    if body is None or len(body[0]) < SHORTEST:
        return None
    if judge.placeholder(body[0][:200].decode("ascii", "replace")) or not encoded(raw):
        return None
    # Each line by itself too: other scanners may quote one of them.
    lines = tuple(piece for piece in _BREAK.split(raw) if len(piece) >= 16)
    last = data.rfind(body[0][-8:], start, end)
    end = last + 8 if last >= 0 else end
    extra = (data[start:end].strip(), *lines)
    return SecretHit(RULE, begin.start(), end, KEY, value=body[0], extra=extra)


def encoded(raw: bytes, shortest: int = SHORTEST) -> bool:
    """Whether what follows a first line is base64, not prose or code: its pieces are long."""
    return sum(len(piece) for piece in _PIECES.findall(raw)) >= shortest


# Two or more whole lines of base64 one after the other: perhaps the middle of a key.
_BODY_LINES = re.compile(
    rb"(?m)(?:^[ \t\"']{0,20}[A-Za-z0-9+/]{60,76}[\"' \t+,\\nr]{0,8}$\n?){2,}"
)
_WHOLE = re.compile(
    rb"BEGIN[ \t]+(?:[A-Z0-9]{2,12}[ \t]+){0,3}PRIVATE KEY(?: BLOCK)?[ \t]*-{3,5}"
    rb"(?P<body>[^-]{64,16384}(?:-[^-]{1,200}){0,8})-{3,5}[ \t]*END"
)


def has_body_lines(block: TextBlock) -> bool:
    """Whether the block may hold the middle of a key whose first line is not in it."""
    return _BODY_LINES.search(block.data) is not None


def find_bodies(block: TextBlock, whole: bytes) -> Iterator[SecretHit]:
    """Find added lines that stand inside a private key of the new file ``whole``."""
    for match in _WHOLE.finditer(whole):
        first = whole.count(b"\n", 0, match.start("body")) + 1
        last = first + match["body"].count(b"\n")
        inside = [
            index
            for index, number in enumerate(block.numbers)
            if first <= number <= last
            and len(block.data[slice(*block.bounds(index))].strip()) >= 20
        ]
        if not inside or first in block.numbers:
            continue
        start, end = block.bounds(inside[0])[0], block.bounds(inside[-1])[1]
        lines = tuple(
            block.data[slice(*block.bounds(index))].strip() for index in inside
        )
        body = _GLUE.sub(b"", match["body"])
        yield SecretHit(RULE, start, end, KEY, value=body, extra=lines, note=_INSIDE)
