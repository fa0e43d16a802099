"""What a file must hold for a rule to match in it: words, derived from the rule's patterns.

A semgrep pattern matches code by its names: ``subprocess.run(...)`` matches
``sp.run()`` after ``import subprocess as sp``, too, but never in a file without
the words ``subprocess`` and ``run``.  Every name of a pattern that must match
is therefore necessary.  Strings and numbers are not: the engine joins and
computes constants.  Nor are keywords, and types of typed metavariables, which
it infers.  Where nothing can be derived, the rule applies to every file.

A condition is a tree: a set of words of which one must occur, or ``AllOf`` or
``AnyOf`` of other conditions.  ``AllOf()`` demands nothing.

A name on a decorator (``@app.get``) is demanded there, as the word ``@get``:
that ``get`` occurs somewhere says nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Words = frozenset[bytes]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part must hold."""

    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part must hold."""

    parts: tuple[Condition, ...] = ()


Condition = Words | AllOf | AnyOf

ALWAYS = AllOf()

_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_STRING = r"""\"(?:[^"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"""
_META = r"\$\.\.\.[A-Z_][A-Z0-9_]*|\$[A-Z_][A-Z0-9_]*"
_NAME = r"[^\W\d]\w*"
_PYTHON_TOKEN = re.compile(
    rf"(?P<skip>[rRbBuUfF]{{0,2}}(?:\"\"\".*?\"\"\"|'''.*?'''|{_STRING})|\#[^\n]*|\d\w*)"
    rf"|(?P<meta>{_META})|(?P<name>{_NAME})|(?P<other>\S)",
    re.DOTALL,
)
_OTHER_TOKEN = re.compile(
    rf"(?P<skip>`[^`]*`|{_STRING}|//[^\n]*|/\*.*?\*/|\d\w*)"
    rf"|(?P<meta>{_META})|(?P<name>{_NAME})|(?P<other>\S)",
    re.DOTALL,
)
# A decorator begins its line; what it belongs to begins another one.
_DECORATOR = re.compile(rb"^[ \t\f]*@", re.MULTILINE)
_DEFINITION = re.compile(rb"^[ \t\f]*(?:def|async|class)\b", re.MULTILINE)
_IMPORT = re.compile(rb"\bimport\b")
_HASH = re.compile(rb"#[^\n]*")
# Bytes that an import over several lines may have.
_LONG = 20_000
_TYPED = re.compile(r"\(\s*\$[A-Z_][A-Z0-9_]*\s*:")
# A regular expression of JavaScript may hold a quote: the tokens behind it cannot be trusted.
_REGEX = re.compile(r"(?:^|[(,=:\[!&|?{};\n])\s*/[^/*\s]")

_KEYWORDS = frozenset(
    # Python; JavaScript and TypeScript; Go; and names that the engine treats as such.
    b"False None True and as assert async await break case class continue def del elif else except "
    b"finally for from global if import in is lambda match nonlocal not or pass raise return try "
    b"type while with yield self cls super "
    b"abstract any boolean catch const constructor debugger declare default delete do enum export "
    b"extends false function get implements instanceof interface keyof let namespace new null "
    b"number object of private protected public readonly require set static string switch symbol "
    b"this throw true typeof undefined unknown var void "
    b"chan defer error fallthrough func go goto int map nil package range select struct "
    b"exports module iota bool byte".split()
)

_ALTERNATIVES = re.compile(r"\^?(?:\((?:\?:)?([A-Za-z0-9_|]+)\)|([A-Za-z0-9_]+))\$")
_SETS = ("pattern-sources", "pattern-sinks")
_OLD_FORM = ("pattern", "patterns", "pattern-either", "pattern-inside")


def words_of(text: bytes, *, python: bool) -> Words:
    """Return every word of a text: runs of ASCII letters, digits and ``_``.

    In Python also, behind an ``@``, those that may name a decorator.
    """
    words = frozenset(_WORD.findall(text))
    if not python or b"@" not in text:
        return words
    return words | {b"@" + word for word in _decorating(text, words)}


def holds(condition: Condition, words: Words) -> bool:
    """Whether a file with these words can match."""
    if isinstance(condition, frozenset):
        return not condition.isdisjoint(words)
    if isinstance(condition, AllOf):
        return all(holds(part, words) for part in condition.parts)
    return any(holds(part, words) for part in condition.parts)


def to_table(condition: Condition) -> object:
    """Return a condition as JSON has it: words, or ``all`` or ``any`` and a list."""
    if isinstance(condition, frozenset):
        return sorted(word.decode() for word in condition)
    kind = "all" if isinstance(condition, AllOf) else "any"
    return {kind: [to_table(part) for part in condition.parts]}


def from_table(table: Any) -> Condition:
    """Return what ``to_table`` wrote."""
    if isinstance(table, list):
        return frozenset(word.encode() for word in table)
    ((kind, parts),) = table.items()
    inner = tuple(from_table(part) for part in parts)
    return AllOf(inner) if kind == "all" else AnyOf(inner)


def condition_of(rule: Mapping[str, Any], *, python: bool) -> Condition:
    """Return what every file must hold that ``rule``, in semgrep's syntax, matches in.

    ``python`` says in which language the patterns are written.
    """
    mode = rule.get("mode", "search")
    if mode == "search" and any(key in rule for key in _OLD_FORM):
        return _formula(rule, {}, python=python)
    if mode != "taint" or not all(isinstance(rule.get(key), list) for key in _SETS):
        return ALWAYS
    sources, sinks = (rule[key] for key in _SETS)
    found = _either(sinks, {}, python=python)
    # "not LABEL" could hold where nothing is tainted.
    if any("not" in str(_get(sink, "requires") or "") for sink in sinks):
        return found
    return _all([found, _either(sources, {}, python=python)])


def _decorating(text: bytes, words: Words) -> Iterable[bytes]:
    """Return the words that stand in decorators, and those that are imported.

    What is imported may be used under another name; the engine knows.  Where it
    cannot be told what belongs to a decorator, every word does.
    """
    found: set[bytes] = set()
    for place in _DECORATOR.finditer(text):
        end = _DEFINITION.search(text, place.end())
        part = text[place.end() : end.start() if end else len(text)]
        if any(mark in part for mark in (b"\\", b"'''", b'"""')):
            return words
        found.update(_WORD.findall(part))
    for place in _IMPORT.finditer(text):
        found.update(_WORD.findall(_imported(text, place.end())))
    return found


