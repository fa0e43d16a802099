"""Hooks, sandbox and account, each alone: the table, its page, and the real tries."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from zt_gate.drill.layers.play import play
from zt_gate.drill.layers.rows import ROWS, LayerRow
from zt_gate.errors import GateError
from zt_gate.guard.data import load
from zt_gate.guard.layer_table import LAYERS, TABLE, as_page, without
from zt_gate.guard.sandbox import bubblewrap

PAGE = Path(__file__).parents[2] / "docs" / "guard-layers.md"


def test_the_page_is_the_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == as_page(load(TABLE)), (
        "run: zt-gate guard capabilities --layers > docs/guard-layers.md"
    )


def test_every_row_was_tried_with_every_layer() -> None:
    table = load(TABLE)
    assert list(table) == [row.name for row in ROWS]
    assert all(set(row) == set(LAYERS) for row in table.values())


def test_what_a_program_does_is_held_by_the_sandbox_alone_or_with_the_account() -> None:
    """What the layers are for: the hooks' blind spots are the sandbox's."""
    blind = [name for name, row in load(TABLE).items() if not row["hooks"]]
    assert len(blind) >= 8
    assert all(without(load(TABLE)[name], "hooks") for name in blind)


def test_without_a_layer_the_others_count() -> None:
    row = {"hooks": False, "sandbox": True, "account": False}
    assert [without(row, layer) for layer in LAYERS] == [True, False, True]
    assert "| x | no | yes | no | yes | no | yes |" in as_page({"x": row})
    assert "| y | yes | not tried | not tried |" in as_page({"y": {"hooks": True}})


def test_a_harm_that_does_not_happen_by_itself_shows_nothing() -> None:
    row = LayerRow("nothing", "true", lambda _stand, output: "no" in output)
    with pytest.raises(GateError, match="nothing happened without a layer"):
        list(play((row,)))


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux" or not bubblewrap.program(),
    reason="bubblewrap is not installed",
)
def test_each_layer_holds_what_the_table_says() -> None:
    table = load(TABLE)
    wrong = [
        f"{cell.row}, {cell.layer}: {cell.holds}"
        for cell in play()
        if not cell.skipped and table[cell.row][cell.layer] is not cell.holds
    ]
    assert wrong == []
