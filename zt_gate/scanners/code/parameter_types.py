"""Leaves out what hides a destructured parameter's names from the engine.

The engine follows the names of ``({ path }) => …``, but not those of
``({ path }: { path: string }) => …`` nor of ``({ path = "." }) => …``, and a rule that
names them does not match ``({ path }: Options) => …``.  Spaces in place of such types and
default values change no position, and no rule looks at them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re

if TYPE_CHECKING:
    import re

    from zt_gate.scanners.code.languages import Dialect

#: A longer parameter or type is left as it is.
_MAX_LENGTH = 2_000

# The end of an object and the start of a type.
_TYPE = lazy_re.compile(rb"\}(\s*:\s*)(?=[{(A-Za-z_$])")
_NAMED_TYPE = lazy_re.compile(rb"[\w$.]+(?=\s*(?:[,)&|]|\[\]))")
_OTHER_TYPE = lazy_re.compile(
    rb"\s*[&|]\s*(?:(?=\{)|[\w$.]+(?:<[^<>()]{0,100}>)?(?:\[\])*)"
)
# A parameter without nested braces, the parameters after it, and the function's body.
_FLAT = lazy_re.compile(
    rb"[(,]\s*(\{[^{}()=]{0,300}=[^{}]{0,500}\})"
    rb"(?=[^(){}=]{0,200}\)\s*(?::[^(){}=]{1,100})?(?:=>|\{))"
)
_DEFAULT = lazy_re.compile(
    rb"([{,]\s*[\w$]+(?:\s*:\s*[\w$]+)?)"
    rb"(\s*=\s*(?:\"[^\"\n]*\"|'[^'\n]*'|[\w$.-]+|\[\s*\]))(?=\s*[,}])"
)
_NOT_A_LINE_END = lazy_re.compile(rb"[^\n]")
_BRACKET = lazy_re.compile(rb"=>|[{}()<>]|\"[^\"\n]*\"|'[^'\n]*'")
_OPENING = {b"{": b"}", b"(": b")", b"<": b">"}
_BEFORE_PARAMETER = (b"(", b",")
_AFTER_PARAMETER = (b")", b",")


def without_parameter_types(text: bytes, dialect: Dialect) -> bytes:
    """Return a text of JavaScript or TypeScript with spaces in these places."""
    if dialect.language.name != "javascript":
        return text
    pieces: list[bytes] = []
    position = 0
    for match in _TYPE.finditer(text):
        if match.start() < position or not _ends_parameter(text, match.start()):
            continue
        end = _type_end(text, match.end())
        if end is not None:
            pieces += (
                text[position : match.start(1)],
                _blank(text[match.start(1) : end]),
            )
            position = end
    pieces.append(text[position:])
    return _FLAT.sub(_without_defaults, b"".join(pieces))


def _blank(text: bytes) -> bytes:
    return _NOT_A_LINE_END.sub(b" ", text)


def _without_defaults(match: re.Match[bytes]) -> bytes:
    start = match.start(1) - match.start()
    parameter = _DEFAULT.sub(lambda name: name[1] + _blank(name[2]), match[1])
    return match[0][:start] + parameter


def _ends_parameter(text: bytes, position: int) -> bool:
    """Whether the brace at a position closes a parameter, and not an object in a choice."""
    first = max(0, position - _MAX_LENGTH)
    depth = 0
    for match in reversed(list(_BRACKET.finditer(text, first, position + 1))):
        if match[0] == b"}":
            depth += 1
        elif match[0] == b"{":
            depth -= 1
            if depth == 0:
                before = text[first : match.start()].rstrip()
                return before.endswith(_BEFORE_PARAMETER)
    return False


def _type_end(text: bytes, start: int) -> int | None:
    """Return where a type ends that a parameter has, None if no parameter ends there."""
    named = _NAMED_TYPE.match(text, start)
    if named is not None:
        end: int | None = named.end()
    elif text[start] in b"{(":
        end = _closing(text, start)
    else:
        end = _closing(text, text.find(b"<", start, start + 100))
    while end is not None:
        other = _OTHER_TYPE.match(text, end)
        if other is None:
            break
        end = other.end()
        if text[end : end + 1] == b"{":
            end = _closing(text, end)
    if end is None:
        return None
    while text[end : end + 2] == b"[]":
        end += 2
    return end if text[end : end + 200].lstrip().startswith(_AFTER_PARAMETER) else None


def _closing(text: bytes, start: int) -> int | None:
    """Return the position after the bracket that closes the one at ``start``."""
    if start < 0:
        return None
    expected: list[bytes] = []
    for match in _BRACKET.finditer(text, start, start + _MAX_LENGTH):
        bracket = match[0]
        if bracket in _OPENING:
            expected.append(_OPENING[bracket])
        elif len(bracket) == 1:
            if expected.pop() != bracket:
                return None
            if not expected:
                return match.end()
    return None
