"""What a file must hold for a rule to match in it: words, derived from the rule's patterns.

A semgrep pattern matches code by its names: ``subprocess.run(...)`` matches
``sp.run()`` after ``import subprocess as sp``, too, but never in a file without
the words ``subprocess`` and ``run``.  Every name of a pattern that must match
is therefore necessary.  Strings and numbers are not: the engine joins and
computes constants.  Nor are keywords, and types of typed metavariables, which
it infers.  Where nothing can be derived, the rule applies to every file.

A condition is a conjunction of clauses, each a set of words of which one must
occur; no clause at all means that nothing is necessary.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Clause = frozenset[bytes]
Condition = frozenset[Clause]

ALWAYS: Condition = frozenset()

_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_STRING = r"""\"(?:[^"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"""
_META = r"\$\.\.\.[A-Z_][A-Z0-9_]*|\$[A-Z_][A-Z0-9_]*"
_NAME = r"[^\W\d]\w*"
_PYTHON_TOKEN = re.compile(
    rf"(?P<skip>\"\"\".*?\"\"\"|'''.*?'''|{_STRING}|\#[^\n]*|\d\w*)"
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

# Words that most files hold: a clause of others leaves more files out.
_COMMON = frozenset(
    b"app args base body client code context cookies ctx data db encode error file files form "
    b"format headers html http id input items join json key len list load method model name "
    b"object open os params path post print query read regex render req request requests res "
    b"response result run send session sql str sys text token update url user value values "
    b"write".split()
)

_ALTERNATIVES = re.compile(r"\^?(?:\((?:\?:)?([A-Za-z0-9_|]+)\)|([A-Za-z0-9_]+))\$")
#: Clauses that a choice between many patterns is summed up in.
_PICKS = 3
_SETS = ("pattern-sources", "pattern-sinks")
_OLD_FORM = ("pattern", "patterns", "pattern-either", "pattern-inside")


def words_of(text: bytes) -> frozenset[bytes]:
    """Return every word of a text: runs of ASCII letters, digits and ``_``."""
    return frozenset(_WORD.findall(text))


def holds(condition: Condition, words: frozenset[bytes]) -> bool:
    """Whether a file with these words can match."""
    return not any(clause.isdisjoint(words) for clause in condition)


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
    if not any("not" in str(_get(sink, "requires") or "") for sink in sinks):
        found |= _either(sources, {}, python=python)
    return found


_Choices = dict[str, Clause]


def _formula(node: Any, choices: _Choices, *, python: bool) -> Condition:
    """Return the condition of one table of patterns; what is not known demands nothing."""
    if isinstance(node, str):  # the short form of a pattern
        return _pattern(node, choices, python=python)
    found: Condition = ALWAYS
    for key in ("pattern", "pattern-inside"):
        value = _get(node, key)
        if value is not None:
            found |= _formula(value, choices, python=python)
    alternatives = _get(node, "pattern-either")
    if isinstance(alternatives, list):
        found |= _either(alternatives, choices, python=python)
    parts = _get(node, "patterns")
    if isinstance(parts, list):
        inner = {**choices, **_named_choices(parts)}
        for part in parts:
            found |= _formula(part, inner, python=python)
            found |= _within_metavariable(part, inner, python=python)
    return found


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


def _either(nodes: Iterable[Any], choices: _Choices, *, python: bool) -> Condition:
    """Return what follows from each of several alternatives.

    Any choice of one clause from each of them, joined, is necessary; the
    clauses that all share, and those of the rarest words, leave most files out.
    """
    conditions = [_formula(node, choices, python=python) for node in nodes]
    if not conditions or not all(conditions):
        return ALWAYS
    shared = frozenset.intersection(*conditions)
    ranked = [sorted(condition, key=_weight) for condition in conditions]
    if any(condition == shared for condition in conditions):
        return shared
    rest = [[clause for clause in clauses if clause not in shared] for clauses in ranked]
    picked = {
        frozenset().union(*(clauses[min(pick, len(clauses) - 1)] for clauses in rest))
        for pick in range(min(_PICKS, max(map(len, rest))))
    }
    return shared | picked


def _weight(clause: Clause) -> tuple[int, tuple[bytes, ...]]:
    weight = sum(20 if word in _COMMON or len(word) < 3 else 1 for word in clause)
    return weight, tuple(sorted(clause))


def _pattern(text: str, choices: _Choices, *, python: bool) -> Condition:
    """Return the names that stand in one pattern."""
    if not python:
        text = _without_types(text)
        if _REGEX.search(text) or text.count("`") % 2 or "${" in text:
            return ALWAYS
    found = set()
    before = ""
    tokens = list((_PYTHON_TOKEN if python else _OTHER_TOKEN).finditer(text))
    for number, token in enumerate(tokens, 1):
        word = token[0]
        after = tokens[number][0] if number < len(tokens) else ""
        if token["name"] and word.isascii():
            if word.encode() not in _KEYWORDS:
                found.add(frozenset((word.encode(),)))
        elif token["meta"] and word in choices and (before == "." or after == "("):
            # Only where a name stands: a metavariable may be bound to a joined string elsewhere.
            found.add(choices[word])
        before = word
    return frozenset(found)


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
