r"""The change that a rule suggests for what it matched: mechanical, or none.

A rule's ``fix`` is a list of ``{find, put}``: a regular expression that is
looked for in the matched code, and what stands in its place (``\1`` is the
first group).  The suggestion is made where the whole match was added and every
expression that occurs there occurs once: of two places, one may be a text or a
comment that only speaks of the call.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.model.rule import Rule

#: Characters of a match that a suggestion is made for; longer ones are not read by eye.
LIMIT = 2000


def fix_of(rule: Rule, matched: str) -> str | None:
    """Return what to put in the place of the matched code, None where nothing is sure."""
    steps = rule.data.get("fix") or ()
    if not isinstance(steps, list) or len(matched) > LIMIT:
        return None
    text = matched
    for step in steps:
        found = list(re.finditer(step["find"], text))
        if len(found) > 1:
            return None
        for one in found:
            text = text[: one.start()] + one.expand(step["put"]) + text[one.end() :]
    return text if text != matched else None


def steps_of_semgrep(body: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the steps of a rule in semgrep's own format: its ``fix-regex``, or a plain ``fix``.

    A ``fix`` with metavariables is left out: their text is not kept.
    """
    whole, part = body.get("fix"), body.get("fix-regex")
    if isinstance(whole, str) and whole and "$" not in whole:
        return [{"find": r"(?s)\A.*\Z", "put": whole.replace("\\", "\\\\")}]
    if not isinstance(part, dict):
        return []
    step = {"find": str(part.get("regex", "")), "put": str(part.get("replacement", ""))}
    return [step] if _is_sound(step) else []


def _is_sound(step: Mapping[str, str]) -> bool:
    """Whether the expression is one of Python's, and its replacement names groups that it has."""
    try:
        pattern = re.compile(step["find"])
        named = [int(number) for number in re.findall(r"\\(\d+)", step["put"])]
    except re.error:
        return False
    plain = re.sub(r"\\\d+", "", step["put"])
    return (
        bool(step["find"])
        and "\\" not in plain
        and max(named, default=0) <= pattern.groups
    )
