"""The inputs of the action: which value of one is at least as strict as another.

A change must not loosen the inputs of the job that judges it.  A value is text as it
stands under ``with:``, or "" where the input is missing.  A value with an expression
(``${{ … }}``) is known only at run time, so it is never stricter than another text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Strictness of the inputs that have an order, from the loosest value on.
_ORDERS: Mapping[str, tuple[str, ...]] = {
    "profile": ("advisory", "standard", "strict"),
    "require-human-approval": ("false", "true", "always"),
    # A registry that is not asked answers nothing about a package.
    "offline": ("true", "false"),
    # A report that is published cannot hide anything.
    "sarif": ("false", "true"),
    "comment": ("false", "true"),
}
#: What a missing input means.  A missing ``profile`` is that of the policy.
_DEFAULTS: Mapping[str, str] = {
    "require-human-approval": "false",
    "offline": "false",
    "sarif": "false",
    "comment": "true",
    "fail-on": "block",
}
#: The strictest value: it counts where the base's value cannot be known.
STRICTEST: Mapping[str, str] = {
    "profile": "strict",
    "fail-on": "info",
    "require-human-approval": "always",
    "offline": "false",
    "sarif": "false",
    "comment": "true",
}
#: The inputs of the gate that decide about the verdict.
NAMES = frozenset(
    (*STRICTEST, "labels", "accept", "task", "config", "approved-head")
) - {"offline", "comment", "sarif"}
_SEVERITIES = ("critical", "high", "medium", "low")
_STRICTEST_LEVELS = ("info", "warn")
_SEPARATORS = {"labels": ",\n\r", "accept": ", \t\n\r"}


def has_expression(value: str) -> bool:
    """Return whether GitHub replaces a part of the value at run time."""
    return "${{" in value


def entries(name: str, value: str) -> tuple[str, ...]:
    """Return the entries of an input that is a list."""
    parts = re.split(f"[{_SEPARATORS[name]}]", value)
    return tuple(part.strip() for part in parts if part.strip())


def normal(name: str, value: str) -> str:
    """Return a value in the form in which equal ones are the same text."""
    value = value.strip()
    if has_expression(value):
        return value
    if name in _SEPARATORS:
        return "\n".join(sorted(set(entries(name, value))))
    if name in _ORDERS or name == "fail-on":
        value = value.lower()
    return value or _DEFAULTS.get(name, "")


def is_at_least(name: str, base: str, value: str) -> bool:
    """Return whether ``value`` is equal to ``base`` or stricter, for the input ``name``."""
    old, new = normal(name, base), normal(name, value)
    if old == new:
        return True
    if has_expression(old) or has_expression(new):
        return False
    if name == "fail-on":
        return _is_stricter_threshold(old, new)
    if name == "labels":
        return set(entries(name, old)) <= set(entries(name, new))
    if name == "accept":
        return set(entries(name, new)) <= set(entries(name, old))
    if name == "task":
        return not old
    if name == "profile" and new == "strict":
        return True
    order = _ORDERS.get(name, ())
    return old in order and new in order and order.index(old) < order.index(new)


def _is_stricter_threshold(old: str, new: str) -> bool:
    """Compare two values of ``fail-on``: levels and severities have no common order."""
    if old == "info":
        return False
    if new in _STRICTEST_LEVELS:
        return True
    if old in _SEVERITIES and new in _SEVERITIES:
        return _SEVERITIES.index(old) < _SEVERITIES.index(new)
    return False


def strictest(name: str, base: str, value: str) -> str:
    """Return the value that counts where the base has ``base`` and the run ``value``."""
    if name == "labels":
        both = (*entries(name, base), *entries(name, value))
        return "\n".join(dict.fromkeys(both))
    if name == "accept":
        allowed = set(entries(name, base))
        return "\n".join(part for part in entries(name, value) if part in allowed)
    return value if is_at_least(name, base, value) else base
