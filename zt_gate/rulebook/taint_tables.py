"""Taint rules made from shared tables: one per framework, below ``rules/code/tables``.

A table says which calls of a framework give request data (``sources``), which
are dangerous to give it to (``sinks``) and which make it harmless
(``sanitizers``), by kind; ``propagators`` say where data passes on.  A rule
names the kinds, ``sources: [request]``, and gets what all tables of its
language have under them, as one pattern list each.  How a table is written is
in ``rules/code/tables/README.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The folder of the tables, below the folder of a scanner's rules.
FOLDER = "tables"

#: What a rule may name: the part of the tables it is looked up in, the part of a semgrep
#: rule that it becomes. ``matches`` are sources that are reported wherever they stand.
RULE_KEYS = {
    "sources": ("sources", "pattern-sources"),
    "sinks": ("sinks", "pattern-sinks"),
    "sanitizers": ("sanitizers", "pattern-sanitizers"),
    "matches": ("sources", "pattern-either"),
}
PARTS = ("sources", "sinks", "sanitizers")

# The metavariable that says which part of a call is meant, by part.
_FOCUS = {"sources": "$SOURCE", "sinks": "$SINK", "sanitizers": "$CLEAN"}
_HEAD = frozenset(("framework", "documentation", "propagators", *PARTS))
_WORDS = frozenset(
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
# Facts about a source or sink as a whole, which stand beside its patterns.
_FLAGS = ("by-side-effect", "exact", "control")

EntriesByKind = dict[str, list[dict[str, Any]]]


class TaintTables:
    """The tables of one language, joined: every kind of every part as semgrep's patterns."""

    def __init__(self, language: str, tables: Iterable[Mapping[str, Any]]) -> None:
        """Join tables; raises ValueError with what is wrong in one."""
        self._language = language
        self._kinds: dict[str, EntriesByKind] = {part: {} for part in PARTS}
        self._propagators: list[dict[str, Any]] = []
        self.frameworks: list[str] = []
        raw: dict[str, dict[str, list[object]]] = {part: {} for part in PARTS}
        for table in tables:
            if unknown := table.keys() - _HEAD:
                raise ValueError(
                    f"a table has no part {', '.join(sorted(map(str, unknown)))}"
                )
            self.frameworks.append(str(table.get("framework", "")))
            self._propagators += _list(table.get("propagators", []), "propagators")
            for part in PARTS:
                for kind, items in _mapping(table.get(part, {}), part).items():
                    raw[part].setdefault(kind, []).extend(
                        _list(items, f"{part}: {kind}")
                    )
        for part, kinds in raw.items():
            for kind, items in kinds.items():
                self._kinds[part][kind] = list(compile_entries(items, _FOCUS[part]))

    def fill(self, rule: dict[str, Any]) -> dict[str, Any]:
        """Return a rule with the kinds that it names replaced by their patterns.

        Patterns that the rule has of its own are kept beside them.  A rule that
        names no kind is returned as it is.  Raises ValueError for a kind that
        no table has.
        """
        named = {word: rule[word] for word in RULE_KEYS if word in rule}
        if not named:
            return rule
        filled = {key: value for key, value in rule.items() if key not in RULE_KEYS}
        for word, kinds in named.items():
            part, becomes = RULE_KEYS[word]
            patterns: list[object] = []
            for kind in _list(kinds, word):
                if kind not in self._kinds[part]:
                    raise ValueError(
                        f"no table for {self._language} has {part} of kind {kind!r}"
                    )
                patterns += self._kinds[part][kind]
            filled[becomes] = [*patterns, *_list(filled.get(becomes, []), becomes)]
        if self._propagators and filled.get("mode") == "taint":
            own = _list(filled.get("pattern-propagators", []), "pattern-propagators")
            filled["pattern-propagators"] = [*self._propagators, *own]
        return filled


def compile_entries(items: Iterable[object], focus: str) -> Iterable[dict[str, Any]]:
    """Yield semgrep's formulas for the entries of one kind.

    Plain patterns are joined into one ``pattern-either`` with the focus and one
    without: the engine matches few large formulas faster than many small ones.
    """
    focused: list[dict[str, Any]] = []
    whole: list[dict[str, Any]] = []
    flagged: list[dict[str, Any]] = []
    for item in items:
        formula, flags, has_focus = _formula(item, focus)
        if flags:
            flagged.append(
                {**flags, "patterns": _focus([formula], focus if has_focus else None)}
            )
        else:
            (focused if has_focus else whole).append(formula)
    if focused:
        yield {"patterns": _focus([_either(focused)], focus)}
    if whole:
        yield {"pattern-either": whole}
    yield from flagged


def _formula(item: object, focus: str) -> tuple[dict[str, Any], dict[str, Any], bool]:
    """Return the formula of an entry, its flags, and whether it speaks of the focus."""
    if isinstance(item, str):
        return {"pattern": item}, {}, focus in item
    entry = _mapping(item, "an entry")
    if unknown := entry.keys() - _WORDS:
        raise ValueError(f"an entry has no word {', '.join(sorted(map(str, unknown)))}")
    texts = [str(text) for text in _list(entry.get("any", []), "any")]
    if not texts:
        raise ValueError("an entry needs patterns under any")
    parts: list[dict[str, Any]] = [_either([{"pattern": text} for text in texts])]
    if "as" in entry:  # a name for the whole, which ``where`` can then speak of
        parts.append({"pattern": str(entry["as"])})
    if around := _list(entry.get("inside", []), "inside"):
        parts.append(_either([{"pattern-inside": text} for text in around]))
    for word in ("not", "not-inside"):
        parts += [
            {f"pattern-{word}": text} for text in _list(entry.get(word, []), word)
        ]
    for name, regex in _mapping(entry.get("where", {}), "where").items():
        parts.append({"metavariable-regex": {"metavariable": name, "regex": regex}})
    for name, types in _mapping(entry.get("types", {}), "types").items():
        parts.append({"metavariable-type": {"metavariable": name, "types": types}})
    flags = {flag: entry[flag] for flag in _FLAGS if flag in entry}
    has_focus = any(focus in text for text in [*texts, *map(str, around)])
    formula = parts[0] if len(parts) == 1 else {"patterns": parts}
    return formula, flags, has_focus


def _focus(formulas: list[dict[str, Any]], focus: str | None) -> list[dict[str, Any]]:
    return [*formulas, {"focus-metavariable": focus}] if focus else formulas


def _either(formulas: list[dict[str, Any]]) -> dict[str, Any]:
    return formulas[0] if len(formulas) == 1 else {"pattern-either": formulas}


def _list(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{what} is no list")  # noqa: TRY004 - one kind of error for a wrong file
    return value


def _mapping(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is no table of names")  # noqa: TRY004 - as above
    return value
