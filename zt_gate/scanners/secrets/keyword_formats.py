"""Finds formats without a fixed literal by a provider's name near the value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.finding import Level
from zt_gate.record import replace
from zt_gate.scanners.secrets import sample_paths
from zt_gate.scanners.secrets.hits import KEY, NEAR
from zt_gate.scanners.secrets.prefix_formats import classify
from zt_gate.scanners.secrets.variable_names import MEDIUM

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from zt_gate.scanners.secrets.hits import SecretHit
    from zt_gate.scanners.secrets.rule_index import FormatIndex, SecretFormat
    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier
    from zt_gate.scanners.secrets.variable_names import VariableNames

_ALPHANUMERIC = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)
_NAME_BYTES = _ALPHANUMERIC | frozenset(b"_")
# Bytes that would make a value without a prefix a part of something longer.
_VALUE_BYTES = _ALPHANUMERIC | frozenset(b"_-+/=.")
# The remainder of a name, perhaps a type, and the assignment: up to the value.
_NAME_AND_ASSIGNMENT = lazy_re.compile(
    rb"([\w.-]{1,64})(?:[ \t:]{1,3}(?:string|str|String))?[^\w\n]{1,12}\n?[^\w\n]{0,20}"
)
_LONGEST_NAME = 48
# Shorter values are too common to be specific to a provider.
_SHORTEST_VALUE = 20
# Names of commits and sums, which are as long as many keys.
_SUM_NAME = lazy_re.compile(
    rb"(?i:\b|_)(?i:sha\d{0,3}|[a-z]{0,8}sha|commit(?:_?id|_?sha|_?hash)?|rev|revision"
    rb"|digest|hash|checksum|md5|etag|oid|tree|blob|node_id|fingerprint|integrity|version)"
    rb"[\"'\\\])]{0,4}[ \t]{0,12}[:=]{1,2}>?[ \t]{0,12}[\"'\\]{0,3}\Z"
)
_SUM_REACH = 48
# A shorter word must begin a word of the text.
_DISTINCTIVE_WORD = 6
_LINE_BREAKS = 2


def find_near(
    block: TextBlock,
    formats: FormatIndex,
    classifier: ValueClassifier,
    names: VariableNames,
) -> Iterator[SecretHit]:
    """Find the formats that a word near them names (``datadog`` and 32 hex digits).

    In ``DATADOG_API_KEY = …`` issuer, purpose, length and alphabet match, so that it
    blocks like a format with a prefix.
    """
    data = block.data
    is_sample = sample_paths.is_sample(block.path)
    for word_start, word_end, forms in formats.words(block.lower):
        for form in forms:
            if not _is_own_word(block.lower, word_start, form):
                continue
            match = _value_after(data, formats, form, word_end)
            if match is None:
                continue
            hit = classify(block, form, match, classifier, NEAR)
            if hit is None:
                continue
            # A rule that blocks by itself keeps its lower precedence.
            may_raise = hit.level is not Level.BLOCK and not is_sample
            if may_raise and _is_assigned(data, word_start, match, names):
                hit = replace(hit, rank=KEY, level=Level.BLOCK)
            yield hit


def _is_assigned(
    data: bytes, word_start: int, match: re.Match[bytes], names: VariableNames
) -> bool:
    """Whether the word is part of a name for a secret that the value is assigned to."""
    value_start, value_end = match.span()
    assignment = _NAME_AND_ASSIGNMENT.fullmatch(data, word_start, value_start)
    if assignment is None or value_end - value_start < _SHORTEST_VALUE:
        return False
    name_start = word_start
    floor = max(0, word_start - _LONGEST_NAME)
    while name_start > floor and data[name_start - 1] in _NAME_BYTES:
        name_start -= 1
    name = data[name_start : assignment.end(1)].decode("ascii", "replace")
    return names.strength(name) >= MEDIUM


def _value_after(
    data: bytes, formats: FormatIndex, form: SecretFormat, position: int
) -> re.Match[bytes] | None:
    """Return the first match of a format after a word, if it is near and complete."""
    search_end = min(len(data), position + form.reach + 200)
    for match in formats.pattern(form).finditer(data, position, search_end):
        start, end = match.span()
        if start - position > form.reach:
            return None
        if data.count(b"\n", position, start) > _LINE_BREAKS:
            return None
        continues_before = data[start - 1] in _VALUE_BYTES
        if continues_before and not _follows_assignment(data, start):
            continue
        continues_behind = end < len(data) and data[end] in _VALUE_BYTES
        if continues_behind and not _ends_sentence(data, end):
            continue
        if _has_other_name(data, start):
            continue
        return match
    return None


def _has_other_name(data: bytes, start: int) -> bool:
    """Whether the value has a name of its own that makes it a sum or a revision."""
    if data[start - 1] == ord("@"):
        return True
    return _SUM_NAME.search(data[max(0, start - _SUM_REACH) : start]) is not None


def _follows_assignment(data: bytes, start: int) -> bool:
    """Whether the byte before is an assignment's ``=``, not the end of some base64."""
    before = data[start - 2 : start - 1]
    return data[start - 1] == ord("=") and before not in {b"=", b"+", b"/"}


def _ends_sentence(data: bytes, end: int) -> bool:
    if data[end] != ord("."):
        return False
    return end + 1 >= len(data) or data[end + 1] in b" \n\r\t"


def _is_own_word(lower: bytes, position: int, form: SecretFormat) -> bool:
    """Whether a literal of the format is at ``position``, at the start of a word if short."""
    literal = next(
        (word for word in form.literals if lower.startswith(word, position)), None
    )
    if literal is None:
        return False
    if len(literal) >= _DISTINCTIVE_WORD or position == 0:
        return True
    return lower[position - 1] not in _ALPHANUMERIC
