"""Rules in semgrep's newer syntax, in which a formula can give its match a name.

The tables hold a whole expression against a regular expression.  In the older
syntax that takes a second pattern, a metavariable alone, which matches every
expression of the file, and an intersection of all with all; ``as`` says the
same for a fraction of the time.  Rules that do not need it stay as they are,
and so does everything that is not known here.
"""

from __future__ import annotations

import re
from typing import Any

_ALONE = re.compile(r"\$[A-Z_][A-Z0-9_]*")
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
    """Something that is not translated here."""


def to_newer_syntax(body: dict[str, Any]) -> dict[str, Any]:
    """Return a taint rule that names whole expressions in the newer syntax, any other as it is."""
    if body.get("mode") != "taint" or not _names_a_whole(body):
        return body
    rest = {
        key: value for key, value in body.items() if key not in _TAINT and key != "mode"
    }
    try:
        taint = {
            name: [_spec(item) for item in body[key]]
            for key, name in _TAINT.items()
            if key in body
        }
    except _UnknownError:
        return body
    return {**rest, "taint": taint}


def _names_a_whole(node: object) -> bool:
    if isinstance(node, list):
        return any(map(_names_a_whole, node))
    if not isinstance(node, dict):
        return False
    parts = node.get("patterns")
    return (isinstance(parts, list) and _named(parts) is not None) or any(
        map(_names_a_whole, node.values())
    )


def _named(parts: list[Any]) -> tuple[dict[str, Any], str] | None:
    """Return the one formula of a conjunction that a lone metavariable names, and that name."""
    alone = [
        part for part in parts
        if isinstance(part, dict) and _ALONE.fullmatch(str(part.get("pattern", "")))
    ]  # fmt: skip
    others = [
        part for part in parts
        if isinstance(part, dict) and part not in alone and _is_positive(part)
    ]  # fmt: skip
    if len(alone) == 1 and len(others) == 1:
        return others[0], str(alone[0]["pattern"])
    return None


def _is_positive(part: dict[str, Any]) -> bool:
    """Whether a formula matches something itself, and not only what is around it."""
    either = part.get("pattern-either")
    if isinstance(either, list):
        return all(isinstance(one, dict) and _is_positive(one) for one in either)
    return "pattern" in part or "patterns" in part


def _spec(item: Any) -> dict[str, Any]:
    """Return a source, sink, sanitizer or propagator: a formula with its flags beside it."""
    if not isinstance(item, dict):
        raise _UnknownError
    flags = {key: value for key, value in item.items() if key in _FLAGS}
    return {**_formula({k: v for k, v in item.items() if k not in _FLAGS}), **flags}


def _formula(item: dict[str, Any]) -> dict[str, Any]:
    if len(item) != 1:
        raise _UnknownError
    ((key, value),) = item.items()
    if key in _PLAIN:
        return {_PLAIN[key]: value}
    if key in _NEGATIVE:
        return {"not": {_NEGATIVE[key]: value}}
    if key == "pattern-either":
        return {"any": [_formula(part) for part in value]}
    if key == "patterns":
        return _conjunction(value)
    raise _UnknownError


def _conjunction(parts: list[dict[str, Any]]) -> dict[str, Any]:
    named = _named(parts)
    formulas, where = [], []
    for part in parts:
        if named is not None and part == {"pattern": named[1]}:
            continue
        if named is not None and part is named[0]:
            formulas.append({**_formula(part), "as": named[1]})
        elif condition := _condition(part):
            where.append(condition)
        else:
            formulas.append(_formula(part))
    return {"all": formulas, **({"where": where} if where else {})}


def _condition(part: dict[str, Any]) -> dict[str, Any] | None:
    ((key, value),) = part.items()
    if key == "focus-metavariable":
        return {"focus": value}
    if key == "metavariable-regex":
        return {"metavariable": value["metavariable"], "regex": value["regex"]}
    return None
