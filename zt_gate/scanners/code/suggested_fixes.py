r"""The mechanical fix that a rule suggests for the matched code.

The ``fix`` of a rule is a list of ``{find, put}``: a regular expression to find in the
matched code, and its replacement (``\1`` is the first group).  A fix is suggested only if
no expression occurs more than once: the other occurrence can be in a string or a comment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.model.rule import Rule

#: Characters of a match; for longer ones no fix is suggested, since nobody could review it.
LIMIT = 2000


def fix_of(rule: Rule, matched: str) -> str | None:
    """Return the replacement of the matched code, None if there is no safe one."""
    steps = rule.data.get("fix") or ()
    if not isinstance(steps, list) or len(matched) > LIMIT:
        return None
    text = matched
    for step in steps:
        occurrences = list(re.finditer(step["find"], text))
        if len(occurrences) > 1:
            return None
        if occurrences:
            (match,) = occurrences
            replacement = match.expand(step["put"])
            text = text[: match.start()] + replacement + text[match.end() :]
    return text if text != matched else None


def steps_of_semgrep(body: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the steps of a rule in semgrep's format: a plain ``fix``, or ``fix-regex``.

    A ``fix`` with metavariables is not supported: their text is not available.
    """
    fix = body.get("fix")
    if isinstance(fix, str) and fix and "$" not in fix:
        return [{"find": r"(?s)\A.*\Z", "put": fix.replace("\\", "\\\\")}]
    fix_regex = body.get("fix-regex")
    if not isinstance(fix_regex, dict):
        return []
    step = {
        "find": str(fix_regex.get("regex", "")),
        "put": str(fix_regex.get("replacement", "")),
    }
    return [step] if _is_valid(step) else []


def _is_valid(step: Mapping[str, str]) -> bool:
    """Whether Python accepts the expression, and the replacement uses only its groups."""
    if not step["find"]:
        return False
    try:
        pattern = re.compile(step["find"])
        groups = [int(number) for number in re.findall(r"\\(\d+)", step["put"])]
    except re.error:
        return False
    without_groups = re.sub(r"\\\d+", "", step["put"])
    if "\\" in without_groups:
        return False
    return max(groups, default=0) <= pattern.groups
