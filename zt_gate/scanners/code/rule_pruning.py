"""Leaves out of a rule what cannot match in a text, and says names in place of choices.

A rule has the sources, sinks and sanitizers of all frameworks, and the engine tries each
of them on every expression of a file.  An alternative whose necessary words
(``zt_gate.scanners.code.prefilter_literals``) do not occur in the text cannot match in
it.  A pattern such as ``$OBJECT.$RUN(..., $SINK, ...)`` with ``^(query|exec)$`` for
``$RUN`` matches every call before the engine looks at the name; with the names of the
text in its place it matches only calls of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate.record import dataclass
from zt_gate.scanners.code.prefilter_conditions import ALWAYS
from zt_gate.scanners.code.prefilter_literals import (
    KEYWORDS,
    NO_REGEXES,
    alternatives_of,
    formula_condition,
    regexes_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zt_gate.scanners.code.prefilter_conditions import Condition, PrefilterText
    from zt_gate.scanners.code.prefilter_literals import RegexesByName

#: Names that take the place of a choice of names: each is one more pattern.
_MAX_NAMES = 4
_REQUIRED = ("pattern-sources", "pattern-sinks")
_TAINT_PARTS = (*_REQUIRED, "pattern-sanitizers", "pattern-propagators")
_POSITIVE = ("pattern", "pattern-inside")
_NEGATIVE = ("pattern-not", "pattern-not-inside")


class PrunableRule:
    """A rule in semgrep's syntax that can be reduced to what matters in a text."""

    def __init__(self, body: Mapping[str, Any], *, python: bool) -> None:
        self._body = body
        self._parts: dict[str, tuple[_Formula, ...]] = {}
        self._search: _Formula | None = None
        around = None if python or body.get("options") else ""
        if body.get("mode", "search") == "search":
            self._search = _formula(body, NO_REGEXES, python=python, around=around)
        elif body.get("mode") == "taint":
            for key in _TAINT_PARTS:
                if isinstance(body.get(key), list):
                    self._parts[key] = tuple(
                        _formula(item, NO_REGEXES, python=python, around=around)
                        for item in body[key]
                    )

    def reduced(self, text: PrefilterText) -> Mapping[str, Any]:
        """Return a rule with the same matches in this text, the whole rule in doubt."""
        if self._search is not None:
            return self._search.reduced(text) or self._body
        body = dict(self._body)
        for key, formulas in self._parts.items():
            kept = _reduced(formulas, text)
            if kept:
                body[key] = kept
            elif key in _REQUIRED:
                return self._body
            else:
                del body[key]
        return body


@dataclass(frozen=True, slots=True)
class _Formula:
    """A formula, the condition on texts in which it matches, and the formulas in it.

    ``alternatives`` are those of ``pattern-either``.  ``parts`` are those of
    ``patterns``; a negative one has the condition of what it excludes.
    """

    table: Any
    condition: Condition
    alternatives: tuple[_Formula, ...] = ()
    parts: tuple[_Formula, ...] = ()
    choices: tuple[_Choice, ...] = ()
    is_negative: bool = False

    def reduced(self, text: PrefilterText) -> Any:
        """Return the formula without what cannot match in a text; None if it cannot."""
        if not text.holds(self.condition):
            return None
        if not self.alternatives and not self.parts:
            return self.table
        table = dict(self.table)
        if self.alternatives:
            table["pattern-either"] = _reduced(self.alternatives, text)
        if self.parts:
            parts: list[Any] = []
            for part in self.parts:
                reduced = part.reduced(text)
                if reduced is not None:
                    parts.append(reduced)
                elif not part.is_negative:
                    return None
            for choice in self.choices:
                parts = choice.named(parts, text)
            table["patterns"] = parts
        return table if table.get("pattern-either", True) else None


@dataclass(frozen=True, slots=True)
class _Choice:
    """A metavariable of a conjunction that stands for one of several names."""

    metavariable: str
    names: tuple[str, ...]

    def named(self, parts: list[Any], text: PrefilterText) -> list[Any]:
        """Return the parts with the names that occur in a text for the metavariable.

        The parts are returned as they are where that would be more work, or not certain
        to mean the same.
        """
        names = [name for name in self.names if name.encode() in text.words]
        if not 0 < len(names) <= _MAX_NAMES:
            return parts
        pattern = _occurrences_of(self.metavariable)
        using = [part for part in parts if pattern.search(_text_of(part))]
        others = [part for part in parts if part not in using]
        used = [part for part in using if "metavariable-regex" not in part]
        if len(using) != 2 or len(used) != 1:
            return parts
        alternatives = _alternatives(used[0])
        if not all(_is_pattern(table) for table in alternatives):
            return parts
        sources = [_text_of(table) for table in alternatives]
        if not all(map(pattern.search, sources)):
            return parts  # the engine drops a match without a value for it
        is_attribute = all(
            source[: found.start()].endswith(".")
            for source in sources
            for found in pattern.finditer(source)
        )
        if not is_attribute and any(name.encode() in KEYWORDS for name in names):
            return parts
        named = [
            {key: pattern.sub(name, source) for key, source in table.items()}
            for table in alternatives
            for name in names
        ]
        return [*(named if len(named) == 1 else [{"pattern-either": named}]), *others]


