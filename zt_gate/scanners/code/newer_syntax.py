r"""Spells newer syntax in an older form that the engine parses, of the same length.

Languages gain syntax faster than the engine's parsers.  Most of it is a modifier, a type
or a prefix: replaced by spaces or by an older word, the rest of the statement keeps its
meaning and every position.  Only lines that the engine did not parse are changed.

Sources: TypeScript 4.7 to 5.9 release notes; ECMAScript 2022 to 2026 (class static
blocks, import attributes, import defer); PEP 695, 696, 750 and 810; the JSX specification.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.scanners.code import python_statements, second_parser

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable

    from zt_gate.scanners.code.languages import Dialect

#: Longer lines are not changed.
_MAX_LINE = 20_000

# Each replacement has at most the length of the match; spaces fill the rest.
_JAVASCRIPT = (
    (lazy_re.compile(rb"\bexport\s+type\s+(?=\*)"), b"export "),
    (lazy_re.compile(rb"\bimport\s+(?:defer|source)\s+(?=[*\w{$])(?!from\b)"), b"import "),
    (lazy_re.compile(rb"\bimport\.(?:defer|source)(?=\s*\()"), b"import"),
    (lazy_re.compile(rb"\btypeof\s+import\s*\(\s*(?:'[^'\n]*'|\"[^\"\n]*\")"
                rb"\s*(?:,\s*\{[^{}\n]*\}\s*)?\)"), b"any"),
    (lazy_re.compile(rb"\bimport\s*\(\s*(?:'[^'\n]*'|\"[^\"\n]*\")\s*(?:,\s*\{[^()\n]*\}\s*)?\)"
                rb"\s*\.\s*(?=[A-Za-z_$][\w$.]*\s*<)"), b""),
    (lazy_re.compile(rb"\bstatic(?=\s*\{)"), b"st()"),
    (lazy_re.compile(rb"\baccessor(?=\s+[\w#$\[])"), b""),
    (lazy_re.compile(rb"(?<=[\"'])\s*\bwith\s*\{[^{}\n]*\}"), b""),
)  # fmt: skip
# Modifiers of type parameters, after "<" or ","; the first two also at the start of a line.
_VARIANCE = lazy_re.compile(
    rb"(^(?=\s*(?:in|out)\b)|[<,])(\s*)((?:(?:in|out|const)\s+){1,3})(?=[A-Za-z_$])"
)
# In the text and the attributes of JSX "&" need not begin an entity.
_AMPERSAND = lazy_re.compile(rb"(?<!&)&(?!&)")
_TEMPLATE_STRING = lazy_re.compile(
    rb"(?<![\w\"'])(?:([tT])(?=[rR]?[\"'])|([rR])([tT])(?=[\"']))"
)
_PARAMETERS = lazy_re.compile(
    rb"[ \t]*(?:class|def|async[ \t]+def|type)[ \t]+\w+[ \t]*\["
)
_TYPE_ALIAS = lazy_re.compile(rb"([ \t]*)type[ \t]+(\w+)(?=[ \t]*=)")
_LAZY = lazy_re.compile(rb"([ \t]*)lazy[ \t]+((?:import|from)\b[^\n]*)")


def in_older_form(
    text: bytes, dialect: Dialect, spans: Iterable[tuple[int, int]]
) -> tuple[bytes, tuple[int, ...]]:
    """Return the text with the lines of these spans in an older form, and which changed."""
    lines = text.split(b"\n")
    language = dialect.language.name
    changed = []
    numbers = {
        number
        for first, last in spans
        for number in range(first, min(last, len(lines)) + 1)
    }
    for number in sorted(numbers):
        line = lines[number - 1]
        if len(line) > _MAX_LINE:
            continue
        older = line
        if language == "python":
            older = _older_python(line)
        elif language == "javascript":
            older = _older_javascript(line, dialect.extension)
        if older != line:
            lines[number - 1] = older
            changed.append(number)
    return b"\n".join(lines), tuple(changed)


def is_valid(text: bytes, dialect: Dialect) -> bool:
    """Whether a parser of the language other than the engine's accepts a text."""
    if dialect.language.name == "python":
        return python_statements.statements(text) is not None
    root = second_parser.parse(text, dialect.extension)
    return root is not None and not root.has_error


def _padded(match: re.Match[bytes], replacement: bytes) -> bytes:
    return replacement.ljust(len(match[0]))


def _older_javascript(line: bytes, extension: str) -> bytes:
    for pattern, replacement in _JAVASCRIPT:
        line = pattern.sub(lambda match, new=replacement: _padded(match, new), line)  # type: ignore[misc]
    if extension in {"ts", "tsx"}:
        line = _VARIANCE.sub(
            lambda match: match[1] + match[2] + b" " * len(match[3]), line
        )
    if extension != "ts":
        line = _AMPERSAND.sub(b"+", line)
    return line


def _older_python(line: bytes) -> bytes:
    line = _TEMPLATE_STRING.sub(_older_prefix, line)
    header = _PARAMETERS.match(line)
    if header is not None:
        end = _closing_bracket(line, header.end() - 1)
        if end is not None:
            start = header.end() - 1
            line = line[:start] + b" " * (end + 1 - start) + line[end + 1 :]
    line = _TYPE_ALIAS.sub(
        lambda match: _padded(match, match[1] + match[2]), line, count=1
    )
    lazy = _LAZY.fullmatch(line)
    return line if lazy is None else _padded(lazy, lazy[1] + lazy[2])


def _older_prefix(match: re.Match[bytes]) -> bytes:
    """Return the prefix of an f-string in place of that of a t-string."""
    return b"f" if match[1] else match[2] + b"f"


def _closing_bracket(line: bytes, start: int) -> int | None:
    depth = 0
    for index in range(start, len(line)):
        byte = line[index : index + 1]
        if byte in b"([{":
            depth += 1
        elif byte in b")]}":
            depth -= 1
            if depth == 0:
                return index
    return None
