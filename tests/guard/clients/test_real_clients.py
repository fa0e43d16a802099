"""The real clients with scripted models: what they do equals the committed table.

They run where their pinned versions are installed (``ZT_GATE_CLIENTS`` names the folder of
their programs; .ci/run installs them).  What needs an /etc of its own runs where bubblewrap
may make one.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zt_gate.drill.clients import run
from zt_gate.drill.clients.attack_cases import of_client
from zt_gate.drill.clients.driver import VERSIONS, ClientMissingError, shell_call
from zt_gate.drill.clients.honest import turns
from zt_gate.drill.clients.model_server import ScriptedModel, ToolCall
from zt_gate.guard.capabilities import as_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can enter: the managed program is started as one of them."""
    with tempfile.TemporaryDirectory(prefix="zt-gate-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.parametrize("section", run.SECTIONS)
@pytest.mark.parametrize("client", list(VERSIONS))
def test_a_real_client_does_what_the_table_says(
    client: str, section: str, open_folder: Path
) -> None:
    try:
        cells = list(run.cells(client, open_folder, os.environ, (section,)))
    except ClientMissingError as error:
        pytest.skip(str(error))
    wrong = [
        f"{cell.row} ({cell.column}): {cell.got!r} instead of {cell.expected!r}"
        for cell in cells
        if not cell.passed
    ]
    assert wrong == []
    skipped = {cell.skipped for cell in cells if cell.skipped}
    if skipped and all(cell.skipped for cell in cells):
        pytest.skip("; ".join(skipped))


def test_the_table_has_every_cell_and_nothing_else() -> None:
    table = run.expectations()
    wanted = {
        (one.section, one.row, one.column)
        for client in VERSIONS
        for one in run.tries(client)
    }
    found = {
        (section, row, column)
        for section in run.SECTIONS
        for row, cells in table[section].items()
        for column in cells
    }
    assert found == wanted
    assert table["clients"] == VERSIONS


def test_no_attack_of_the_table_passed_and_the_honest_task_was_not_denied() -> None:
    table = run.expectations()
    results = {result for row in table["attacks"].values() for result in row.values()}
    assert results <= {"denied", "replaced", "warned"}
    assert set(table["honest"]["denials in fifty calls"].values()) == {0}


def test_the_page_is_made_from_the_table() -> None:
    page = (ROOT / "docs" / "guard-capabilities.md").read_text()
    assert page == as_page(run.expectations()), (
        "run: zt-gate guard capabilities --page > docs/guard-capabilities.md"
    )


@pytest.mark.parametrize("client", list(VERSIONS))
def test_an_honest_task_has_fifty_calls(client: str) -> None:
    assert [isinstance(turn, tuple) for turn in turns(client)] == [*[True] * 50, False]
    assert len(of_client(client)) > 20


def lines(body: bytes) -> Sequence[str]:
    return [line for line in body.decode().splitlines() if line.startswith("data: ")]


def test_the_scripted_model_speaks_both_interfaces() -> None:
    calls = (
        shell_call("claude-code", "ls"),
        ToolCall("apply_patch", "*** Begin Patch"),
    )
    model = ScriptedModel([calls, "end"])
    first = [
        json.loads(line[6:])
        for line in lines(model.answer("/v1/messages", {"tools": [1]}))
    ]
    assert first[1]["content_block"]["name"] == "Bash"
    assert first[-2]["delta"]["stop_reason"] == "tool_use"
    title = model.answer("/v1/messages", {})
    assert b"a title" in title  # a question beside the script takes no turn
    second = [json.loads(line[6:]) for line in lines(model.answer("/v1/responses", {}))]
    assert second[1]["item"]["content"][0]["text"] == "end"
    assert len(model.requests) == 3
