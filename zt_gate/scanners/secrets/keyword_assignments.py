"""Finds secrets by the name that they are assigned to, and checks that the value fits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.finding import Confidence, Level
from zt_gate.scanners.secrets import sample_paths
from zt_gate.scanners.secrets import variable_names as strength
from zt_gate.scanners.secrets.assignments import (
    Assignment,
    find_assignments,
    stems_pattern,
)
from zt_gate.scanners.secrets.hits import KEYWORD, SecretHit
from zt_gate.scanners.secrets.value_classifier import is_identifier
from zt_gate.syntax import paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier
    from zt_gate.scanners.secrets.variable_names import VariableNames

RULE = "secrets/keyword-assignment"

_SCHEMES = lazy_re.compile(r"(?:bearer|basic|token|apikey|digest)[ +:]+", re.IGNORECASE)
# Length of the shortest value that counts, by the strength of its name.
_SHORTEST = {strength.STRONG: 4, strength.MEDIUM: 10, strength.WEAK: 20}
_SHORTEST_UNQUOTED_IN_CODE = 16
_LONGEST = 1024
# An option or another assignment, not a value: ``attr=True``.
_NESTED_ASSIGNMENT = lazy_re.compile(r"[A-Za-z_][\w-]*=[^=]")
_QUERY_PARAMETER = lazy_re.compile(r"&[\w.-]{1,40}=")
_CLOSING_CHARACTERS = ",;)}]\\'\"`"
_EXPRESSION = lazy_re.compile(r"[\w$.]+[(\[].*|.*(?:->|\?\.|\|\||&&).*|.*\(\)?$")
# A UUID or a name: some issuers' identifiers are half of a credential and look otherwise.
_PLAIN_ID = lazy_re.compile(
    r"(?i:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|[a-z]+(?:-[a-z0-9]{1,16}){1,6}"
    r"|(?:client|app|org|tenant|user|cus|proj|project)_[A-Za-z0-9_-]{6,40}"
)
# An id that a session's page is found by, or the address of the page.
_SESSION_ID = lazy_re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:session|sess|ses"
    r"|T)[_-][A-Za-z0-9-]{8,64}"
    r"|https://(?:claude\.ai|ampcode\.com|github\.com|chatgpt\.com|cursor\.com"
    r"|opencode\.ai)/[\w/.-]{4,200}",
    re.IGNORECASE,
)


# What follows the name of a type: its arguments, a call, an array, a member.
_GENERIC = lazy_re.compile(r"[\[{(<;:!?]|\.\.")


# Files with one text a line, which needs no quotes; their own values have no blanks.
_MESSAGE_FILES = (b".properties", b".po", b".strings", b".arb", b".ftl", b".resx")
_REST_OF_LINE = lazy_re.compile(rb"(?:[,;.!?')\]]{0,3}[ \t]+|\\?[:.,] )([^\s#][^\n]*)")
_SHORTEST_IN_SENTENCE = 20
_UUID_IN_NAME = lazy_re.compile(
    r"(?:[\w.+-]{1,64}[-_.:/])?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.IGNORECASE,
)


class KeywordAssignments:
    """The words and the classifier, ready for one scan."""

    def __init__(
        self,
        data: Mapping[str, Any],
        names: VariableNames,
        classifier: ValueClassifier,
    ) -> None:
        self._stems = stems_pattern(tuple(data["stems"]))
        self._names = names
        self._classifier = classifier

    def find(self, block: TextBlock) -> Iterator[SecretHit]:
        """Find the secrets that are assigned to a name which suggests one."""
        is_code = paths.is_any(block.path, "program")
        is_sample = sample_paths.is_sample(block.path)
        level = Level.INFO if is_sample else None
        confidence = Confidence.LOW if is_sample else None
        for assignment in find_assignments(block, self._stems):
            name_strength = self._names.strength(assignment.name)
            if name_strength == strength.NONE:
                continue
            if _is_call_or_arn(block.data, assignment):
                continue
            start, end = _trim(block.data, assignment)
            value = block.data[start:end].decode("utf-8", "replace")
            if not assignment.quoted and self._is_sentence(block, start, end):
                continue
            # "}}" ends the expression of a template, in which the name stands.
            if value.startswith("}}") or self._is_session_id(value, assignment):
                continue
            if self.is_secret(value, assignment, name_strength, is_code=is_code):
                yield SecretHit(
                    RULE, start, end, KEYWORD, level=level, confidence=confidence
                )

    def is_secret(
        self, value: str, assignment: Assignment, name_strength: int, *, is_code: bool
    ) -> bool:
        """Whether the value can be a secret, given its name and the kind of file."""
        unquoted_in_code = is_code and not assignment.quoted
        shortest = _SHORTEST[name_strength]
        if unquoted_in_code:
            shortest = _SHORTEST_UNQUOTED_IN_CODE
        if not shortest <= len(value) <= _LONGEST:
            return False
        if not assignment.quoted and _NESTED_ASSIGNMENT.match(value):
            return False
        if _repeats_name(value, assignment.name):
            return False
        if self._classifier.is_placeholder(value):
            return False
        if unquoted_in_code and not self.is_pasted(value):
            return False
        if not assignment.quoted and _EXPRESSION.fullmatch(value):
            return False
        has_operator = assignment.operator != b""
        if name_strength == strength.STRONG and (assignment.quoted or has_operator):
            return self._classifier.is_password_like(
                value
            ) or self._classifier.is_random(value, shortest=10)
        shortest_random = max(shortest, _SHORTEST[strength.MEDIUM])
        return self._classifier.is_random(value, shortest=shortest_random)

    def _is_sentence(self, block: TextBlock, start: int, end: int) -> bool:
        """Whether an unquoted value is the first word of a message's text."""
        if not block.path.lower().endswith(_MESSAGE_FILES):
            return False
        rest = _REST_OF_LINE.match(block.data, end)
        if rest is None or not rest[1]:
            return False
        value = block.data[start:end].decode("utf-8", "replace")
        return not self._classifier.is_random(value, shortest=_SHORTEST_IN_SENTENCE)

    def _is_session_id(self, value: str, assignment: Assignment) -> bool:
        """Whether this is an identifier, or an agent's trailer that names its session."""
        if _UUID_IN_NAME.fullmatch(value) and self._names.is_id(assignment.name):
            return True
        if self._names.is_identifier(assignment.name):
            return _PLAIN_ID.fullmatch(value) is not None
        if assignment.quoted or not self._names.is_session_trailer(assignment.name):
            return False
        return _SESSION_ID.fullmatch(value) is not None

    def is_pasted(self, value: str) -> bool:
        """Whether unquoted text in code can only be a pasted value, not an expression."""
        has_digit = any(char.isdigit() for char in value)
        type_name = _GENERIC.split(value.lstrip("*&[]"))[0]
        if "." in type_name and is_identifier(type_name):
            return False
        if is_identifier(value) and ("." in value or not has_digit):
            return False
        if self._classifier.is_code_name(_GENERIC.split(value)[0]):
            return False
        return self._classifier.is_random(value, shortest=20)


