"""Notes about releases that could not be compared with the package's earlier ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named
from zt_gate.model.report import NotInspected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.scanners.dependencies.assessment import PackageFacts
    from zt_gate.scanners.dependencies.manifest_difference import Addition
    from zt_gate.scanners.dependencies.package_checks import PackageChecks

_MOST_NAMES_SHOWN = 5


def unknown_histories(
    additions: Sequence[Addition],
    package_facts: Sequence[PackageFacts],
    checks: PackageChecks,
) -> list[NotInspected]:
    """Return one note for each reason of each registry; a registry may lack a fact."""
    names: dict[tuple[str, str], list[str]] = {}
    for addition, facts in zip(additions, package_facts, strict=True):
        reason = checks.unknown_history(facts)
        if reason:
            entry = addition.dependency
            names.setdefault((entry.ecosystem, reason), []).append(entry.name)
    return [
        NotInspected(
            None,
            "not_applicable",
            f"{_shortened(group)}: not all facts about the releases were compared with"
            f" those before, because {ecosystem_named(ecosystem).registry_title} {reason}",
        )
        for (ecosystem, reason), group in names.items()
    ]


def _shortened(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES_SHOWN])
    more = len(names) - _MOST_NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
