"""Builds taint rules from shared tables, one per framework, in ``rules/code/tables``.

A table lists by kind which calls of a framework return request data (``sources``),
which must not receive it (``sinks``) and which make it harmless (``sanitizers``);
``propagators`` are calls that pass data on.  A rule names kinds, for example
``sources: [request]``, and gets the patterns that all tables of its language have
for them.  ``rules/code/tables/README.md`` describes the format of a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The folder of the tables, below the folder of a scanner's rules.
FOLDER = "tables"

#: The keys of a rule that name kinds: the part of the tables that has the kind, and the
#: key of the semgrep rule.  ``matches`` are sources that are findings by themselves.
RULE_KEYS = {
    "sources": ("sources", "pattern-sources"),
    "sinks": ("sinks", "pattern-sinks"),
    "sanitizers": ("sanitizers", "pattern-sanitizers"),
    "matches": ("sources", "pattern-either"),
}
PARTS = ("sources", "sinks", "sanitizers")

# The metavariable for the relevant part of a call, by part of the table.
_FOCUS = {"sources": "$SOURCE", "sinks": "$SINK", "sanitizers": "$CLEAN"}
# The part of a pattern under ``inside`` in which the match is, where that is not all of it.
_BRANCHES = ("$BRANCH", "$...BRANCH")
# A pattern that matches every expression.
_ANY = "$X"
_TABLE_KEYS = frozenset(("framework", "documentation", "propagators", *PARTS))
_ENTRY_KEYS = frozenset(
    (
        "any",
        "as",
        "where",
        "types",
        "inside",
        "not",
        "not-inside",
        "by-side-effect",
        "exact",
        "control",
    )
)
# Properties of a source or sink, which semgrep takes beside its patterns.
_FLAGS = ("by-side-effect", "exact", "control")

EntriesByKind = dict[str, list[dict[str, Any]]]


class TaintTables:
    """The joined tables of one language: semgrep patterns for every kind of every part."""

    def __init__(self, language: str, tables: Iterable[Mapping[str, Any]]) -> None:
        """Join tables; raises ValueError with the first error in one."""
        self._language = language
        self._patterns: dict[str, EntriesByKind] = {part: {} for part in PARTS}
        self._propagators: list[dict[str, Any]] = []
        self.frameworks: list[str] = []
        entries: dict[str, dict[str, list[object]]] = {part: {} for part in PARTS}
        for table in tables:
            _check_keys(table, _TABLE_KEYS, "a table")
            self.frameworks.append(str(table.get("framework", "")))
            self._propagators += _list(table.get("propagators", []), "propagators")
            for part in PARTS:
                for kind, items in _mapping(table.get(part, {}), part).items():
                    entries_of_kind = entries[part].setdefault(kind, [])
                    entries_of_kind += _list(items, f"{part}: {kind}")
        for part, kinds in entries.items():
            for kind, items in kinds.items():
                self._patterns[part][kind] = list(compile_entries(items, _FOCUS[part]))

    def fill(self, rule: dict[str, Any]) -> dict[str, Any]:
        """Return a rule with the kinds that it names replaced by their patterns.

        The rule's own patterns are kept after them.  A rule that names no kind is
        returned unchanged.  Raises ValueError for a kind that no table has.
        """
        named_kinds = {key: rule[key] for key in RULE_KEYS if key in rule}
        if not named_kinds:
            return rule
        filled = {key: value for key, value in rule.items() if key not in RULE_KEYS}
        for key, kinds in named_kinds.items():
            part, semgrep_key = RULE_KEYS[key]
            own_patterns = _list(filled.get(semgrep_key, []), semgrep_key)
            filled[semgrep_key] = [*self._patterns_of(part, kinds, key), *own_patterns]
        if self._propagators and filled.get("mode") == "taint":
            own = _list(filled.get("pattern-propagators", []), "pattern-propagators")
            filled["pattern-propagators"] = [*self._propagators, *own]
        return filled

    def _patterns_of(self, part: str, kinds: object, key: str) -> list[dict[str, Any]]:
        patterns: list[dict[str, Any]] = []
        for kind in _list(kinds, key):
            if kind not in self._patterns[part]:
                raise ValueError(
                    f"no table for {self._language} has {part} of kind {kind!r}"
                )
            patterns += self._patterns[part][kind]
        return patterns


def compile_entries(items: Iterable[object], focus: str) -> Iterable[dict[str, Any]]:
    """Yield the semgrep formulas for the entries of one kind.

    Plain patterns are joined into one ``pattern-either`` with the focus and one
    without: the engine matches few large formulas faster than many small ones.
    """
    with_focus: list[dict[str, Any]] = []
    without_focus: list[dict[str, Any]] = []
    with_flags: list[dict[str, Any]] = []
    places: list[dict[str, Any]] = []
    for item in items:
        if _is_any_expression(item):
            places.append({"patterns": _conditions(_mapping(item, "an entry"))})
            continue
        formula, flags, has_focus = _formula(item, focus)
        if flags:
            patterns = _focused(formula, focus) if has_focus else [formula]
            with_flags.append({**flags, "patterns": patterns})
        elif has_focus:
            with_focus.append(formula)
        else:
            without_focus.append(formula)
    if places:
        without_focus.append({"patterns": [{"pattern": _ANY}, _either(places)]})
    if with_focus:
        yield {"patterns": _focused(_either(with_focus), focus)}
    if without_focus:
        yield {"pattern-either": without_focus}
    yield from with_flags


def _is_any_expression(item: object) -> bool:
    """Whether an entry matches any expression at a place that it describes.

    The engine looks at every expression of a file for such an entry; joined, the entries
    cost as much as one.
    """
    if not isinstance(item, dict) or "as" in item or not item.get("inside"):
        return False
    if item.get("any") != [_ANY] or any(flag in item for flag in _FLAGS):
        return False
    # A condition on the expression needs a value for it in each of the places.
    return all(_ANY in str(place) for place in item["inside"])


def _formula(item: object, focus: str) -> tuple[dict[str, Any], dict[str, Any], bool]:
    """Return the formula of an entry, its flags, and whether it has the focus metavariable."""
    if isinstance(item, str):
        return {"pattern": item}, {}, focus in item
    entry = _mapping(item, "an entry")
    _check_keys(entry, _ENTRY_KEYS, "an entry")
    patterns = [str(pattern) for pattern in _list(entry.get("any", []), "any")]
    if not patterns:
        raise ValueError("an entry needs patterns under any")
    conditions = [_either([{"pattern": pattern} for pattern in patterns])]
    if "as" in entry:  # a name for the whole match, for ``where`` to refer to
        conditions.append({"pattern": str(entry["as"])})
    conditions += _conditions(entry)
    flags = {flag: entry[flag] for flag in _FLAGS if flag in entry}
    inside = map(str, entry.get("inside", ()))
    has_focus = focus != "" and any(focus in part for part in [*patterns, *inside])
    formula = conditions[0] if len(conditions) == 1 else {"patterns": conditions}
    return formula, flags, has_focus


def _conditions(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what an entry says about the place and the metavariables of a match."""
    conditions: list[dict[str, Any]] = []
    inside = _list(entry.get("inside", []), "inside")
    if inside:
        places = [{"pattern-inside": _place(pattern)} for pattern in inside]
        conditions.append(_either(places))
    for key in ("not", "not-inside"):
        excluded = _list(entry.get(key, []), key)
        conditions += [{f"pattern-{key}": _place(pattern)} for pattern in excluded]
    for name, regex in _mapping(entry.get("where", {}), "where").items():
        condition = {"metavariable": name, "regex": regex}
        conditions.append({"metavariable-regex": condition})
    for name, types in _mapping(entry.get("types", {}), "types").items():
        condition = {"metavariable": name, "types": types}
        conditions.append({"metavariable-type": condition})
    return conditions


def _place(pattern: object) -> object:
    """Return the formula of code around a match: only ``$BRANCH`` in it, if it is named."""
    if isinstance(pattern, dict):
        return _formula(pattern, "")[0]
    for branch in _BRANCHES:
        if branch in str(pattern):
            return {"patterns": _focused({"pattern": pattern}, branch)}
    return pattern


def _focused(formula: dict[str, Any], focus: str) -> list[dict[str, Any]]:
    return [formula, {"focus-metavariable": focus}]


def _either(formulas: list[dict[str, Any]]) -> dict[str, Any]:
    return formulas[0] if len(formulas) == 1 else {"pattern-either": formulas}


def _check_keys(table: Mapping[str, Any], allowed: frozenset[str], what: str) -> None:
    unknown = table.keys() - allowed
    if unknown:
        raise ValueError(
            f"unknown key in {what}: {', '.join(sorted(map(str, unknown)))}"
        )


def _list(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{what} must be a list")  # noqa: TRY004 - one error type for an invalid file
    return value


def _mapping(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} must be a mapping")  # noqa: TRY004 - as above
    return value
