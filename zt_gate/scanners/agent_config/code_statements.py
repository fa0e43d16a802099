"""Reads code of any language as statements, names, calls and assignments.

Lines are joined while a bracket is open; strings and comments are told apart from code.
This is no parser: it errs on unusual code, and never fails.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zt_gate import lazy_re
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Lines and characters of the longest statement; a longer one is cut.
_MAX_LINES = 40
_MAX_LENGTH = 4000
_MAX_CALLS = 40
_MAX_DEPTH = 12
_LINE_LENGTH = 2000

_OPENING, _CLOSING, _QUOTES = "([{", ")]}", "\"'`"
#: A string literal; one that is not closed goes on to the end of the text.
_LITERAL = lazy_re.compile(
    r"([\"'`])(?P<text>(?:\\.?|(?!\1)[^\\])*+)(?P<end>\1?)", re.DOTALL
)
_COMMENT = lazy_re.compile(r"\s*(?:#(?!!)|//|\*|/\*|<!--|--\s|rem\s|;)", re.IGNORECASE)
_DOCSTRING = lazy_re.compile(r"\s*[rRuU]?(?:\"\"\"|''')")
_TRIPLE = lazy_re.compile(r"\"\"\"|'''")
_NAME = lazy_re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*){0,6}")
_TEMPLATE_PART = lazy_re.compile(r"\$?\{([^{}\n]{1,200})\}")
_CALL = lazy_re.compile(
    r"(?<![\w$])(?:[A-Za-z_$][\w$]*(?:\.|::|->|\?\.)){0,6}[A-Za-z_$][\w$]*[!?]?\s{0,2}\("
)
_KEYWORDS = frozenset((
    "if", "for", "while", "switch", "catch", "return", "await", "new", "yield", "else",
    "elif", "in", "of", "not", "and", "or", "is", "lambda", "with", "as", "def",
    "function", "func", "fn", "const", "let", "var", "throw", "raise", "typeof",
    "delete", "do", "case", "async", "import", "from", "export", "default", "public",
    "private", "static", "true", "false", "none", "null", "nil", "undefined", "self",
    "this",
))  # fmt: skip
_DEFINITION = lazy_re.compile(
    r"\s*(?:(?:export|default|public|private|protected|static|async|pub|override"
    r"|final|suspend"
    r"|internal|unsafe)\s+){0,5}(?:def|function\*?|func|fn|fun"
    r"|sub)\s+(?:\([^()]{0,80}\)\s*)?"
    r"(?P<name>[\w$]{1,80})\s{0,2}(?:<[^<>(){}]{0,60}>"
    r"|\[[^\[\](){}]{0,60}\])?\s{0,2}\((?P<parameters>[^()]{0,600})"
)
_ARROW = lazy_re.compile(
    r"\s*(?:export\s+)?(?:const|let|var)\s+(?P<name>[\w$]{1,80})\s{0,2}(?::[^=\n]{0,"
    r"80})?=\s{0,2}(?:async\s+)?"
    r"(?:function\s*)?(?:\((?P<parameters>[^()]{0,600})\)\s{0,2}(?::[^=\n{]{0,80})?("
    r"?:=>|\{)|(?P<parameter>[\w$]{1,60})\s{0,2}=>)"
)
_METHOD = lazy_re.compile(
    r"\s*(?:(?:public|private|protected|static|async|override|final|readonly|get"
    r"|set|void|[A-Z]\w{0,40}(?:<[^<>]{0,40}>)?)\s+){0,5}"
    r"(?P<name>[A-Za-z_$][\w$]{0,80})\s{0,2}\((?P<parameters>[^()]{0,600})\)\s{0,2}("
    r"?::\s*[^{;\n]{1,80}|throws [\w, ]{1,80})?\{"
)
_TYPES = frozenset((
    "string", "str", "path", "int", "bool", "boolean", "any", "void", "object", "file",
    "pathbuf", "error", "byte", "number", "char",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class CodeStatement:
    """One statement: its text, its lines (index and text), and where it stands.

    ``containers`` are the names that the open tables and lists around it are assigned
    to.  ``is_text`` says that it is a docstring or a part of one.
    """

    text: str
    lines: tuple[tuple[int, str], ...]
    indent: int
    containers: tuple[str, ...] = ()
    is_text: bool = False


class Call(NamedTuple):
    """A call: the name as it is written, and the texts of its arguments."""

    name: str
    arguments: tuple[str, ...]


def statements(texts: Sequence[str], numbers: Sequence[int]) -> list[CodeStatement]:
    """Return the statements of lines; a gap in the numbers ends a statement."""
    docstrings = _docstring_lines(texts, numbers)
    rows: list[CodeStatement] = []
    containers: list[tuple[int, str]] = []
    pending: list[tuple[int, str]] = []
    depth = 0
    for index, raw in enumerate(texts):
        code = "" if _COMMENT.match(raw) else _without_comment(raw[:_LINE_LENGTH])
        is_text = index in docstrings
        has_gap = index > 0 and numbers[index] != numbers[index - 1] + 1
        if pending and (has_gap or is_text or len(pending) >= _MAX_LINES):
            rows.append(_statement(pending, containers))
            pending, depth = [], 0
        if is_text:
            rows.append(CodeStatement(raw, ((index, raw),), _indent(raw), is_text=True))
            continue
        if not code.strip():
            continue
        if not pending:
            _close_containers(containers, code)
        pending.append((index, code))
        depth = max(0, depth + _depth_change(code))
        ends_block = code.rstrip()[-1:] in {"{", ":", ";"}
        too_long = sum(len(text) for _, text in pending) > _MAX_LENGTH
        goes_on = code.rstrip().endswith("\\")
        if ends_block or too_long or (not depth and not goes_on):
            row = _statement(pending, containers)
            rows.append(row)
            names, _ = assignment(row.text)
            if names and code.rstrip()[-1:] in {"{", "[", "("}:
                containers.append((row.indent, names[0]))
            pending, depth = [], 0
    if pending:
        rows.append(_statement(pending, containers))
    return rows


def _statement(
    pending: list[tuple[int, str]], containers: list[tuple[int, str]]
) -> CodeStatement:
    text = "\n".join(line for _, line in pending)[: _MAX_LENGTH * 2]
    names = tuple(name for _, name in containers)
    return CodeStatement(text, tuple(pending), _indent(pending[0][1]), names)


def _close_containers(containers: list[tuple[int, str]], code: str) -> None:
    indent = _indent(code)
    while containers and indent <= containers[-1][0]:
        containers.pop()


def _docstring_lines(texts: Sequence[str], numbers: Sequence[int]) -> set[int]:
    """Return the lines of docstrings that begin and end in adjacent lines."""
    found: set[int] = set()
    opened: int | None = None
    for index, text in enumerate(texts):
        if index and numbers[index] != numbers[index - 1] + 1:
            opened = None
        marks = len(_TRIPLE.findall(text)) if '"""' in text or "'''" in text else 0
        if opened is None and _DOCSTRING.match(text):
            if marks % 2:
                opened = index
            else:
                found.add(index)
        elif opened is not None and marks % 2:
            found |= set(range(opened, index + 1))
            opened = None
        elif opened is None and marks % 2:
            # The end of a string that began before these lines, or one with a use.
            opened = None
    return found


