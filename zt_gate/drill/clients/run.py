"""Runs everything with the real clients, and compares it with the committed table.

The table is ``rules/guard/capabilities.json``; ``zt-gate guard capabilities`` shows it.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from zt_gate.drill.clients import (
    attack_cases,
    attacks,
    broker_cases,
    faults,
    honest,
    session_cases,
    ways_round,
)
from zt_gate.drill.clients.broker_machine import require_machine
from zt_gate.drill.clients.driver import (
    VERSIONS,
    ClientMissingError,
    ClientStand,
    program_of,
    require_namespaces,
)
from zt_gate.errors import GateError
from zt_gate.guard.broker.process_reach import restricted
from zt_gate.guard.data import load
from zt_gate.guard.decision import Grade
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

TABLE = "capabilities.json"
#: Attacks on what a managed guard does not have: all others are also tried with managed
#: settings, the user's hooks being switched off.
_USER_FILES = frozenset(
    (
        "own settings by sed",
        "own settings by rm",
        "guard uninstall",
        "state of the guard",
    )
)
#: Sections of the table in their order.
SECTIONS = ("faults", "ways_round", "attacks", "honest", "broker", "sessions")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the table: what was expected, and what came of it.

    ``skipped`` says why nothing was tried, "" if it was.
    """

    section: str
    row: str
    column: str
    expected: Any
    got: Any = None
    skipped: str = ""

    @property
    def passed(self) -> bool:
        """Whether it is as expected, or was not tried."""
        return bool(self.skipped) or self.got == self.expected


@dataclass(frozen=True, slots=True)
class Try:
    """One thing that is tried: where its place in the table, and how it is played."""

    section: str
    row: str
    column: str
    play: Callable[[ClientStand], Any]
    needs_namespace: bool = True
    needs_root: bool = False
    needs_machine: bool = False


def expectations() -> dict[str, Any]:
    """Return the committed table."""
    return load(TABLE)


def cells(
    client: str,
    folder: Path,
    environ: Mapping[str, str],
    sections: tuple[str, ...] = SECTIONS,
) -> Iterator[Cell]:
    """Yield each cell of a client after it was tried.

    Raises ClientMissingError if the client is not installed in its pinned version.
    """
    program = program_of(client, environ)
    lacking = _lacking(require_namespaces)
    lacking_machine = _lacking(require_machine)
    table = expectations()
    for number, one in enumerate(tries(client)):
        if one.section not in sections:
            continue
        expected = table.get(one.section, {}).get(one.row, {}).get(one.column)
        cell = (one.section, one.row, one.column, expected)
        reason = lacking if one.needs_namespace else ""
        if one.needs_root and os.getuid() != 0:
            reason = reason or "a managed policy must be root's, and this is not root"
        if one.needs_machine:
            reason = reason or lacking_machine or _other_kernel(expected)
        if reason:
            yield Cell(*cell, skipped=reason)
            continue
        stand = ClientStand(client, program, folder / f"{client}-{number}")
        try:
            yield Cell(*cell, one.play(stand))
        except GateError as error:
            yield Cell(*cell, f"could not be tried: {error}")


def _other_kernel(expected: object) -> str:
    """Return why this machine may hold what the table's machine did not."""
    is_held = expected in {
        None,
        broker_cases.HELD,
        session_cases.KEPT,
        Grade.ENFORCED.value,
    }
    if is_held or not restricted():
        return ""
    return "kernel.yama.ptrace_scope is set, and the table was made without it"


def _lacking(require: Callable[[], None]) -> str:
    try:
        require()
    except ClientMissingError as error:
        return str(error)
    return ""


def tries(client: str) -> Iterator[Try]:
    """Yield all that is tried with a client."""
    for fault in faults.FAULTS:
        for form in faults.FORMS[client]:
            yield Try(
                "faults",
                fault.name,
                f"{client} {form}",
                _fault(fault, form),
                needs_namespace=False,
            )
    for way in ways_round.WAYS:
        if way.client == client:
            row = f"{client}: {way.name}"
            plain = _way(way, is_managed=False)
            yield Try("ways_round", row, "user", plain, needs_namespace=False)
            yield Try("ways_round", row, "managed", _way(way, is_managed=True))
    for case in attack_cases.of_client(client):
        yield Try("attacks", case.name, client, _attack(case))
        if case.name not in _USER_FILES:
            play = _attack(case, is_managed=True)
            yield Try("attacks", case.name, f"{client} managed", play, needs_root=True)
    yield Try("honest", "denials in fifty calls", client, _honest)
    for broker_case in broker_cases.CASES:
        yield Try(
            "broker",
            broker_case.name,
            client,
            _broker(broker_case),
            needs_namespace=False,
            needs_machine=True,
        )

    for session_case in session_cases.CASES:
        if client not in session_case.clients:
            continue
        yield Try(
            "sessions",
            session_case.name,
            client,
            _session(session_case),
            needs_namespace=False,
            needs_machine=True,
        )


def _fault(fault: faults.Fault, form: str) -> Callable[[ClientStand], bool]:
    return lambda stand: faults.ran(stand, fault, form)


def _way(
    way: ways_round.WayRound, *, is_managed: bool
) -> Callable[[ClientStand], bool]:
    return lambda stand: ways_round.ran(stand, way, is_managed=is_managed)


def _attack(
    case: attack_cases.AttackCase, *, is_managed: bool = False
) -> Callable[[ClientStand], str]:
    return lambda stand: attacks.play(stand, case, is_managed=is_managed)


def _broker(case: broker_cases.BrokerCase) -> Callable[[ClientStand], str]:
    def play(stand: ClientStand) -> str:
        return broker_cases.play(stand, case, stand.folder.parent / "shared")

    return play


def _session(case: session_cases.SessionCase) -> Callable[[ClientStand], str]:
    def play(stand: ClientStand) -> str:
        return session_cases.play(stand, case, stand.folder.parent / "shared")

    return play


def _honest(stand: ClientStand) -> int:
    return len(honest.denials(stand))


def with_cell(table: dict[str, Any], cell: Cell) -> None:
    """Put what came of a cell into a table."""
    if not cell.skipped:
        table.setdefault("clients", {}).update(VERSIONS)
        section = table.setdefault(cell.section, {})
        section.setdefault(cell.row, {})[cell.column] = cell.got


def as_text(table: Mapping[str, Any]) -> str:
    """Return a table as the committed file has it."""
    return json.dumps(table, indent=1, sort_keys=True) + "\n"
