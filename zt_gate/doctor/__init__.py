"""Is the gate enforced, and is it well?  Nothing here changes anything.

What is looked at belongs to the repository and may be hostile: files are read
with limits and without following links, and nothing of them is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.doctor.check import Check, DoctorContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

#: What can be looked at by itself.
AREAS = ("hooks", "ci", "health")


def examine(
    folder: Path,
    environ: Mapping[str, str],
    *,
    areas: Iterable[str] = AREAS,
    offline: bool = False,
    repository: str = "",
) -> Iterator[Check]:
    """Yield one check after the other, of the repository around ``folder``.

    Raises GateError where there is no repository to look at.
    """
    from zt_gate.doctor import forge_enforcement, health, local_hooks
    from zt_gate.git.run import Git

    asked = DoctorContext(Git.open(folder, environ), environ, offline, repository)
    parts: dict[str, Callable[[DoctorContext], Iterator[Check]]] = {
        "hooks": local_hooks.checks,
        "ci": forge_enforcement.checks,
        "health": health.checks,
    }
    wanted = set(areas)
    for area, part in parts.items():
        if area in wanted:
            yield from part(asked)
