"""The test that a value must pass which only its name calls a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.model.finding import Confidence, Level
from zt_gate.scanners.secrets import sample_paths
from zt_gate.scanners.secrets import variable_names as strength
from zt_gate.scanners.secrets.assignments import (
    Assignment,
    find_assignments,
    stems_pattern,
)
from zt_gate.scanners.secrets.hits import KEYWORD, SecretHit
from zt_gate.scanners.secrets.value_classifier import identifier
from zt_gate.syntax import paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier
    from zt_gate.scanners.secrets.variable_names import VariableNames

RULE = "secrets/keyword-assignment"

_SCHEMES = re.compile(r"(?:bearer|basic|token|apikey|digest)[ +:]+", re.IGNORECASE)
# What a value must measure for a name that says all, much or little about it.
_SHORTEST = {strength.STRONG: 4, strength.MEDIUM: 10, strength.WEAK: 20}
_LONGEST = 1024
# An option or another assignment, not a value: ``attr=True``.
_PAIR = re.compile(r"[A-Za-z_][\w-]*=[^=]")
_QUERY = re.compile(r"&[\w.-]{1,40}=")
_ENDINGS = ",;)}]\\'\"`"
_CALLS = re.compile(r"[\w$.]+[(\[].*|.*(?:->|\?\.|\|\||&&).*|.*\(\)?$")


class KeywordAssignments:
    """The words and the judge, ready for one scan."""

    def __init__(
        self, data: Mapping[str, Any], names: VariableNames, judge: ValueClassifier
    ) -> None:
        self._stems = stems_pattern(tuple(data["stems"]))
        self._names = names
        self._judge = judge

    def find(self, block: TextBlock) -> Iterator[SecretHit]:
        """Find what is assigned to a name that says it is secret."""
        code = paths.is_any(block.path, "program")
        low = sample_paths.is_sample(block.path)
        for found in find_assignments(block, self._stems):
            power = self._names.strength(found.name)
            if power == strength.NONE:
                continue
            start, end = _trim(block.data, found)
            if _named_only(block.data, found):
                continue
            value = block.data[start:end].decode("utf-8", "replace")
            if self.secret(value, found, power, code=code):
                yield SecretHit(
                    RULE, start, end, KEYWORD,
                    level=Level.INFO if low else None,
                    confidence=Confidence.LOW if low else None,
                )  # fmt: skip

    def secret(self, value: str, found: Assignment, power: int, *, code: bool) -> bool:
        """Whether ``value`` is one, given how its name and file speak."""
        shortest = _SHORTEST[power] if found.quoted or not code else 16
        if not shortest <= len(value) <= _LONGEST or (
            not found.quoted and _PAIR.match(value)
        ):
            return False
        if _same(value, found.name) or self._judge.placeholder(value):
            return False
        if not found.quoted and code and not self._literal(value):
            return False
        if not found.quoted and _CALLS.fullmatch(value):
            return False
        if power == strength.STRONG and (found.quoted or found.operator != b""):
            return self._judge.passwordlike(value) or self._judge.random(
                value, shortest=10
            )
        return self._judge.random(
            value, shortest=max(shortest, _SHORTEST[strength.MEDIUM])
        )

    def _literal(self, value: str) -> bool:
        """Whether unquoted text in code can only be a value that was pasted there."""
        if identifier(value) and ("." in value or not any(c.isdigit() for c in value)):
            return False
        return self._judge.random(value, shortest=20)


def _named_only(data: bytes, found: Assignment) -> bool:
    """Whether this is a call, or a part of a resource's name (``arn:…:secret:x``)."""
    if not found.quoted and data[found.end : found.end + 1] == b"(":
        return True
    token = re.split(rb"[\s\"']", data[max(0, found.start - 160) : found.start])[-1]
    return b"arn:" in token


def _trim(data: bytes, found: Assignment) -> tuple[int, int]:
    """Cut what belongs to the syntax: a scheme's word before, closing marks behind."""
    start, end = found.start, found.end
    text = data[start:end].decode("utf-8", "surrogateescape")
    scheme = _SCHEMES.match(text)
    if scheme:
        start += scheme.end()
    query = _QUERY.search(text)
    if query:
        text = text[: query.start()]
        end = found.start + len(text.encode("utf-8", "surrogateescape"))
    if not found.quoted:
        end -= len(text) - len(text.rstrip(_ENDINGS))
    return start, max(start, end)


def _same(value: str, name: str) -> bool:
    """Whether the value only repeats the name (``password: "db_password"``)."""
    a = re.sub(r"[^a-z0-9]", "", value.lower())
    b = re.sub(r"[^a-z0-9]", "", name.lower())
    return not a or a in b or (len(b) >= 5 and b in a and len(a) - len(b) <= 12)
