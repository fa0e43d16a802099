"""``zt-gate drill --guard``: real clients with scripted models, and the guard between."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.errors import UsageError
from zt_gate.system.temporary import private_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.drill.clients.run import Cell


def main(clients: Sequence[str], table_file: str, layers_file: str = "") -> int:
    """Try all cells of the tables; return 0 if each is as expected, else 3.

    The layers are tried where no client is named, or ``layers_file`` is.  A client that
    is not installed is said to be skipped.  Raises UsageError for a name that is no
    client.
    """
    from zt_gate.drill.clients import run
    from zt_gate.drill.clients.driver import VERSIONS, ClientMissingError
    from zt_gate.guard.places import guard_places
    from zt_gate.guard.posture import record_drill

    for name in clients:
        if name not in VERSIONS:
            raise UsageError(f"unknown client {name!a}; known: {', '.join(VERSIONS)}")
    table: dict[str, Any] = run.expectations()
    tried = 0
    with private_folder(os.environ, "zt-gate-drill") as folder:
        wrong = _without_client(Path(os.path.realpath(folder)))
        if layers_file or not clients:
            wrong += _layers(layers_file)
        for name in dict.fromkeys(clients or VERSIONS):
            try:
                for cell in run.cells(name, Path(os.path.realpath(folder)), os.environ):
                    _show(cell)
                    run.with_cell(table, cell)
                    wrong += not cell.passed
                    tried += not cell.skipped
            except ClientMissingError as error:
                print(f"skipped  {name}: {error}")
    outcome = f"{wrong} not as expected" if wrong else "all as expected"
    print(f"\n{tried} tried with clients; {outcome}")
    if table_file:
        Path(table_file).write_text(run.as_text(table), encoding="utf-8")
    if not wrong and not clients:
        record_drill(guard_places(), time.strftime("%Y-%m-%d", time.gmtime()))
    return 3 if wrong else 0


def _without_client(folder: Path) -> int:
    """Judge the cases that need no client; return how many are not as expected."""
    from zt_gate.drill import guard_cases
    from zt_gate.reports.escape import visible

    attacks = honest = wrong = 0
    for result in guard_cases.play(folder / "without-client"):
        honest += result.case.honest
        attacks += not result.case.honest
        if not result.passed:
            wrong += 1
            print(f"WRONG  {result.case.group}: {visible(result.case.command)}")
            print(f"       {visible(result.got)}")
    print(
        f"without a client: {attacks} attacks, {honest} honest commands, {wrong} wrong"
    )
    return wrong


def _layers(file: str) -> int:
    """Try hooks, sandbox and account, each alone; return how many are not as expected."""
    from zt_gate.drill.layers.play import play
    from zt_gate.guard import layer_table
    from zt_gate.guard.data import load
    from zt_gate.reports.escape import visible

    expected = load(layer_table.TABLE)
    # What cannot be tried here stays as it was.
    seen: dict[str, dict[str, bool]] = {row: dict(expected[row]) for row in expected}
    wrong = 0
    for cell in play():
        if cell.skipped:
            mark, said = "skip ", cell.skipped
        else:
            seen.setdefault(cell.row, {})[cell.layer] = cell.holds
            is_right = expected.get(cell.row, {}).get(cell.layer) is cell.holds
            wrong += not is_right
            mark = "ok   " if is_right else "WRONG"
            said = "holds" if cell.holds else "does not hold"
        print(f"{mark}  {cell.layer:<22}  {cell.row:<40}  {visible(said)}", flush=True)
    if file:
        Path(file).write_text(layer_table.as_text(seen), encoding="utf-8")
    return wrong


def _show(cell: Cell) -> None:
    from zt_gate.reports.escape import visible

    mark = "skip " if cell.skipped else "ok   " if cell.passed else "WRONG"
    got = cell.skipped or cell.got
    print(f"{mark}  {cell.column:<22}  {cell.row:<40}  {visible(str(got))}", flush=True)
    if not cell.passed:
        print(f"       expected: {visible(str(cell.expected))}")