def _without_comment(text: str) -> str:
    """Return a line without a comment at its end."""
    if "#" not in text and "//" not in text:
        return text
    for position, char in _outside_strings(text):
        if (char == "#" or text.startswith("//", position)) and (
            position == 0 or text[position - 1] in " \t"
        ):
            return text[:position]
    return text


def _outside_strings(text: str, start: int = 0) -> Iterator[tuple[int, str]]:
    """Yield position and character of what is outside of string literals."""
    position = start
    while position < len(text):
        char = text[position]
        if char in _QUOTES:
            literal = _LITERAL.match(text, position)
            position = len(text) if literal is None else literal.end()
            continue
        yield position, char
        position += 1


def _depth_change(text: str) -> int:
    """Return how many more brackets a line opens than it closes, outside strings."""
    depth = 0
    for _, char in _outside_strings(text):
        if char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
    return depth


def _indent(text: str) -> int:
    expanded = text.expandtabs(4)
    return len(expanded) - len(expanded.lstrip(" "))


def names_in(text: str) -> list[str]:
    """Return the dotted names of an expression, those in templates of strings included."""
    outside, templates = _split_strings(text)
    names = [match[0] for match in _NAME.finditer(outside)]
    for template in templates:
        names += [match[0] for match in _NAME.finditer(template)]
    return [name for name in dict.fromkeys(names) if name.lower() not in _KEYWORDS]


