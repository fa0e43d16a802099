"""Checks of installation and enforcement, which change nothing.

The repository may be hostile: files are read with limits and without following
links, and no program from the repository is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.doctor.check import Check, DoctorContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

#: The groups of checks, which can be run separately.
AREAS = ("hooks", "ci", "health")


def examine(
    folder: Path,
    environ: Mapping[str, str],
    *,
    areas: Iterable[str] = AREAS,
    offline: bool = False,
    repository: str = "",
) -> Iterator[Check]:
    """Yield the checks of the repository around ``folder``, area by area.

    Raises GateError if there is no repository.
    """
    from zt_gate.doctor import forge_enforcement, health, local_hooks
    from zt_gate.git.run import Git

    context = DoctorContext(Git.open(folder, environ), environ, offline, repository)
    checks_of: dict[str, Callable[[DoctorContext], Iterator[Check]]] = {
        "hooks": local_hooks.checks,
        "ci": forge_enforcement.checks,
        "health": health.checks,
    }
    selected = set(areas)
    for area, checks in checks_of.items():
        if area in selected:
            yield from checks(context)
