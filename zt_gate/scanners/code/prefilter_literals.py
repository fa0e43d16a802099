"""What a file must hold for a rule to match in it: words, derived from the rule's patterns.

A semgrep pattern matches code by its names: ``subprocess.run(...)`` matches
``sp.run()`` after ``import subprocess as sp``, too, but never in a file without
the words ``subprocess`` and ``run``.  Every name of a pattern that must match
is therefore necessary.  Strings and numbers are not: the engine joins and
computes constants.  Nor are keywords, and types of typed metavariables, which
it infers.  Where nothing can be derived, the rule applies to every file.

A name on a decorator (``@app.get``) is demanded there, as the word ``@get``:
that ``get`` occurs somewhere says nothing.  So is the name of what is called in
Python, as the word ``(get``.  What a regular expression demands
of a metavariable must stand in the text, too: the engine holds it against the
source.  Only where a metavariable stands inside a string it may be joined from
several; then nothing else must have been found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate.scanners.code.prefilter_conditions import ALWAYS, Condition, all_of, any_of
from zt_gate.scanners.code.prefilter_regexes import condition_of_regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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

# Keywords of Python for which there is no other way to say the same.
_OWN_WORDS = frozenset(b"assert class except is raise while with".split())
_META_NAME = re.compile(_META)
_ALTERNATIVES = re.compile(r"\^?(?:\((?:\?:)?([A-Za-z0-9_|]+)\)|([A-Za-z0-9_]+))\$")
_SETS = ("pattern-sources", "pattern-sinks")
_OLD_FORM = ("pattern", "patterns", "pattern-either", "pattern-inside")


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
    return all_of([found, _either(sources, {}, python=python)])


class _Choice:
    """What regular expressions demand of one metavariable."""

    def __init__(self) -> None:
        self._regexes: list[str] = []

    def add(self, regex: str) -> None:
        """Hold the metavariable against one more."""
        self._regexes.append(regex)

    def of_source(self, mark: bytes | None) -> Condition:
        """Return what they demand of source text; ``mark`` stands before a whole name's words."""
        found: list[Condition] = []
        for regex in self._regexes:
            pinned = _ALTERNATIVES.fullmatch(regex.strip())
            words = (pinned[1] or pinned[2]).split("|") if pinned else []
            if mark is not None and words and all(words):
                found.append(frozenset(mark + word.encode() for word in words))
            else:
                found.append(condition_of_regex(regex))
        return all_of(found)

    def of_string(self) -> Condition:
        """Return what they demand of a string, which may be joined from several."""
        return all_of(condition_of_regex(regex, is_joined=True) for regex in self._regexes)


_Choices = dict[str, _Choice]


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
    return all_of(found)


def _either(nodes: Iterable[Any], choices: _Choices, *, python: bool) -> Condition:
    """Return what follows from several alternatives."""
    return any_of(_formula(node, choices, python=python) for node in nodes)


def _within_metavariable(part: Any, choices: _Choices, *, python: bool) -> Condition:
    """Return what a ``metavariable-pattern`` demands: its code lies in the same file."""
    inner = _get(part, "metavariable-pattern")
    if not isinstance(inner, dict) or "language" in inner:
        return ALWAYS
    return _formula(inner, choices, python=python)


def _named_choices(parts: Iterable[Any]) -> _Choices:
    """Return the metavariables that a regular expression is held against."""
    found: _Choices = {}
    for part in parts:
        table = _get(part, "metavariable-regex")
        name, regex = _get(table, "metavariable"), _get(table, "regex")
        if not isinstance(name, str) or not isinstance(regex, str):
            continue
        if "constant-propagation" not in table:
            found.setdefault(name, _Choice()).add(regex)
    return found


def _pattern(text: str, choices: _Choices, *, python: bool) -> Condition:
    """Return what one pattern demands."""
    if not python:
        text = _without_types(text)
        if _is_unsure(text):
            return ALWAYS
    found: list[Condition] = []
    weak: list[Condition] = []
    tokens = list((_PYTHON_TOKEN if python else _OTHER_TOKEN).finditer(text))
    for number, token in enumerate(tokens):
        word = token[0]
        if token["name"] and word.isascii():
            if word.encode() not in _KEYWORDS or (
                python and word.encode() in _OWN_WORDS
            ):
                mark = b"(" if python and _is_called(tokens, number) else b""
                found.append(frozenset((mark + word.encode(),)))
        elif token["meta"] and word in choices:
            before = tokens[number - 1][0] if number else ""
            after = tokens[number + 1][0] if number + 1 < len(tokens) else ""
            line = text[text.rfind("\n", 0, token.start()) + 1 : token.start()]
            mark = b"@" if python and line.lstrip().startswith("@") else b""
            if python and not mark and _is_called(tokens, number):
                mark = b"("
            is_name = before == "." or after == "("
            found.append(choices[word].of_source(mark if is_name else None))
        elif token["skip"]:
            named = _META_NAME.findall(word)
            weak += [choices[name].of_string() for name in named if name in choices]
    if python and text.lstrip().startswith("@"):
        found.append(frozenset((b"@",)))
    whole = all_of(found)
    return all_of(weak) if whole == ALWAYS else whole


def _is_called(tokens: Sequence[re.Match[str]], number: int) -> bool:
    """Whether a name in a pattern of Python is what a call names, and not a definition's name."""
    behind = tokens[number + 1][0] if number + 1 < len(tokens) else ""
    before = tokens[number - 1][0] if number else ""
    first = number
    while first >= 2 and tokens[first - 1][0] == ".":
        first -= 2
    is_decorator = first > 0 and tokens[first - 1][0] == "@"
    return behind == "(" and before not in {"def", "class"} and not is_decorator


def _is_unsure(text: str) -> bool:
    """Whether it cannot be told what is a string in a pattern of JavaScript."""
    quoted = any(mark in text for mark in "'\"`")
    templates = text.count("`")
    return (
        bool(quoted and _REGEX.search(text))
        or templates % 2 == 1
        or ("${" in text and templates != 2)
    )


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
