"""Derives the words that a file must contain for a rule to match, from its patterns.

A semgrep pattern matches code by its names: ``subprocess.run(...)`` also matches
``sp.run()`` after ``import subprocess as sp``, but never in a file without the words
``subprocess`` and ``run``.  Every name in a required pattern is therefore necessary.
Strings and numbers are not: the engine joins and computes constants.  Keywords are not,
and neither are the types of typed metavariables, which the engine infers.  If nothing
can be derived, the rule applies to every file.

The name of a decorator (``@app.get``) is required in a decorator, as the word ``@get``,
because ``get`` alone occurs in most files.  In the same way, the name of a called
function in Python is required as the word ``(get``.  The substrings that a regular
expression on a metavariable needs must also occur, because the engine matches it against
the source.  A metavariable inside a string can be joined from several strings; its
substrings are used only if nothing else was derived.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.record import dataclass
from zt_gate.scanners.code.prefilter_conditions import ALWAYS, Condition, all_of, any_of
from zt_gate.scanners.code.prefilter_regexes import condition_of_regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_STRING = r"""\"(?:[^"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"""
_META = r"\$\.\.\.[A-Z_][A-Z0-9_]*|\$[A-Z_][A-Z0-9_]*"
_NAME = r"[^\W\d]\w*"
_PYTHON_TOKEN = lazy_re.compile(
    rf"(?P<skip>[rRbBuUfF]{{0,2}}(?:\"\"\".*?\"\"\"|'''.*?'''|{_STRING})|\#[^\n]*|\d\w*)"
    rf"|(?P<meta>{_META})|(?P<name>{_NAME})|(?P<other>\S)",
    re.DOTALL,
)
_OTHER_TOKEN = lazy_re.compile(
    rf"(?P<skip>`[^`]*`|{_STRING}|//[^\n]*|/\*.*?\*/|\d\w*)"
    rf"|(?P<meta>{_META})|(?P<name>{_NAME})|(?P<other>\S)",
    re.DOTALL,
)
_TYPED = lazy_re.compile(r"\(\s*\$[A-Z_][A-Z0-9_]*\s*:")
# A regular expression in JavaScript can contain a quote: later tokens are not reliable.
_REGEX = lazy_re.compile(r"(?:^|[(,=:\[!&|?{};\n])\s*/[^/*\s]")

KEYWORDS = frozenset(
    # Python; JavaScript and TypeScript; Go; names that the engine treats as keywords.
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

# Keywords without a synonym: a pattern with them needs them.
_PYTHON_REQUIRED = frozenset(b"assert class except is raise while with".split())
_OTHER_REQUIRED = frozenset(b"switch throw typeof".split())
_META_NAME = lazy_re.compile(_META)
_ALTERNATIVES = lazy_re.compile(
    r"\^?(?:\((?:\?:)?([A-Za-z0-9_|]+)\)|([A-Za-z0-9_]+))\$"
)
_TAINT_KEYS = ("pattern-sources", "pattern-sinks")
_SEARCH_KEYS = ("pattern", "patterns", "pattern-either", "pattern-inside")


def condition_of(rule: Mapping[str, Any], *, python: bool) -> Condition:
    """Return the condition on every file in which ``rule``, in semgrep's syntax, matches.

    ``python`` says that the patterns are Python.
    """
    mode = rule.get("mode", "search")
    if mode == "search" and any(key in rule for key in _SEARCH_KEYS):
        return formula_condition(rule, {}, python=python)
    if mode != "taint":
        return ALWAYS
    sources, sinks = (rule.get(key) for key in _TAINT_KEYS)
    if not isinstance(sources, list) or not isinstance(sinks, list):
        return ALWAYS
    condition = _either(sinks, {}, python=python)
    # "not LABEL" can hold for data without a source.
    if any("not" in str(_get(sink, "requires") or "") for sink in sinks):
        return condition
    return all_of([condition, _either(sources, {}, python=python)])


@dataclass(frozen=True, slots=True)
class _MetavariableRegexes:
    """The regular expressions on one metavariable."""

    regexes: tuple[str, ...] = ()

    def condition_on_source(self, prefix: bytes | None) -> Condition:
        """Return the condition on source text.

        ``prefix`` marks the words of a whole name, None if the metavariable is not one.
        """
        conditions: list[Condition] = []
        for regex in self.regexes:
            words = alternatives_of(regex) if prefix is not None else []
            if prefix is not None and words:
                conditions.append(frozenset(prefix + word.encode() for word in words))
            else:
                conditions.append(condition_of_regex(regex))
        return all_of(conditions)

    def condition_on_string(self) -> Condition:
        """Return the condition on a string, which can be joined from several."""
        return all_of(
            condition_of_regex(regex, is_joined=True) for regex in self.regexes
        )


def alternatives_of(regex: str) -> list[str]:
    """Return the words of an expression like ``^(a|b)$``, [] for any other."""
    match = _ALTERNATIVES.fullmatch(regex.strip())
    if match is None:
        return []
    words = (match[1] or match[2]).split("|")
    return words if all(words) else []


RegexesByName = dict[str, _MetavariableRegexes]
NO_REGEXES: RegexesByName = {}


def formula_condition(node: Any, regexes: RegexesByName, *, python: bool) -> Condition:
    """Return the condition of one formula; unknown keys add nothing.

    ``regexes`` are those that the formulas around it have for its metavariables.
    """
    if isinstance(node, str):  # the short form of a pattern
        return _pattern(node, regexes, python=python)
    conditions: list[Condition] = []
    for key in ("pattern", "pattern-inside"):
        value = _get(node, key)
        if value is not None:
            conditions.append(formula_condition(value, regexes, python=python))
    alternatives = _get(node, "pattern-either")
    if isinstance(alternatives, list):
        conditions.append(_either(alternatives, regexes, python=python))
    parts = _get(node, "patterns")
    if isinstance(parts, list):
        inner_regexes = {**regexes, **regexes_of(parts)}
        for part in parts:
            conditions.append(formula_condition(part, inner_regexes, python=python))
            conditions.append(_metavariable_pattern(part, inner_regexes, python=python))
    return all_of(conditions)


def _either(nodes: Iterable[Any], regexes: RegexesByName, *, python: bool) -> Condition:
    """Return the condition of several alternatives."""
    return any_of(formula_condition(node, regexes, python=python) for node in nodes)


def _metavariable_pattern(
    part: Any, regexes: RegexesByName, *, python: bool
) -> Condition:
    """Return the condition of a ``metavariable-pattern``: its code is in the same file."""
    inner = _get(part, "metavariable-pattern")
    if not isinstance(inner, dict) or "language" in inner:
        return ALWAYS
    return formula_condition(inner, regexes, python=python)


def regexes_of(parts: Iterable[Any]) -> RegexesByName:
    """Return the regular expressions of a conjunction by metavariable."""
    regexes: RegexesByName = {}
    for part in parts:
        table = _get(part, "metavariable-regex")
        name, regex = _get(table, "metavariable"), _get(table, "regex")
        if not isinstance(name, str) or not isinstance(regex, str):
            continue
        if "constant-propagation" not in table:
            previous = regexes.get(name, _MetavariableRegexes()).regexes
            regexes[name] = _MetavariableRegexes((*previous, regex))
    return regexes


def _pattern(text: str, regexes: RegexesByName, *, python: bool) -> Condition:
    """Return the condition of one pattern."""
    named = {name: regexes[name] for name in sorted(regexes) if name in text}
    return _condition_of_pattern(text, tuple(named.items()), python=python)


# Many rules have the same patterns, from the tables.
@lru_cache(maxsize=5000)
def _condition_of_pattern(
    text: str, named: tuple[tuple[str, _MetavariableRegexes], ...], *, python: bool
) -> Condition:
    regexes = dict(named)
    if not python:
        text = _without_types(text)
        if _has_unclear_strings(text):
            return ALWAYS
    conditions: list[Condition] = []
    string_conditions: list[Condition] = []
    tokens = list((_PYTHON_TOKEN if python else _OTHER_TOKEN).finditer(text))
    for number, token in enumerate(tokens):
        word = token[0]
        if token["name"]:
            if _is_necessary(word, python=python):
                is_called = python and _is_called(tokens, number)
                prefix = b"(" if is_called else b""
                conditions.append(frozenset((prefix + word.encode(),)))
        elif token["meta"] and word in regexes:
            name_prefix = _prefix_of_name(text, tokens, number, python=python)
            conditions.append(regexes[word].condition_on_source(name_prefix))
        elif token["skip"]:
            string_conditions += [
                regexes[name].condition_on_string()
                for name in _META_NAME.findall(word)
                if name in regexes
            ]
    if python and text.lstrip().startswith("@"):
        conditions.append(frozenset((b"@",)))
    condition = all_of(conditions)
    return all_of(string_conditions) if condition == ALWAYS else condition


def _is_necessary(word: str, *, python: bool) -> bool:
    """Whether a name in a pattern must occur in the source."""
    if not word.isascii():
        return False
    if word.encode() not in KEYWORDS:
        return True
    return word.encode() in (_PYTHON_REQUIRED if python else _OTHER_REQUIRED)


def _prefix_of_name(
    text: str, tokens: Sequence[re.Match[str]], number: int, *, python: bool
) -> bytes | None:
    """Return the prefix of the words of a metavariable, None if it is not a whole name."""
    is_attribute = number > 0 and tokens[number - 1][0] == "."
    is_before_call = number + 1 < len(tokens) and tokens[number + 1][0] == "("
    if not is_attribute and not is_before_call:
        return None
    if not python:
        return b""
    start = tokens[number].start()
    line_before = text[text.rfind("\n", 0, start) + 1 : start]
    if line_before.lstrip().startswith("@"):
        return b"@"
    return b"(" if _is_called(tokens, number) else b""


def _is_called(tokens: Sequence[re.Match[str]], number: int) -> bool:
    """Whether a name in a Python pattern is called, and not defined or a decorator."""
    following = tokens[number + 1][0] if number + 1 < len(tokens) else ""
    preceding = tokens[number - 1][0] if number else ""
    if following != "(" or preceding in {"def", "class"}:
        return False
    first = number
    while first >= 2 and tokens[first - 1][0] == ".":
        first -= 2
    is_decorator = first > 0 and tokens[first - 1][0] == "@"
    return not is_decorator


def _has_unclear_strings(text: str) -> bool:
    """Whether a pattern of JavaScript cannot be split reliably into strings and code."""
    has_quotes = any(quote in text for quote in "'\"`")
    if has_quotes and _REGEX.search(text):
        return True
    backquotes = text.count("`")
    if backquotes % 2 == 1:
        return True
    return "${" in text and backquotes != 2


def _without_types(text: str) -> str:
    """Remove typed metavariables ``($X : Type)`` from a pattern."""
    match = _TYPED.search(text)
    while match is not None:
        end = _closing_parenthesis(text, match.start())
        text = f"{text[: match.start()]}( {text[end + 1 :]}"
        match = _TYPED.search(text)
    return text


def _closing_parenthesis(text: str, start: int) -> int:
    """Return the index of the parenthesis that closes the one at ``start``, else the last."""
    depth = 0
    for index in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if not depth:
            return index
    return len(text) - 1


def _get(table: Any, key: str) -> Any:
    return table.get(key) if isinstance(table, dict) else None
