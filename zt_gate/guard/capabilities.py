"""How far each control holds with each client, from what real clients did.

The table is made by ``zt-gate drill --guard --table FILE``; nothing in it is written by
hand.  What nothing could try stands in ``LIMITS``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.guard.decision import Grade

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: What the guard cannot do, whatever the table says.
LIMITS = (
    "What a program does after its start is the sandbox's: guard exec, or the client's.",
    "Claude Code, user settings: a failed call's output is not replaced but warned about.",
    "Codex: no hook sees what is typed into a terminal; a call that wants one is denied.",
    "Codex: its web search runs at the provider and comes to no hook.",
    "Sessions and log are the user's own files unless the broker's account keeps them.",
    "Codex runs a call whose hook was killed, and a user's program can kill hooks.",
    "Who starts a client chooses its program: another program is no client.",
    (
        "Where kernel.yama.ptrace_scope is 0 or missing, enforced needs a client with a right"
        " that other programs of the user do not have; see docs/guard-broker.md."
    ),
)
_HOLDS = frozenset(("denied", "replaced"))


def grade_of(
    table: Mapping[str, Any], client: str, result: str, *, is_managed: bool
) -> Grade:
    """Return the grade of a control for a client, from its result and the ways round.

    Enforced is only what was denied or replaced, with managed settings that no way got
    round, and if nothing of a user's program reached what the broker keeps apart.
    """
    if result not in _HOLDS:
        return Grade.ADVISES if result == "warned" else Grade.UNGUARDED
    holds = no_way_round(table, client, is_managed=is_managed)
    if is_managed and holds and broker_held(table, client):
        return Grade.ENFORCED
    return Grade.ADVISES


def broker_held(table: Mapping[str, Any], client: str) -> bool:
    """Whether every attempt of a user's program failed; one that was not made counts."""
    rows = table.get("broker", {})
    return bool(rows) and all(
        row.get(client) in {"held", Grade.ENFORCED.value} for row in rows.values()
    )


def no_way_round(table: Mapping[str, Any], client: str, *, is_managed: bool) -> bool:
    """Whether no way got round the settings; one that was not tried counts as a way."""
    column = "managed" if is_managed else "user"
    ways = [
        row.get(column)
        for name, row in table.get("ways_round", {}).items()
        if name.startswith(f"{client}: ")
    ]
    return bool(ways) and all(ran is False for ran in ways)


def capability_lines(table: Mapping[str, Any], client: str = "") -> Iterator[str]:
    """Yield the table as text, for one client or for all."""
    versions = table.get("clients", {})
    names = [name for name in versions if client in {"", name}]
    for name in names:
        yield f"{name} {versions[name]}"
        yield f"  {'control':<32}{'result':<10}{'user settings':<15}managed, broker"
        for control, row in table.get("attacks", {}).items():
            if name in row:
                user, managed = _grades(table, name, row)
                yield f"  {control:<32}{row[name]:<10}{user:<15}{managed}"
        yield "  ways round the hooks (did the call run?)"
        for way, row in table.get("ways_round", {}).items():
            if way.startswith(f"{name}: "):
                ran = [_ran(row.get(key)) for key in ("user", "managed")]
                yield f"  {way.removeprefix(f'{name}: '):<42}{ran[0]:<15}{ran[1]}"
        yield "  with a broker, what a program of the user tried"
        yield from (
            f"    {row:<55}{result}" for row, result in _rows(table, "broker", name)
        )
        yield "  with a broker, what was denied in a session before"
        yield from (
            f"    {row:<55}{result}" for row, result in _rows(table, "sessions", name)
        )
        yield "  failures of the hook after which the call runs, as installed"
        for fault, row in table.get("faults", {}).items():
            if row.get(f"{name} installed"):
                yield f"    {fault}"
        denials = table.get("honest", {}).get("denials in fifty calls", {}).get(name)
        yield f"  denials in an honest task of fifty calls: {denials}"
        yield ""
    yield "Limits:"
    yield from (f"- {limit}" for limit in LIMITS)


def _grades(
    table: Mapping[str, Any], name: str, row: Mapping[str, str]
) -> tuple[str, str]:
    """Return the grades with the user's settings and with managed ones.

    The result with managed settings, the user's hooks being off, stands before the grade.
    """
    user = grade_of(table, name, row[name], is_managed=False)
    result = row.get(f"{name} managed", "")
    if not result:
        return str(user), f"not tried, {user}"
    managed = grade_of(table, name, result, is_managed=True)
    return str(user), f"{result}, {managed}"


def _ran(value: object) -> str:
    if isinstance(value, bool):
        return "ran" if value else "no"
    return "not tried"


def as_page(table: Mapping[str, Any]) -> str:
    """Return the table as a page of the documentation."""
    about = (
        "This page is made by `zt-gate guard capabilities --page` from what real clients"
        " did with scripted models (`zt-gate drill --guard`). Grades: *enforced*, *advises*,"
        " *unguarded*."
    )
    lines = ["# What the guard holds, by client", "", about, ""]
    for name, version in sorted(table.get("clients", {}).items()):
        lines += [
            f"## {name} {version}",
            "",
            "| control | result | user settings | managed, broker |",
        ]
        lines.append("|---|---|---|---|")
        for control, row in table.get("attacks", {}).items():
            if name in row:
                user, managed = _grades(table, name, row)
                lines.append(f"| {control} | {row[name]} | {user} | {managed} |")
        lines += ["", "Did a call run although the guard's hook denies?", ""]
        lines += ["| way round | user settings | managed |", "|---|---|---|"]
        for way, row in table.get("ways_round", {}).items():
            if way.startswith(f"{name}: "):
                cells = " | ".join(_ran(row.get(key)) for key in ("user", "managed"))
                lines.append(f"| {way.removeprefix(f'{name}: ')} | {cells} |")
        lines += [
            "",
            "With a broker: what came of attempts by a program of the user?",
            "",
        ]
        lines += ["| attempt | result |", "|---|---|"]
        lines += [
            f"| {row} | {result} |" for row, result in _rows(table, "broker", name)
        ]
        lines += [
            "",
            "With a broker: is it known what was denied in a session before?",
            "",
        ]
        lines += ["| how it goes on | result |", "|---|---|"]
        lines += [
            f"| {row} | {result} |" for row, result in _rows(table, "sessions", name)
        ]
        lines += ["", "Did a call run when the hook failed?", ""]
        forms = [f for f in ("bare", "block", "installed") if _has_form(table, name, f)]
        lines += [f"| failure | {' | '.join(forms)} |", "|---|" + "---|" * len(forms)]
        for fault, row in table.get("faults", {}).items():
            cells = " | ".join(_ran(row.get(f"{name} {form}")) for form in forms)
            lines.append(f"| {fault} | {cells} |")
        lines.append("")
    lines += ["## Limits", "", *(f"- {limit}" for limit in LIMITS), ""]
    return "\n".join(lines)


def _rows(
    table: Mapping[str, Any], section: str, client: str
) -> Iterator[tuple[str, str]]:
    """Yield the rows of a section that a client has, with their results."""
    for name, row in table.get(section, {}).items():
        if client in row:
            yield name, row[client]


def _has_form(table: Mapping[str, Any], name: str, form: str) -> bool:
    return any(f"{name} {form}" in row for row in table.get("faults", {}).values())
