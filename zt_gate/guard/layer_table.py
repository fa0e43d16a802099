"""Which layer holds what alone, and what the others still hold without it.

The table is made by ``zt-gate drill --guard --layers FILE``; the page of the
documentation by ``zt-gate guard capabilities --layers``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE = "layers.json"
LAYERS = ("hooks", "sandbox", "account")

_ABOUT = (
    "This page is made by `zt-gate guard capabilities --layers` from what `zt-gate drill"
    " --guard` saw. Each row is one harm. It was done without any layer; then each layer"
    " was there alone: the judge of the [hooks](guard.md), the [sandbox](sandbox.md), a"
    " [user account](sandbox.md#a-user-account-of-its-own-zt-gate-guard-account). The last"
    " three columns are with one of them switched off: does any other hold the row?"
)
_NOTE = (
    "A hook is not asked about input for a running terminal, and not in time where its"
    " client gives up: these rows are *no* without a try. The task is `develop` with one"
    " restricted folder and, in the sandbox, without hosts."
)


def without(row: Mapping[str, bool], layer: str) -> bool:
    """Whether a row is held although a layer is switched off."""
    return any(row.get(other, False) for other in LAYERS if other != layer)


def as_text(table: Mapping[str, Any]) -> str:
    """Return the table as the committed file has it."""
    return json.dumps(table, indent=1) + "\n"


def as_page(table: Mapping[str, Mapping[str, bool]]) -> str:
    """Return the table as a page of the documentation."""
    titles = [*LAYERS, *(f"without {layer}" for layer in LAYERS)]
    lines = [
        "# What each layer of the guard holds",
        "",
        _ABOUT,
        "",
        "| harm | " + " | ".join(titles) + " |",
        "|---|" + "---|" * len(titles),
    ]
    for name, row in table.items():
        cells = [_cell(row.get(layer)) for layer in LAYERS]
        cells += [_cell(without(row, layer)) for layer in LAYERS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [
        "",
        _NOTE,
        "",
    ]
    return "\n".join(lines)


def _cell(holds: bool | None) -> str:  # noqa: FBT001 - the value of a cell
    return "not tried" if holds is None else "yes" if holds else "no"
