"""Imports in a repository without a manifest: a script or a notebook says what it needs.

Nothing declares the package, and the module may lie elsewhere on somebody's machine.  So
a made-up, imitated or unused name warns, and a name that could not be checked is listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.finding import Level
from zt_gate.model.report import NotInspected
from zt_gate.record import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.scanners.dependencies.assessment import Assessment

#: The section of the package of such an import.
SECTION = "import without a manifest"
#: Rules about the name and its use; the versions that will be installed are not known.
_RULES = frozenset(
    f"dependencies/{name}"
    for name in ("missing", "similar-name", "name-confusion", "too-new", "few-downloads",
                 "withdrawn", "malware")
)  # fmt: skip
_MALWARE = "dependencies/malware"


def lowered(
    assessments: Sequence[Assessment], path: bytes
) -> tuple[list[Assessment], list[NotInspected]]:
    """Return what is reported about such an import, and the note if it was not checked."""
    reported = [
        item if item.rule == _MALWARE else replace(item, level=Level.WARN)
        for item in assessments
        if item.rule in _RULES
    ]
    notes = [
        NotInspected(
            path, "not_applicable", f"import without a manifest: {item.message}"
        )
        for item in assessments
        if item.rule == "dependencies/unverified"
    ]
    return reported, notes
