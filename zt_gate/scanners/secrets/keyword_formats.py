"""Formats without a literal of their own, which a word near them names."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from zt_gate.model.finding import Level
from zt_gate.scanners.secrets import sample_paths
from zt_gate.scanners.secrets.hits import KEY, NEAR
from zt_gate.scanners.secrets.prefix_formats import judged
from zt_gate.scanners.secrets.variable_names import MEDIUM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.scanners.secrets.hits import SecretHit
    from zt_gate.scanners.secrets.rule_index import FormatIndex, SecretFormat
    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier
    from zt_gate.scanners.secrets.variable_names import VariableNames

_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_JOINED = _WORD | frozenset(b"_")
# Bytes that would make a value without a prefix a part of something longer.
_INSIDE = _WORD | frozenset(b"_-+/=.")
# The rest of a name, perhaps a type, and what assigns: up to the value.
_GIVEN = re.compile(
    rb"([\w.-]{1,64})(?:[ \t:]{1,3}(?:string|str|String))?[^\w\n]{1,12}\n?[^\w\n]{0,20}"
)
# A value that is shorter is also what others give to things.
_LONG = 20


def find_near(
    block: TextBlock,
    catalogue: FormatIndex,
    judge: ValueClassifier,
    names: VariableNames,
) -> Iterator[SecretHit]:
    """Find the formats that a word near them names (``datadog`` and 32 hex digits).

    ``DATADOG_API_KEY = …`` leaves nothing to guess: issuer, purpose, length and
    alphabet are right, so that it counts as a format of its own.
    """
    data = block.data
    low = sample_paths.is_sample(block.path)
    for start, end, forms in catalogue.words(block.lower):
        for form in forms:
            if not _is_word(block.lower, start, form):
                continue
            match = _after(data, catalogue, form, end)
            hit = judged(block, form, match, judge, NEAR) if match is not None else None
            if hit is None or match is None:
                continue
            # A rule that blocks by itself speaks after the reader of the file.
            if (
                hit.level is not Level.BLOCK
                and not low
                and _named(data, start, match, names)
            ):
                hit = replace(hit, rank=KEY, level=Level.BLOCK)
            yield hit


def _named(
    data: bytes, start: int, match: re.Match[bytes], names: VariableNames
) -> bool:
    """Whether the word at ``start`` is part of a name for a secret, given this very value."""
    value = match.start()
    gap = _GIVEN.fullmatch(data, start, value)
    if gap is None or match.end() - value < _LONG:
        return False
    first = start
    while first > max(0, start - 48) and data[first - 1] in _JOINED:
        first -= 1
    name = data[first : gap.end(1)].decode("ascii", "replace")
    return names.strength(name) >= MEDIUM


def _after(
    data: bytes, catalogue: FormatIndex, form: SecretFormat, position: int
) -> re.Match[bytes] | None:
    high = min(len(data), position + form.reach + 200)
    for match in catalogue.pattern(form).finditer(data, position, high):
        start, end = match.span()
        if start - position > form.reach or data.count(b"\n", position, start) > 2:
            return None
        if data[start - 1] in _INSIDE and not _operator(data, start):
            continue
        if end < len(data) and data[end] in _INSIDE and not _sentence(data, end):
            continue
        return match
    return None


def _operator(data: bytes, start: int) -> bool:
    """Whether the byte before is an assignment's or a separator's, not a part of the value."""
    return data[start - 1] == 0x3D and data[start - 2 : start - 1] not in {
        b"=",
        b"+",
        b"/",
    }


def _sentence(data: bytes, end: int) -> bool:
    return data[end] == 0x2E and (end + 1 >= len(data) or data[end + 1] in b" \n\r\t")


def _is_word(lower: bytes, position: int, form: SecretFormat) -> bool:
    """Whether the word found begins a word of one of the format's own."""
    own = next((w for w in form.literals if lower.startswith(w, position)), None)
    if own is None:
        return False
    return len(own) > 5 or position == 0 or lower[position - 1] not in _WORD