def _formula(
    node: Any, regexes: RegexesByName, *, python: bool, around: str | None = ""
) -> _Formula:
    """Compile a formula.

    ``around`` are the texts of the conjunctions around it, whose metavariables have the
    same value everywhere; None if metavariables are shared in a way that is not known.
    """
    if not isinstance(node, dict):
        condition = formula_condition(node, regexes, python=python)
        return _Formula(node, condition)
    condition = _own_condition(node, regexes, python=python)
    alternatives: tuple[_Formula, ...] = ()
    if isinstance(node.get("pattern-either"), list):
        alternatives = tuple(
            _formula(item, regexes, python=python, around=around)
            for item in node["pattern-either"]
        )
    parts: tuple[_Formula, ...] = ()
    choices: tuple[_Choice, ...] = ()
    if isinstance(node.get("patterns"), list):
        inner = {**regexes, **_choice_regexes(node["patterns"])}
        parts = tuple(
            _part(
                part,
                inner,
                python=python,
                around=_around(node["patterns"], number, around),
            )
            for number, part in enumerate(node["patterns"])
        )
        if around is not None:
            choices = tuple(_choices(node["patterns"], around))
    return _Formula(node, condition, alternatives, parts, choices)


def _choice_regexes(parts: Iterable[Any]) -> RegexesByName:
    """Return the expressions that are choices of names: others take long to read."""
    return {
        name: regexes
        for name, regexes in regexes_of(parts).items()
        if all(map(alternatives_of, regexes.regexes))
    }


def _own_condition(
    node: Mapping[str, Any], regexes: RegexesByName, *, python: bool
) -> Condition:
    """Return the condition of a formula without those of the formulas in it."""
    own = {key: node[key] for key in _POSITIVE if key in node}
    return formula_condition(own, regexes, python=python) if own else ALWAYS


def _around(parts: Sequence[Any], number: int, around: str | None) -> str | None:
    if around is None:
        return None
    others = [part for index, part in enumerate(parts) if index != number]
    return f"{around}\n{_text_of(others)}"


def _part(
    node: Any, regexes: RegexesByName, *, python: bool, around: str | None
) -> _Formula:
    """Compile a part of a conjunction; a negative one matters if what it excludes can be."""
    if isinstance(node, dict) and len(node) == 1:
        ((key, value),) = node.items()
        if key in _NEGATIVE:
            excluded = formula_condition(value, NO_REGEXES, python=python)
            return _Formula(node, excluded, is_negative=True)
    return _formula(node, regexes, python=python, around=around)


def _choices(parts: Sequence[Any], around: str) -> Iterable[_Choice]:
    """Yield the metavariables of wide patterns that stand for one of several names."""
    tables = [part for part in parts if isinstance(part, dict)]
    for part in tables:
        condition = part.get("metavariable-regex")
        if not isinstance(condition, dict) or "constant-propagation" in condition:
            continue
        name, regex = condition.get("metavariable"), condition.get("regex")
        if not isinstance(name, str) or not isinstance(regex, str):
            continue
        names = alternatives_of(regex)
        is_shared = bool(_occurrences_of(name).search(around))
        if names and not is_shared and _is_wide(tables, name):
            yield _Choice(name, tuple(names))


def _occurrences_of(metavariable: str) -> re.Pattern[str]:
    return re.compile(re.escape(metavariable) + r"(?![A-Z0-9_])")


def _is_wide(parts: Sequence[Mapping[str, Any]], metavariable: str) -> bool:
    """Whether a pattern with a metavariable has no name of its own."""
    for part in parts:
        for table in _alternatives(part):
            if not _is_pattern(table):
                continue
            (text,) = table.values()
            if metavariable not in text:
                continue
            if formula_condition({"pattern": text}, NO_REGEXES, python=False) == ALWAYS:
                return True
    return False


def _is_pattern(table: Any) -> bool:
    """Whether a formula is one pattern, with no conditions on its metavariables."""
    if not isinstance(table, dict) or len(table) != 1:
        return False
    ((key, value),) = table.items()
    return key in _POSITIVE and isinstance(value, str)


def _alternatives(part: Any) -> list[Any]:
    if isinstance(part, dict) and len(part) == 1:
        inner = part.get("pattern-either")
        if isinstance(inner, list):
            return inner
    return [part]


def _text_of(node: Any) -> str:
    """Return all texts in a formula."""
    if isinstance(node, str):
        return node
    if isinstance(node, dict):
        return "\n".join(map(_text_of, node.values()))
    if isinstance(node, list):
        return "\n".join(map(_text_of, node))
    return ""


def _reduced(formulas: Iterable[_Formula], text: PrefilterText) -> list[Any]:
    reduced = (formula.reduced(text) for formula in formulas)
    return [table for table in reduced if table is not None]
