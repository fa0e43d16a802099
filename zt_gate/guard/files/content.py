"""Judges the content that a tool is about to write."""

from __future__ import annotations

import re

from zt_gate.errors import GateError
from zt_gate.guard.decision import Answer, Concern
from zt_gate.guard.scan import problem_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.scan import ContentScanner

#: A mask of the gate: what was replaced is not there any more.
_MASK = re.compile(rb"[^\n]{1,4}\xe2\x80\xa6\[\d{1,6} characters\]")
_SHORT_MASK = re.compile(rb"\[\d{1,3} characters\]")
_REMOVED = b"[zt-gate removed "
_LONGEST_OLD = 8 << 20


def judge_content(
    path: str, content: bytes, scanner: ContentScanner, *, has_masked: bool = False
) -> tuple[Concern, ...]:
    """Return what speaks against giving a file this content.

    ``path`` is real and absolute.  ``has_masked`` tells whether the session has been
    given masked output.
    """
    effect = f"write {path}"
    if _has_new_mask(path, content, has_masked=has_masked):
        return (
            Concern(
                "content/mask",
                Answer.DENY,
                "The text contains a mask of zt-gate, so writing it would destroy the "
                "value that was masked.",
                "Edit only the lines around it, and leave the original line alone.",
                effect,
            ),
        )
    try:
        scanned = scanner.content(path, content)
    except GateError as error:
        return (_unknown(problem_of(error), effect),)
    concerns = []
    found = [item for item in scanned.found if item.blocks]
    for name in dict.fromkeys(item.rule.partition("/")[0] for item in found):
        items = [item for item in found if item.rule.startswith(f"{name}/")]
        part = type(scanned)(tuple(items))
        concerns.append(
            Concern(
                f"content/{name}",
                Answer.DENY,
                f"The gate would block this content: {part.summary}.",
                items[0].remedy,
                effect,
            )
        )
    if scanned.problems:
        concerns.append(_unknown("; ".join(scanned.problems[:2]), effect))
    return tuple(concerns)


def _unknown(reason: str, effect: str) -> Concern:
    return Concern(
        "content/not-scanned",
        Answer.DENY,
        f"The content could not be checked: {reason.rstrip('.')}.",
        "Try again; if it stays so, ask the person to run: zt-gate doctor",
        effect,
    )


def _has_new_mask(path: str, content: bytes, *, has_masked: bool) -> bool:
    """Whether a mask is in the content that is not in the file as it is."""
    masks = set(_MASK.findall(content))
    if has_masked:
        masks |= set(_SHORT_MASK.findall(content))
    if _REMOVED in content:
        masks.add(_REMOVED)
    if not masks:
        return False
    try:
        with open(path, "rb") as file:
            old = file.read(_LONGEST_OLD)
    except OSError:
        old = b""
    return any(mask not in old for mask in masks)
