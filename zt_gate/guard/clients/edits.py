"""Works out what an edit would make of a file.

Where the tool's own rule is not certain (a text that is not found as it is), the whole is
not known, and the new text alone is judged.
"""

from __future__ import annotations

import json

from zt_gate.guard.action import WriteFile
from zt_gate.guard.clients import hook_event
from zt_gate.guard.clients.hook_event import Unread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_EDIT_FIELDS = ("old_string", "new_string", "replace_all")
_MOST_EDITS = 1000


def edit(arguments: Mapping[str, Any], cwd: str) -> WriteFile:
    """Return the write of one replacement (``old_string``, ``new_string``)."""
    hook_event.only(arguments, ("file_path", *_EDIT_FIELDS))
    path = hook_event.text(arguments, "file_path")
    step = {key: arguments[key] for key in _EDIT_FIELDS if key in arguments}
    return _edited(path, cwd, [step])


def multi_edit(arguments: Mapping[str, Any], cwd: str) -> WriteFile:
    """Return the write of several replacements, one after the other."""
    hook_event.only(arguments, ("file_path", "edits"))
    path = hook_event.text(arguments, "file_path")
    steps = arguments.get("edits")
    if not isinstance(steps, list) or len(steps) > _MOST_EDITS:
        raise Unread("its edits are no list, or too many")
    for step in steps:
        if not isinstance(step, dict):
            raise Unread("one of its edits is no table")
        hook_event.only(step, _EDIT_FIELDS)
    return _edited(path, cwd, steps)


def _edited(path: str, cwd: str, steps: Sequence[Mapping[str, Any]]) -> WriteFile:
    replacements = []
    for step in steps:
        old = hook_event.text(step, "old_string").encode()
        new = hook_event.text(step, "new_string").encode()
        count = -1 if hook_event.flag(step, "replace_all") else 1
        replacements.append((old, new, count))
    fragment = b"\n".join(new for _, new, _ in replacements)
    content = hook_event.file_content(path, cwd)
    if content is None and replacements and replacements[0][0] == b"":
        content = b""  # an edit of nothing makes the file
    for old, new, count in replacements:
        content = None if content is None else _replaced(content, old, new, count)
    return WriteFile(path, cwd, content, fragment)


def _replaced(content: bytes, old: bytes, new: bytes, count: int) -> bytes | None:
    """Return the content with ``count`` replacements, all for -1; None if there is none."""
    if not old:
        return None if content else new
    if old not in content and b"\r\n" in content:
        # The tool compares with plain line ends, and writes the file's own.
        plain = _replaced(content.replace(b"\r\n", b"\n"), old, new, count)
        return None if plain is None else plain.replace(b"\n", b"\r\n")
    if old not in content:
        return None
    return content.replace(old, new, count)


def notebook_edit(arguments: Mapping[str, Any], cwd: str) -> WriteFile:
    """Return the write of one cell of a notebook.

    The notebook's text is the tool's own affair: the content here has the same cells, as
    JSON with an indentation of one blank.
    """
    hook_event.only(
        arguments, ("notebook_path", "cell_id", "new_source", "cell_type", "edit_mode")
    )
    path = hook_event.text(arguments, "notebook_path")
    source = hook_event.optional_text(arguments, "new_source")
    mode = hook_event.optional_text(arguments, "edit_mode") or "replace"
    if mode not in {"replace", "insert", "delete"}:
        raise Unread("its edit_mode is not known")
    kind = hook_event.optional_text(arguments, "cell_type")
    cell_id = hook_event.optional_text(arguments, "cell_id")
    content = _notebook(hook_event.file_content(path, cwd), cell_id, source, mode, kind)
    return WriteFile(path, cwd, content, source.encode())


def _notebook(
    data: bytes | None, cell_id: str, source: str, mode: str, kind: str
) -> bytes | None:
    try:
        notebook = json.loads(data or b"")
        cells = notebook["cells"]
        names = [str(cell.get("id", "")) for cell in cells]
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return None
    place = _cell(names, cell_id)
    if place is None:
        return None
    if mode == "insert":
        cell = {"cell_type": kind or "code", "metadata": {}, "source": source}
        cells.insert(place + 1 if cell_id else 0, cell)
    elif mode == "delete":
        del cells[place]
    elif place < len(cells):
        cells[place]["source"] = source
        cells[place]["cell_type"] = kind or cells[place].get("cell_type", "code")
    else:
        return None
    return json.dumps(notebook, indent=1, ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


def _cell(names: Sequence[str], cell_id: str) -> int | None:
    """Return the place of a cell: by its id, or ``cell-3`` by number."""
    if not cell_id:
        return 0
    if cell_id in names:
        return names.index(cell_id)
    prefix, _, number = cell_id.rpartition("-")
    if prefix == "cell" and number.isascii() and number.isdigit() and len(number) < 7:
        return int(number) if int(number) < len(names) else None
    return None
