"""Notebooks: ``!pip``, ``%pip`` and imports in the code cells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import commands, python
from zt_gate.ecosystems.manifests.base import Dependency, json_object
from zt_gate.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Place
    from zt_gate.syntax.document import Document

_LIMIT = 10 * 1024 * 1024
_SHELL = lazy_re.compile(
    r"[ \t]*(?:[!%]{1,2}(?:time[ \t]+|capture[ \t]+|sx[ \t]+|bash[ \t]*|sh[ \t]*)?[ \t]*)"
)
_SHELL_CELL = ("%%bash", "%%sh", "%%script", "%%!")
_STRING = lazy_re.compile(r'"(?:[^"\\]++|\\.)*+"')


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the code cells; each entry has the place of its source line."""
    document = json_object(data, _LIMIT, "not_applicable")
    places = _line_places(document)
    dependencies: list[Dependency] = []
    for lines in _code_cells(document.value):
        dependencies += _cell(lines, places)
    return tuple(dependencies)


def _line_places(document: Document) -> dict[str, list[Place]]:
    """Return the places of the source lines by their content, in file order."""
    wanted = {line for lines in _code_cells(document.value) for line in lines}
    places: dict[str, list[Place]] = {}
    # A search for strings instead of a walk over the JSON: outputs can be megabytes.
    for match in _STRING.finditer(document.text.content):
        literal = match[0]
        value = json.loads(literal) if "\\" in literal else literal[1:-1]
        if value in wanted:
            places.setdefault(value, []).append(document.text.place(*match.span()))
    return places


def _code_cells(document: dict[str, object]) -> Iterator[list[str]]:
    """Yield the source lines of each code cell, for every version of the format."""
    cells = document.get("cells")
    worksheets = document.get("worksheets")
    if isinstance(worksheets, list):  # notebooks of version 3
        cells = []
        for worksheet in worksheets:
            if isinstance(worksheet, dict):
                cells += worksheet.get("cells") or ()
    for cell in cells if isinstance(cells, list) else ():
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", cell.get("input", []))
        lines = [source] if isinstance(source, str) else source
        if isinstance(lines, list) and all(isinstance(line, str) for line in lines):
            yield lines


def _cell(lines: list[str], places: dict[str, list[Place]]) -> Iterator[Dependency]:
    # One string of the file may hold several lines of code.
    code_places: list[Place] = []
    for line in lines:
        line_count = line.count("\n") + (0 if line.endswith("\n") else 1)
        code_places += [_next_place(line, places)] * line_count
    code = "".join(lines).split("\n")
    is_shell_cell = code[0].startswith(_SHELL_CELL)
    python_lines: list[str] = []
    for number, line in enumerate(code):
        magic = _SHELL.match(line)
        is_shell = magic is not None or is_shell_cell
        python_lines.append("" if is_shell else line)
        if is_shell and number < len(code_places):
            command = line[magic.end() :] if magic else line
            yield from commands.in_string(command, code_places[number])
    for dependency in python.source_entries("\n".join(python_lines)):
        number = dependency.line - 1
        place = code_places[number] if number < len(code_places) else (1, 1, 1)
        yield replace(dependency, line=place[0], column=place[1], end_column=place[2])


def _next_place(line: str, places: dict[str, list[Place]]) -> Place:
    """Return the next place of a source line; equal lines are in file order."""
    line_places = places.get(line)
    if not line_places:
        return (1, 1, 1)
    return line_places.pop(0) if len(line_places) > 1 else line_places[0]