def _is_call_or_arn(data: bytes, assignment: Assignment) -> bool:
    """Whether this is a call, or a part of a resource's name (``arn:…:secret:x``)."""
    start, end = assignment.start, assignment.end
    if not assignment.quoted and data[end : end + 1] == b"(":
        return True
    word_before = re.split(rb"[\s\"']", data[max(0, start - 160) : start])[-1]
    return b"arn:" in word_before


def _trim(data: bytes, assignment: Assignment) -> tuple[int, int]:
    """Cut off what belongs to the syntax: an authentication scheme, closing characters."""
    start, end = assignment.start, assignment.end
    text = data[start:end].decode("utf-8", "surrogateescape")
    scheme = _SCHEMES.match(text)
    if scheme:
        start += scheme.end()
    parameter = _QUERY_PARAMETER.search(text)
    if parameter:
        text = text[: parameter.start()]
        end = assignment.start + len(text.encode("utf-8", "surrogateescape"))
    if not assignment.quoted:
        end -= len(text) - len(text.rstrip(_CLOSING_CHARACTERS))
    return start, max(start, end)


def _repeats_name(value: str, name: str) -> bool:
    """Whether the value only repeats the name (``password: "db_password"``)."""
    plain_value = re.sub(r"[^a-z0-9]", "", value.lower())
    plain_name = re.sub(r"[^a-z0-9]", "", name.lower())
    if not plain_value or plain_value in plain_name:
        return True
    if len(plain_name) < 5 or plain_name not in plain_value:
        return False
    return len(plain_value) - len(plain_name) <= 12