def _imported(text: bytes, start: int) -> bytes:
    """Return what follows an ``import``, to the end of the line or of its brackets."""
    line = text[start : _end_of(text, b"\n", start)]
    if not line.lstrip().startswith(b"("):
        return line if b"\\" not in line else text[start : start + _LONG]
    part = _HASH.sub(b"", text[start : start + _LONG])
    return part[: _end_of(part, b")", 0)]


def _end_of(text: bytes, mark: bytes, start: int) -> int:
    end = text.find(mark, start)
    return len(text) if end < 0 else end


_Choices = dict[str, Words]


def _formula(node: Any, choices: _Choices, *, python: bool) -> Condition:
    """Return the condition of one table of patterns; what is not known demands nothing."""
    if isinstance(node, str):  # the short form of a pattern
        return _pattern(node, choices, python=python)
    found: list[Condition] = []
    for key in ("pattern", "pattern-inside"):
        value = _get(node, key)
        if value is not None:
            found.append(_formula(value, choices, python=python))
    alternatives = _get(node, "pattern-either")
    if isinstance(alternatives, list):
        found.append(_either(alternatives, choices, python=python))
    parts = _get(node, "patterns")
    if isinstance(parts, list):
        inner = {**choices, **_named_choices(parts)}
        for part in parts:
            found.append(_formula(part, inner, python=python))
            found.append(_within_metavariable(part, inner, python=python))
    return _all(found)


