"""All cases, and what the gate makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.drill import environment as practice
from zt_gate.drill import file_cases
from zt_gate.drill.case import CaseResult, judged
from zt_gate.drill.repository_cases import SCENES
from zt_gate.drill.workspace import Box
from zt_gate.errors import GateError
from zt_gate.system.ci import without_ci_markers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from zt_gate.drill.case import Case

#: Packages that the drill's registry has.
KNOWN = frozenset({"flask", "flask-session"})


def cases(wanted: Collection[str] = ()) -> list[Case]:
    """Return all cases, or those with one of the names or groups ``wanted``."""
    found = [*file_cases.load(), *SCENES]
    names = {case.name for case in found if _fits(case, wanted)}
    if wanted:  # the changes of files are put together from these alone
        found = [*file_cases.load(names), *SCENES]
    return [case for case in found if case.name in names]


def _fits(case: Case, wanted: Collection[str]) -> bool:
    return not wanted or case.name in wanted or case.group in wanted


def play(
    chosen: Collection[Case],
    folder: Path,
    progress: Callable[[Case], None] = lambda _case: None,
) -> Iterator[CaseResult]:
    """Play the cases below ``folder``, which stays; yield their results in order.

    A case that cannot be set up is a wrong one.
    """
    with practice.registry(KNOWN) as settings:
        environ = environment(folder, settings)
        for case in chosen:
            progress(case)
            own = folder / case.name
            own.mkdir()
            try:
                said = case.play(Box(own, environ))
            except GateError as error:
                yield CaseResult(case, right=False, got=f"could not be set up: {error}")
            else:
                yield judged(case, said)


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Return what the gate gets in the drill: no CI, no home of the user's."""
    return without_ci_markers(practice.environment(folder, settings))