def _split_strings(text: str) -> tuple[str, list[str]]:
    """Return the text without its strings, and the expressions inside the strings."""
    outside: list[str] = []
    inside: list[str] = []
    start = 0
    for literal in _LITERAL.finditer(text):
        outside.append(text[start : literal.start()])
        inside.append(literal["text"])
        start = literal.end()
        if literal["end"]:
            outside.append(" ")
    outside.append(text[start:])
    templates = [part for literal in inside for part in _TEMPLATE_PART.findall(literal)]
    return "".join(outside), templates


def literal_around(text: str, position: int) -> str | None:
    """Return the string literal of a line in which a position lies, None outside of one."""
    for literal in _LITERAL.finditer(text):
        if literal.start() > position:
            return None
        first, last = literal.span("text")
        if first <= position and (position <= last or not literal["end"]):
            return literal["text"]
    return None


def calls(text: str) -> list[Call]:
    """Return the calls of a statement, the outer ones first, with their arguments."""
    found: list[Call] = []
    for match in _CALL.finditer(text):
        name = match[0].rstrip("( \t\n").rstrip("!?")
        name = name.replace("::", ".").replace("->", ".").replace("?.", ".")
        if name.lower() in _KEYWORDS:
            continue
        found.append(Call(name, _arguments(text, match.end())))
        if len(found) >= _MAX_CALLS:
            break
    return found


def _arguments(text: str, start: int) -> tuple[str, ...]:
    """Return the arguments after an opening bracket, up to its closing one."""
    arguments: list[str] = []
    depth = 1
    begin = start
    end = len(text)
    for position, char in _outside_strings(text, start):
        if char in _OPENING:
            depth += 1
            if depth > _MAX_DEPTH:
                end = position
                break
        elif char in _CLOSING:
            depth -= 1
            if not depth:
                end = position
                break
        elif char == "," and depth == 1:
            arguments.append(text[begin:position])
            begin = position + 1
    arguments.append(text[begin:end])
    return tuple(argument for argument in arguments if argument.strip())


def expression_before(text: str, position: int) -> str:
    """Return the operand that ends at a position: ``(a / "b")`` of ``(a / "b").write()``."""
    index = position
    depth = 0
    while index > 0:
        char = text[index - 1]
        if char in _CLOSING:
            depth += 1
        elif char in _OPENING:
            if not depth:
                break
            depth -= 1
        elif not depth and not (char.isalnum() or char in "_$."):
            break
        index -= 1
    return text[index:position]


def assignment(text: str) -> tuple[tuple[str, ...], str]:
    """Return the names that a statement assigns to, and the value; no names without one."""
    depth = 0
    for position, char in _outside_strings(text):
        if char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
        elif char == "=" and not depth:
            before, after = (
                text[position - 1 : position],
                text[position + 1 : position + 2],
            )
            if after == "=" or before in {"=", "!", "<", ">"} or after in {">", "~"}:
                return (), ""
            return _targets(text[:position]), text[position + 1 :]
    return (), ""


def _targets(left: str) -> tuple[str, ...]:
    """Return the last name of each part of an assignment's left side, without types."""
    names = []
    for part in left.rstrip(":+|&?/- \t").split(","):
        words = _NAME.findall(part.split(":")[0])
        if words:
            names.append(words[-1])
    return tuple(names)


def definition(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Return name and parameters of the function that a statement begins, if it does."""
    for pattern in (_DEFINITION, _ARROW, _METHOD):
        match = pattern.match(text)
        if match is None or match["name"].lower() in _KEYWORDS:
            continue
        groups = match.groupdict()
        parameters = groups.get("parameters") or groups.get("parameter") or ""
        return match["name"], _parameters(parameters)
    return None


def _parameters(text: str) -> tuple[str, ...]:
    """Return the names of parameters: ``a: T``, ``a = 1``, ``T a`` and ``a T``."""
    names = []
    for part in text.split(","):
        words = _NAME.findall(re.split(r"[:=]", part)[0])
        plain = [word for word in words if word.lower() not in _TYPES]
        words = plain or words
        if words:
            names.append(
                words[0] if len(words) == 1 or words[0].islower() else words[-1]
            )
    return tuple(names)