def _all(parts: Iterable[Condition]) -> Condition:
    """Return the conjunction, flat and without repeats, words first: they are the quickest."""
    flat: dict[Condition, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if isinstance(part, AllOf) else (part,)))
    ordered = sorted(flat, key=lambda part: (not isinstance(part, frozenset), _size(part)))
    return ordered[0] if len(ordered) == 1 else AllOf(tuple(ordered))


def _size(condition: Condition) -> int:
    return len(condition if isinstance(condition, frozenset) else condition.parts)


def _either(nodes: Iterable[Any], choices: _Choices, *, python: bool) -> Condition:
    """Return what follows from several alternatives."""
    words: set[bytes] = set()
    others: dict[Condition, None] = {}
    for node in nodes:
        condition = _formula(node, choices, python=python)
        if condition == ALWAYS:
            return ALWAYS
        if isinstance(condition, frozenset):
            words |= condition
        else:
            others.update(dict.fromkeys(condition.parts if isinstance(condition, AnyOf)
                                        else (condition,)))  # fmt: skip
    parts = ((frozenset(words),) if words else ()) + tuple(others)
    return parts[0] if len(parts) == 1 else AnyOf(parts) if parts else ALWAYS


def _within_metavariable(part: Any, choices: _Choices, *, python: bool) -> Condition:
    """Return what a ``metavariable-pattern`` demands: its code lies in the same file."""
    inner = _get(part, "metavariable-pattern")
    if not isinstance(inner, dict) or "language" in inner:
        return ALWAYS
    return _formula(inner, choices, python=python)


def _named_choices(parts: Iterable[Any]) -> _Choices:
    """Return the metavariables that a regular expression pins to a list of whole names."""
    found: _Choices = {}
    for part in parts:
        table = _get(part, "metavariable-regex")
        name, regex = _get(table, "metavariable"), _get(table, "regex")
        if not isinstance(name, str) or not isinstance(regex, str):
            continue
        pinned = _ALTERNATIVES.fullmatch(regex.strip())
        words = (pinned[1] or pinned[2]).split("|") if pinned else []
        if words and all(words) and "constant-propagation" not in (table or {}):
            found[name] = frozenset(word.encode() for word in words)
    return found


def _pattern(text: str, choices: _Choices, *, python: bool) -> Condition:
    """Return the names that stand in one pattern."""
    if not python:
        text = _without_types(text)
        if _REGEX.search(text) or text.count("`") % 2 or "${" in text:
            return ALWAYS
    found: list[Condition] = []
    tokens = list((_PYTHON_TOKEN if python else _OTHER_TOKEN).finditer(text))
    for number, token in enumerate(tokens):
        word = token[0]
        before = tokens[number - 1][0] if number else ""
        after = tokens[number + 1][0] if number + 1 < len(tokens) else ""
        if token["name"] and word.isascii():
            if word.encode() not in _KEYWORDS:
                found.append(frozenset((word.encode(),)))
        elif token["meta"] and word in choices and (before == "." or after == "("):
            # Only where a name stands: a metavariable may be bound to a joined string elsewhere.
            line = text[text.rfind("\n", 0, token.start()) + 1 : token.start()]
            mark = b"@" if python and line.lstrip().startswith("@") else b""
            found.append(frozenset(mark + name for name in choices[word]))
    return _all(found)


def _without_types(text: str) -> str:
    """Take the typed metavariables ``($X : Type)`` out of a pattern."""
    while (found := _TYPED.search(text)) is not None:
        depth, end = 0, found.start()
        for end in range(found.start(), len(text)):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            if not depth:
                break
        text = f"{text[: found.start()]}( {text[end + 1 :]}"
    return text


def _get(table: Any, key: str) -> Any:
    return table.get(key) if isinstance(table, dict) else None
