"""Finds private keys in PEM, OpenSSH, PGP and PuTTY form (RFC 7468, RFC 4880 section 6.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.scanners.secrets.hits import KEY, SecretHit

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier

RULE = "secrets/private-key"
PUTTY = "secrets/putty-private-key"

_BEGIN = lazy_re.compile(
    rb"BEGIN[ \t]+(?:[A-Z0-9]{2,12}[ \t]+){0,3}PRIVATE KEY(?: BLOCK)?[ \t]*-{3,5}"
)
_END = lazy_re.compile(rb"-{3,5}[ \t]*END")
_HEADER = lazy_re.compile(
    rb"(?m)^[ \t\"']{0,40}"
    rb"(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID)[ \t]?:[^\n]*$"
)
# What separates the lines of a key that is written as a string in code.
_LINE_SEPARATORS = lazy_re.compile(
    rb"\\{1,2}[rn]|%0[aAdD]|&#1[03];|[\"'`][ \t]{0,8}[+.]|[\s\"'`\\,;#*|>]"
)
_LINE_BREAK = lazy_re.compile(rb"\\{1,2}[rn]|[\s\"'`\\,;]+")
# The last line of a key may be short; the others have 64 characters or more.
_BASE64_LINES = lazy_re.compile(rb"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/]{20,}={0,2}")
_BASE64_BODY = lazy_re.compile(rb"[A-Za-z0-9/+=_-]+")
_PUTTY_LINES = lazy_re.compile(
    rb"Private-Lines:[ \t]*\d{1,3}[ \t\r]*\n((?:[ \t]*[A-Za-z0-9+/=]{20,80}[ \t\r]*\n?){1,99})"
)
_INSIDE = "These lines are part of a private key whose first line was there before."
#: Characters; shorter bodies are headers in code that parses keys, or shortened samples.
_SHORTEST_BODY = 64
_LONGEST = 16 * 1024
# Characters of a line, or of a piece of one, that is masked by itself.
_SHORTEST_MASKED = 16
_SHORTEST_BODY_LINE = 20
_HEADER_LENGTH = 60


def find_keys(block: TextBlock, classifier: ValueClassifier) -> Iterator[SecretHit]:
    """Find private keys that have a body."""
    data = block.data
    position = data.find(b"PRIVATE KEY")
    while position >= 0:
        floor = max(0, position - _HEADER_LENGTH)
        begin_position = max(floor, data.rfind(b"BEGIN", floor, position))
        begin = _BEGIN.match(data, begin_position, position + 30)
        if begin is not None:
            hit = _check_key(block, begin, classifier)
            if hit is not None:
                yield hit
        position = data.find(b"PRIVATE KEY", position + len(b"PRIVATE KEY"))
    if b"Private-Lines:" in data:
        for match in _PUTTY_LINES.finditer(data):
            start, end = match.span(1)
            yield SecretHit(PUTTY, start, end, KEY, extra=tuple(match[1].split()))


def _check_key(
    block: TextBlock, begin: re.Match[bytes], classifier: ValueClassifier
) -> SecretHit | None:
    """Return the hit for the key that ``begin`` starts, if it has a body."""
    data = block.data
    start = begin.end()
    end = _end_of_key(data, start)
    raw = data[start:end]
    without_headers = _HEADER.sub(b"", raw)
    body_match = _BASE64_BODY.match(_LINE_SEPARATORS.sub(b"", without_headers))
    if body_match is None or len(body_match[0]) < _SHORTEST_BODY:
        return None
    body = body_match[0]
    if classifier.is_placeholder(body[:200].decode("ascii", "replace")):
        return None
    if not is_base64(raw):
        return None
    last = data.rfind(body[-8:], start, end)
    if last >= 0:
        end = last + 8
    # Each line by itself too: other scanners may quote one of them.
    lines = [line for line in _LINE_BREAK.split(raw) if len(line) >= _SHORTEST_MASKED]
    extra = (data[start:end].strip(), *lines)
    return SecretHit(RULE, begin.start(), end, KEY, value=body, extra=extra)


def _end_of_key(data: bytes, start: int) -> int:
    """Return where the END line, the next key, or the longest possible body ends."""
    end = min(len(data), start + _LONGEST)
    next_begin = data.find(b"-----BEGIN", start, end)
    if next_begin >= 0:
        end = next_begin
    closing = _END.search(data, start, end)
    return closing.start() if closing is not None else end


def is_base64(raw: bytes, shortest: int = _SHORTEST_BODY) -> bool:
    """Whether text holds at least ``shortest`` characters of base64, not prose or code."""
    return sum(len(line) for line in _BASE64_LINES.findall(raw)) >= shortest


# A line of base64 as wide as those of a key: perhaps the middle of one.
_BODY_LINES = lazy_re.compile(
    rb"(?m)(?:^[ \t\"']{0,20}[A-Za-z0-9+/]{60,76}[\"' \t+,\\nr]{0,8}$\n?)"
)
_WHOLE_KEY = lazy_re.compile(
    rb"BEGIN[ \t]+(?:[A-Z0-9]{2,12}[ \t]+){0,3}PRIVATE KEY(?: BLOCK)?[ \t]*-{3,5}"
    rb"(?P<body>[^-]{64,16384}(?:-[^-]{1,200}){0,8})-{3,5}[ \t]*END"
)


def has_body_lines(block: TextBlock) -> bool:
    """Whether the block may hold the middle of a key whose first line is not in it."""
    return _BODY_LINES.search(block.data) is not None


def find_bodies(block: TextBlock, new_content: bytes) -> Iterator[SecretHit]:
    """Find added lines inside a private key of the new file, if its first line is older."""
    for match in _WHOLE_KEY.finditer(new_content):
        first_line = new_content.count(b"\n", 0, match.start("body")) + 1
        last_line = first_line + match["body"].count(b"\n")
        if first_line in block.numbers:
            continue
        spans = []
        for index, number in enumerate(block.numbers):
            if not first_line <= number <= last_line:
                continue
            start, end = block.bounds(index)
            if len(block.data[start:end].strip()) >= _SHORTEST_BODY_LINE:
                spans.append((start, end))
        if not spans:
            continue
        lines = tuple(block.data[start:end].strip() for start, end in spans)
        body = _LINE_SEPARATORS.sub(b"", match["body"])
        first_start, last_end = spans[0][0], spans[-1][1]
        yield SecretHit(
            RULE, first_start, last_end, KEY, value=body, extra=lines, note=_INSIDE
        )
