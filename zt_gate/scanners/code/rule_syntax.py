"""Translates taint rules to semgrep's newer syntax, in which ``as`` names a match.

Many rules match a whole expression against a regular expression.  In the older syntax
this needs a second pattern, a metavariable alone, which matches every expression of the
file and is intersected with the first; ``as`` is many times faster.  Other rules, and
rules with unknown keys, are not translated.
"""

from __future__ import annotations

from typing import Any

from zt_gate import lazy_re

_METAVARIABLE = lazy_re.compile(r"\$[A-Z_][A-Z0-9_]*")
_PLAIN = {"pattern": "pattern", "pattern-inside": "inside", "pattern-regex": "regex"}
_NEGATIVE = {"pattern-not": "pattern", "pattern-not-inside": "inside"}
_TAINT = {
    "pattern-sources": "sources",
    "pattern-sinks": "sinks",
    "pattern-sanitizers": "sanitizers",
    "pattern-propagators": "propagators",
}
_FLAGS = frozenset(
    ("by-side-effect", "exact", "control", "from", "to", "requires", "label")
)


class _UnknownError(Exception):
    """A construct that this module does not translate."""


def to_newer_syntax(body: dict[str, Any]) -> dict[str, Any]:
    """Return a taint rule that names whole expressions in the newer syntax.

    Any other rule is returned unchanged.
    """
    if body.get("mode") != "taint" or not _names_expression(body):
        return body
    taint = {}
    try:
        for key, name in _TAINT.items():
            if key in body:
                taint[name] = [_spec(item) for item in body[key]]
    except _UnknownError:
        return body
    other_keys = {
        key: value for key, value in body.items() if key not in _TAINT and key != "mode"
    }
    return {**other_keys, "taint": taint}


def _names_expression(node: object) -> bool:
    if isinstance(node, list):
        return any(map(_names_expression, node))
    if not isinstance(node, dict):
        return False
    parts = node.get("patterns")
    if isinstance(parts, list) and _named(parts) is not None:
        return True
    return any(map(_names_expression, node.values()))


def _named(parts: list[Any]) -> tuple[dict[str, Any], str] | None:
    """Return the formula of a conjunction that a lone metavariable names, and the name.

    None unless there is exactly one of each.
    """
    metavariables = []
    formulas = []
    for part in parts:
        if not isinstance(part, dict):
            continue
        pattern = str(part.get("pattern", ""))
        if _METAVARIABLE.fullmatch(pattern):
            metavariables.append(pattern)
        elif _is_positive(part):
            formulas.append(part)
    if len(metavariables) == 1 and len(formulas) == 1:
        return formulas[0], metavariables[0]
    return None


def _is_positive(part: dict[str, Any]) -> bool:
    """Whether a formula matches code itself, and does not only restrict its context."""
    either = part.get("pattern-either")
    if isinstance(either, list):
        return all(isinstance(item, dict) and _is_positive(item) for item in either)
    parts = part.get("patterns")
    if isinstance(parts, list):
        return any(isinstance(item, dict) and _is_positive(item) for item in parts)
    return "pattern" in part


def _spec(item: Any) -> dict[str, Any]:
    """Translate a source, sink, sanitizer or propagator: a formula with flags."""
    if not isinstance(item, dict):
        raise _UnknownError
    flags = {key: value for key, value in item.items() if key in _FLAGS}
    formula = {key: value for key, value in item.items() if key not in _FLAGS}
    return {**_formula(formula), **flags}


def _formula(item: dict[str, Any]) -> dict[str, Any]:
    if len(item) != 1:
        raise _UnknownError
    ((key, value),) = item.items()
    if key in _PLAIN:
        return {_PLAIN[key]: _inner(value)}
    if key in _NEGATIVE:
        return {"not": {_NEGATIVE[key]: _inner(value)}}
    if key == "pattern-either":
        return {"any": [_formula(part) for part in value]}
    if key == "patterns":
        return _conjunction(value)
    raise _UnknownError


def _inner(value: Any) -> Any:
    """Translate what stands under a key for one pattern, which can be a formula."""
    return _formula(value) if isinstance(value, dict) else value


def _conjunction(parts: list[dict[str, Any]]) -> dict[str, Any]:
    formula, name = _named(parts) or (None, "")
    formulas: list[dict[str, Any]] = []
    conditions: list[dict[str, Any]] = []
    for part in parts:
        if formula is not None:
            if part == {"pattern": name}:
                continue
            if part is formula:
                formulas.append({**_formula(part), "as": name})
                continue
        condition = _condition(part)
        if condition:
            conditions.append(condition)
        else:
            formulas.append(_formula(part))
    if not conditions:
        return {"all": formulas}
    return {"all": formulas, "where": conditions}


def _condition(part: dict[str, Any]) -> dict[str, Any] | None:
    ((key, value),) = part.items()
    if key == "focus-metavariable":
        return {"focus": value}
    if key == "metavariable-regex":
        return {"metavariable": value["metavariable"], "regex": value["regex"]}
    return None
