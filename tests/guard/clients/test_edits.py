"""What an edit would make of a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.guard.clients import edits
from zt_gate.guard.clients.hook_event import Unread

if TYPE_CHECKING:
    from pathlib import Path


def edited(folder: Path, old: str, new: str, **more: Any) -> bytes | None:
    given = {"file_path": "a.txt", "old_string": old, "new_string": new, **more}
    return edits.edit(given, str(folder)).content


def test_one_place_or_every_place_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"a b a\n")
    assert edited(tmp_path, "a", "c") == b"c b a\n"
    assert edited(tmp_path, "a", "c", replace_all=True) == b"c b c\n"


def test_windows_line_ends_stay(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"a\r\nb\r\nc\r\n")
    assert edited(tmp_path, "a\nb", "x\ny") == b"x\r\ny\r\nc\r\n"


def test_an_edit_of_nothing_makes_the_file(tmp_path: Path) -> None:
    assert edited(tmp_path, "", "new") == b"new"


@pytest.mark.parametrize("old", ["not there", ""])
def test_a_text_that_is_not_found_leaves_the_new_text_alone(
    old: str, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_bytes(b"text\n")
    given = {"file_path": "a.txt", "old_string": old, "new_string": "added"}
    write = edits.edit(given, str(tmp_path))
    assert (write.content, write.fragment) == (None, b"added")


def test_a_file_that_is_none_or_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    assert edited(tmp_path, "a", "b") is None
    (tmp_path / "a.txt").rmdir()
    with (tmp_path / "a.txt").open("wb") as file:
        file.truncate(11 << 20)
    assert edited(tmp_path, "a", "b") is None


def test_several_edits_follow_each_other(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\n")
    steps = [
        {"old_string": "one", "new_string": "two"},
        {"old_string": "two", "new_string": "three"},
    ]
    write = edits.multi_edit({"file_path": "a.txt", "edits": steps}, str(tmp_path))
    assert (write.content, write.fragment) == (b"three\n", b"two\nthree")


@pytest.mark.parametrize(
    "steps", [None, "x", [7], [{"old_string": "a"}], [{"old_string": "a", "new": "b"}]]
)
def test_edits_of_another_shape_are_not_read(steps: object, tmp_path: Path) -> None:
    with pytest.raises(Unread):
        edits.multi_edit({"file_path": "a.txt", "edits": steps}, str(tmp_path))


def notebook(folder: Path, **given: Any) -> Any:
    cells = [
        {
            "cell_type": "code",
            "id": "c1",
            "source": "x=1",
            "metadata": {},
            "outputs": [],
        },
        {"cell_type": "markdown", "id": "c2", "source": "text", "metadata": {}},
    ]
    (folder / "n.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4}))
    write = edits.notebook_edit({"notebook_path": "n.ipynb", **given}, str(folder))
    if write.content is None:
        return None
    return [
        (cell["cell_type"], cell["source"])
        for cell in json.loads(write.content)["cells"]
    ]


def test_cells_are_replaced_inserted_and_deleted(tmp_path: Path) -> None:
    code, text = ("code", "x=1"), ("markdown", "text")
    new = {"new_source": "y"}
    assert notebook(tmp_path, cell_id="c1", **new) == [("code", "y"), text]
    assert notebook(tmp_path, cell_id="cell-1", **new) == [code, ("markdown", "y")]
    assert notebook(tmp_path, cell_id="c1", edit_mode="insert", **new) == [
        code,
        ("code", "y"),
        text,
    ]
    assert notebook(tmp_path, cell_id="c2", edit_mode="delete", **new) == [code]
    assert notebook(tmp_path, cell_id="c9", **new) is None


@given(st.dictionaries(st.sampled_from(
    ["notebook_path", "cell_id", "new_source", "cell_type", "edit_mode"]
), st.text() | st.none() | st.integers()))  # fmt: skip
def test_any_notebook_arguments_are_a_write_or_unread(given: dict[str, Any]) -> None:
    try:
        write = edits.notebook_edit(given, "/nowhere")
    except Unread:
        return
    assert write.content is None
