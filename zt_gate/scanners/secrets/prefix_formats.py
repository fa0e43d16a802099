"""Formats with a literal of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.finding import Confidence, Level
from zt_gate.scanners.secrets import checksums
from zt_gate.scanners.secrets.hits import FORMAT, SecretHit
from zt_gate.scanners.secrets.lazy_regex import lazy
from zt_gate.scanners.secrets.value_classifier import entropy

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from zt_gate.scanners.secrets.rule_index import FormatIndex, SecretFormat
    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier

_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_HEX = frozenset(b"0123456789abcdefABCDEF")
_JOINED = _WORD | frozenset(b"_")
_LONGEST = 4096
_STAGE = lazy(r"(?:test|live|prod|production|dev|sandbox|staging)[-_]")
_SANDBOX = lazy(r"[-_](?:sandbox|sdbx|sbx)[-_]")
_PARTS = lazy(r"[-_.:]")
_DECODABLE = lazy(r"[A-Za-z0-9]+")


def find_formats(
    block: TextBlock, catalogue: FormatIndex, judge: ValueClassifier
) -> Iterator[SecretHit]:
    """Find the formats with their own literal."""
    for position, forms in catalogue.candidates(block.data):
        for form in forms:
            hit = _form(block, catalogue, form, position, judge)
            if hit is not None:
                yield hit


def _form(
    block: TextBlock,
    catalogue: FormatIndex,
    form: SecretFormat,
    position: int,
    judge: ValueClassifier,
) -> SecretHit | None:
    if not block.data.startswith(form.literals, position):
        return None
    find = _around if form.marker else _at
    match = find(block, catalogue, form, position)
    return judged(block, form, match, judge, FORMAT) if match is not None else None


def _at(
    block: TextBlock, catalogue: FormatIndex, form: SecretFormat, position: int
) -> re.Match[bytes] | None:
    data = block.data
    if not _begins(data, position) or (
        b"." not in form.literals[0] and _attribute(data, position)
    ):
        return None
    match = catalogue.pattern(form).match(data, position, position + _LONGEST)
    return match if match and _closed(data, match) else None


def _around(
    block: TextBlock, catalogue: FormatIndex, form: SecretFormat, position: int
) -> re.Match[bytes] | None:
    data = block.data
    low, high = block.line_at(position)
    low, high = max(low, position - form.reach), min(high, position + _LONGEST)
    pattern = catalogue.pattern(form)
    while low <= position:
        match = pattern.search(data, low, high)
        if match is None or match.start() > position:
            return None
        if (
            match.end() > position
            and _begins(data, match.start())
            and _closed(data, match)
        ):
            return match
        low = match.start() + 1
    return None


def _begins(data: bytes, position: int) -> bool:
    r"""Whether a value may begin here: not inside a word, an escape like ``\n`` aside."""
    if position == 0 or data[position - 1] not in _JOINED:
        return True
    before = data[max(0, position - 3) : position]
    return (len(before) >= 2 and before[-2] == 0x5C and before[-1:] in b"nrtbfv") or (
        len(before) == 3
        and before[0] == 0x25
        and before[1] in _HEX
        and before[2] in _HEX
    )


def _attribute(data: bytes, position: int) -> bool:
    """Whether this goes on after a dot, like a file's ending or an attribute."""
    return position >= 2 and data[position - 1] == 0x2E and data[position - 2] in _WORD


def _closed(data: bytes, match: re.Match[bytes]) -> bool:
    """Whether the value ends where the match does, or the pattern itself says what follows."""
    end = match.end()
    if match.re.groups and match.end(1) < end:
        return True
    return end >= len(data) or data[end] not in _JOINED


def judged(
    block: TextBlock,
    form: SecretFormat,
    match: re.Match[bytes],
    judge: ValueClassifier,
    rank: int,
) -> SecretHit | None:
    """Return the hit for a match of a format, or None where it is a known fake."""
    group = "secret" if "secret" in match.re.groupindex else 0
    start, end = match.span(group)
    value = block.data[start:end].decode("ascii", "replace")
    body = _body(form, value)
    if form.fakes and _fake(body, judge):
        return None
    if form.near and form.fakes and not judge.random(value, shortest=8):
        return None
    if form.entropy and entropy(body) < form.entropy:
        return None
    verdict = checksums.check(form.checksum, value)
    if verdict is False and form.requires:
        return None
    level, confidence, note = form.rule.level, form.rule.confidence, ""
    if form.context and not _stands_near(block, form.context, start, end):
        if form.strict:
            return None
        level, confidence = Level.WARN, Confidence.MEDIUM
    if doubtful(value) or (
        form.public and _stands_near(block, form.public, start, end)
    ):
        level, confidence = Level.WARN, Confidence.LOW
    if form.checksum == "jwt" and checksums.bare_jwt(value):
        level, confidence = Level.WARN, Confidence.LOW
    if verdict is True:
        confidence, note = Confidence.HIGH, "Its checksum is right."
    elif verdict is False and not form.requires:
        confidence, note = (
            Confidence.MEDIUM,
            "Its checksum is wrong: an invented or damaged one.",
        )
    weight = max(map(len, form.literals)) + 40 * form.requires
    return SecretHit(
        form.rule.id, start, end, rank, None, (), level, confidence, note, weight
    )


def _body(form: SecretFormat, value: str) -> str:
    """Return what varies: the value without the literal and ``live_`` that it begins with."""
    if form.near or form.marker:
        return value
    literal = max(
        (text for text in form.literals if value.startswith(text.decode())),
        key=len,
        default=b"",
    )
    body = value[len(literal) :]
    stage = _STAGE.match(body)
    body = body[stage.end() :] if stage else body
    return body if len(body) >= 8 else value


def _stands_near(
    block: TextBlock, words: tuple[bytes, ...], start: int, end: int
) -> bool:
    """Whether one of the words stands in the lines around a value, or in the path."""
    around = block.lower[max(0, start - 400) : end + 200] + b"\n" + block.path.lower()
    return any(word in around for word in words)


def _fake(body: str, judge: ValueClassifier) -> bool:
    return judge.placeholder(body) or judge.wordy(body)


def doubtful(value: str) -> bool:
    """Whether a key of this form, if it is one, opens nothing of worth or was made by hand.

    It names a sandbox; parts of it are runs or the same again; or it is base64
    of bytes that count.  Such a find only warns.
    """
    if _SANDBOX.search(value):
        return True
    parts = [part for part in _PARTS.split(value) if len(part) >= 4]
    numbers = [part for part in parts if part.isdigit()]
    return len(numbers) > len(set(numbers)) or _counting(parts[-1] if parts else "")


def _counting(text: str) -> bool:
    """Whether this decodes to 1, 2, 3 …, as samples that a program prints do."""
    if len(text) < 24 or _DECODABLE.fullmatch(text) is None:
        return False
    import base64
    from itertools import pairwise

    data = base64.urlsafe_b64decode(text[: len(text) // 4 * 4])
    steps = sum(b - a == 1 for a, b in pairwise(data))
    return steps * 4 >= len(data) * 3
