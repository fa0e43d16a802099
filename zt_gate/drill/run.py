"""Selects and runs the cases of the drill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.drill import environment as throwaway
from zt_gate.drill import file_cases
from zt_gate.drill.case import CaseResult, evaluate
from zt_gate.drill.repository_cases import REPOSITORY_CASES
from zt_gate.drill.workspace import CaseWorkspace
from zt_gate.errors import GateError
from zt_gate.system.ci import without_ci_markers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from zt_gate.drill.case import Case

#: Packages that exist in the drill's registry.
EXISTING_PACKAGES = frozenset({"flask", "flask-session"})


def cases(selected: Collection[str] = ()) -> list[Case]:
    """Return the cases whose name or group is in ``selected``; all if it is empty."""
    all_cases = [*file_cases.load(), *REPOSITORY_CASES]
    if not selected:
        return all_cases
    names = {case.name for case in all_cases if {case.name, case.group} & {*selected}}
    # Load the file cases again, so that their changes contain the selected ones alone.
    all_cases = [*file_cases.load(names), *REPOSITORY_CASES]
    return [case for case in all_cases if case.name in names]


def play(
    chosen: Collection[Case],
    folder: Path,
    progress: Callable[[Case], None] = lambda _case: None,
) -> Iterator[CaseResult]:
    """Run the cases in ``folder``, which remains; yield their results in order.

    A case that cannot be set up has failed.
    """
    with throwaway.registry(EXISTING_PACKAGES) as settings:
        environ = environment(folder, settings)
        for case in chosen:
            progress(case)
            case_folder = folder / case.name
            case_folder.mkdir()
            try:
                outcome = case.play(CaseWorkspace(case_folder, environ))
            except GateError as error:
                got = f"could not be set up: {error}"
                yield CaseResult(case, passed=False, got=got)
            else:
                yield evaluate(case, outcome)


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Return zt-gate's environment in the drill, without the marks of a CI system."""
    return without_ci_markers(throwaway.environment(folder, settings))
