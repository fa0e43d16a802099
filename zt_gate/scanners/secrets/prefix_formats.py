"""Finds formats that have a fixed literal, such as a prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.finding import Confidence, Level
from zt_gate.scanners.secrets import checksums, sample_paths
from zt_gate.scanners.secrets.hits import FORMAT, SecretHit
from zt_gate.scanners.secrets.value_classifier import entropy

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from zt_gate.scanners.secrets.rule_index import FormatIndex, SecretFormat
    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier

_ALPHANUMERIC = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")
_NAME_BYTES = _ALPHANUMERIC | frozenset(b"_")
_LONGEST = 4096
_STAGE = lazy_re.compile(r"(?:test|live|prod|production|dev|sandbox|staging)[-_]")
_SANDBOX = lazy_re.compile(r"[-_](?:sandbox|sdbx|sbx)[-_]")
_SEPARATORS = lazy_re.compile(r"[-_.:]")
_BASE64_BODY = lazy_re.compile(r"[A-Za-z0-9]+")
_SHORTEST_COUNTING = 24
_BASE64 = frozenset(b"+/") | _ALPHANUMERIC
_NOT_BASE64 = lazy_re.compile(rb"[^A-Za-z0-9+/]")
# Characters of base64 before a prefix that make it a part of a file, such as an image.
_LONG_BASE64 = 60
_DATA_URL = b";base64,"
_WRAPPED_LINE = lazy_re.compile(rb"[\s\"']*[A-Za-z0-9+/]{56,}[\\\s\"'+,]*\Z")


def find_formats(
    block: TextBlock, formats: FormatIndex, classifier: ValueClassifier
) -> Iterator[SecretHit]:
    """Find the formats with a literal of their own."""
    for position, forms in formats.candidates(block.data):
        for form in forms:
            if not block.data.startswith(form.literals, position):
                continue
            if form.marker:
                match = _match_around(block, formats, form, position)
            else:
                match = _match_at(block, formats, form, position)
            if match is None:
                continue
            hit = classify(block, form, match, classifier, FORMAT)
            if hit is not None:
                yield hit


def _match_at(
    block: TextBlock, formats: FormatIndex, form: SecretFormat, position: int
) -> re.Match[bytes] | None:
    """Match a format whose prefix is at ``position``."""
    data = block.data
    if not _can_begin(data, position):
        return None
    if b"." not in form.literals[0] and _is_attribute(data, position):
        return None
    match = formats.pattern(form).match(data, position, position + _LONGEST)
    return match if match and _is_complete(data, match) else None


def _match_around(
    block: TextBlock, formats: FormatIndex, form: SecretFormat, position: int
) -> re.Match[bytes] | None:
    """Match a format whose marker, inside the value, is at ``position``."""
    data = block.data
    line_start, line_end = block.line_at(position)
    start = max(line_start, position - form.reach)
    end = min(line_end, position + _LONGEST)
    pattern = formats.pattern(form)
    while start <= position:
        match = pattern.search(data, start, end)
        if match is None or match.start() > position:
            return None
        holds_marker = match.end() > position
        if (
            holds_marker
            and _can_begin(data, match.start())
            and _is_complete(data, match)
        ):
            return match
        start = match.start() + 1
    return None


def _can_begin(data: bytes, position: int) -> bool:
    r"""Whether a value can begin here: not inside a word, except after ``\n`` or ``%3D``."""
    if position == 0 or data[position - 1] not in _NAME_BYTES:
        return True
    before = data[max(0, position - 3) : position]
    if len(before) >= 2 and before[-2] == ord("\\") and before[-1:] in b"nrtbfv":
        return True
    if len(before) < 3 or before[0] != ord("%"):
        return False
    return before[1] in _HEX_DIGITS and before[2] in _HEX_DIGITS


def _is_attribute(data: bytes, position: int) -> bool:
    """Whether a word and a dot precede, as before a file's suffix or an attribute."""
    if position < 2:
        return False
    return data[position - 1] == ord(".") and data[position - 2] in _ALPHANUMERIC


def _is_complete(data: bytes, match: re.Match[bytes]) -> bool:
    """Whether the value ends where the match does, or the pattern itself says what follows."""
    end = match.end()
    if match.re.groups and match.end(1) < end:
        return True
    return end >= len(data) or data[end] not in _NAME_BYTES


