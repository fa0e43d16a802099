"""Notebooks: ``!pip``, ``%pip`` and imports in the code cells."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import commands, python
from zt_gate.ecosystems.manifests.base import Dependency, json_object

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 10 * 1024 * 1024
_SHELL = re.compile(
    r"[ \t]*(?:[!%]{1,2}(?:time[ \t]+|capture[ \t]+|sx[ \t]+|bash[ \t]*|sh[ \t]*)?[ \t]*)"
)
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"')


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the code cells, each line at its own place."""
    document = json_object(data, _LIMIT, "not_applicable")
    found: list[Dependency] = []
    places: dict[str, list[tuple[int, int, int]]] = {}
    wanted = {line for lines in _cells(document.value) for line in lines}
    # Only the strings, in a document that is valid JSON: the outputs can be megabytes.
    for match in _STRING.finditer(document.text.content):
        value = match[0][1:-1] if "\\" not in match[0] else json.loads(match[0])
        if value in wanted:
            places.setdefault(value, []).append(document.text.place(*match.span()))
    for lines in _cells(document.value):
        found += _cell(lines, places)
    return tuple(found)


def _cells(document: dict[str, object]) -> Iterator[list[str]]:
    cells = document.get("cells")
    worksheets = document.get("worksheets")
    if isinstance(worksheets, list):  # notebooks of version 3
        cells = [cell for sheet in worksheets if isinstance(sheet, dict)
                 for cell in sheet.get("cells") or ()]  # fmt: skip
    for cell in cells if isinstance(cells, list) else ():
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", cell.get("input", []))
        lines = [source] if isinstance(source, str) else source
        if isinstance(lines, list) and all(isinstance(line, str) for line in lines):
            yield lines


def _cell(
    lines: list[str], places: dict[str, list[tuple[int, int, int]]]
) -> Iterator[Dependency]:
    where = [_place(line, places) for line in lines]
    numbers: list[tuple[int, int, int]] = []  # the place of each line of code
    for line, place in zip(lines, where, strict=True):
        numbers += [place] * (line.count("\n") + (0 if line.endswith("\n") else 1))
    code = "".join(lines).split("\n")
    whole_shell = code[0].startswith(("%%bash", "%%sh", "%%script", "%%!"))
    plain: list[str] = []
    for number, line in enumerate(code):
        shell = _SHELL.match(line)
        if (shell is not None or whole_shell) and number < len(numbers):
            yield from commands.in_string(
                line[shell.end() :] if shell else line, numbers[number]
            )
        plain.append("" if shell is not None or whole_shell else line)
    for one in python.source_entries("\n".join(plain)):
        place = numbers[one.line - 1] if one.line <= len(numbers) else (1, 1, 1)
        yield _at(one, place)


def _place(
    line: str, places: dict[str, list[tuple[int, int, int]]]
) -> tuple[int, int, int]:
    known = places.get(line) or [(1, 1, 1)]
    return known.pop(0) if len(known) > 1 else known[0]


def _at(one: Dependency, place: tuple[int, int, int]) -> Dependency:
    import dataclasses

    return dataclasses.replace(one, line=place[0], column=place[1], end_column=place[2])