def classify(
    block: TextBlock,
    form: SecretFormat,
    match: re.Match[bytes],
    classifier: ValueClassifier,
    rank: int,
) -> SecretHit | None:
    """Return the hit for a match of a format, or None where it is a known fake."""
    group = "secret" if "secret" in match.re.groupindex else 0
    start, end = match.span(group)
    if rank == FORMAT and _is_in_base64(block.data, match.start(), end):
        return None
    value = block.data[start:end].decode("ascii", "replace")
    if _is_fake(form, value, classifier):
        return None
    checksum_valid = checksums.check(form.checksum, value)
    if checksum_valid is False and form.requires:
        return None
    level, confidence, note = form.rule.level, form.rule.confidence, ""
    if form.context and not _is_near(block, form.context, start, end):
        if form.strict:
            return None
        level, confidence = Level.WARN, Confidence.MEDIUM
    is_public = bool(form.public) and _is_near(block, form.public, start, end)
    if is_doubtful(value) or is_public or _is_sample_jwt(form, value, block.path):
        level, confidence = Level.WARN, Confidence.LOW
    if checksum_valid is True:
        confidence, note = Confidence.HIGH, "Valid checksum."
    elif checksum_valid is False:
        confidence = Confidence.MEDIUM
        note = "Invalid checksum: the value is invented or damaged."
        # Where invented keys are usual, this one does not stop anybody.
        if sample_paths.is_sample(block.path):
            level = Level.WARN
    weight = max(map(len, form.literals)) + 40 * form.requires
    return SecretHit(
        form.rule.id,
        start,
        end,
        rank,
        level=level,
        confidence=confidence,
        note=note,
        weight=weight,
    )


def _is_sample_jwt(form: SecretFormat, value: str, path: bytes) -> bool:
    """Whether a token says hardly anything, or in a test or document is out of date."""
    if form.checksum != "jwt":
        return False
    if checksums.is_minimal_jwt(value):
        return True
    return sample_paths.is_sample(path) and checksums.is_expired_jwt(value)


def _is_in_base64(data: bytes, start: int, end: int) -> bool:
    """Whether the bytes are a part of longer base64, in which any prefix may occur.

    Only a value of base64's own letters can be: ``EAA`` is, ``ghp_`` is not.
    """
    if _NOT_BASE64.search(data, start, end) is not None:
        return False
    if end < len(data) and data[end] in b"+/":
        return True
    run = start
    while run > 0 and start - run < _LONG_BASE64 and data[run - 1] in _BASE64:
        run -= 1
    if start - run >= _LONG_BASE64 or data[:run].endswith(_DATA_URL):
        return True
    line_start = data.rfind(b"\n", 0, run) + 1
    if line_start == 0 or data[line_start:run].strip(b" \t\"'"):
        return False
    previous = data.rfind(b"\n", 0, line_start - 1) + 1
    return _WRAPPED_LINE.match(data[previous : line_start - 1]) is not None


def _is_fake(form: SecretFormat, value: str, classifier: ValueClassifier) -> bool:
    """Whether the value is a placeholder, words, or not random enough for the format."""
    body = _body(form, value)
    if form.fakes:
        if classifier.is_sample_key(body) or classifier.is_wordy(body):
            return True
        if form.near and not classifier.is_random(value, shortest=8):
            return True
    return bool(form.entropy) and entropy(body) < form.entropy


def _body(form: SecretFormat, value: str) -> str:
    """Return what varies: the value without its prefix, and without ``live_`` after it."""
    if form.near or form.marker:
        return value
    prefixes = [prefix for prefix in form.literals if value.startswith(prefix.decode())]
    prefix = max(prefixes, key=len, default=b"")
    body = value[len(prefix) :]
    stage = _STAGE.match(body)
    if stage:
        body = body[stage.end() :]
    return body if len(body) >= 8 else value


def _is_near(block: TextBlock, words: tuple[bytes, ...], start: int, end: int) -> bool:
    """Whether one of the words is in the text around a value, or in the path."""
    surroundings = block.lower[max(0, start - 400) : end + 200]
    text = surroundings + b"\n" + block.path.lower()
    return any(word in text for word in words)


def is_doubtful(value: str) -> bool:
    """Whether the key is probably worthless or invented, so that it only warns.

    It names a sandbox, repeats a number, or is base64 of bytes that count up.
    """
    if _SANDBOX.search(value):
        return True
    parts = [part for part in _SEPARATORS.split(value) if len(part) >= 4]
    numbers = [part for part in parts if part.isdigit()]
    repeats_number = len(numbers) > len(set(numbers))
    return repeats_number or _counts_up(parts[-1] if parts else "")


def _counts_up(text: str) -> bool:
    """Whether this is base64 of the bytes 1, 2, 3 …, as in samples made by a program."""
    if len(text) < _SHORTEST_COUNTING or _BASE64_BODY.fullmatch(text) is None:
        return False
    import base64
    from itertools import pairwise

    data = base64.urlsafe_b64decode(text[: len(text) // 4 * 4])
    steps = sum(following - byte == 1 for byte, following in pairwise(data))
    return steps * 4 >= len(data) * 3
