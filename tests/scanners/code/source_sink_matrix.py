"""A matrix of test code for one language: every source of outside data at every sink.

``matrix/LANGUAGE.yaml`` has three tables.  ``sources`` say how data enters: ``setup``
stands once at the top of the file, ``code`` is one function with ``<name>`` in place of its
name and ``<use>`` on the line where the data is used, ``value`` is the expression for the
data.  ``sinks`` say where it goes: ``setup``, the ``rules`` of which one must report the
lines of ``bad``, and ``safe`` lines, which none of them may report.  ``<value>`` stands for
the source's expression.  A sink with ``for`` gets only the sources that have one of these
``tags``: there is no redirect without a web request.

Of each source one file is made, with two functions for each sink: a new source or a new
sink is one entry, and is tested with all that is there.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Cell:
    """One use of one source at one sink: where it is, and which rules it concerns."""

    source: str
    sink: str
    is_safe: bool
    path: str
    lines: range
    rules: frozenset[str]

    def __str__(self) -> str:
        variant = "safe variant reported" if self.is_safe else "not reported"
        return (
            f"{self.source} × {self.sink}: {variant} ({self.path}:{self.lines.start})"
        )


@dataclass(frozen=True)
class Matrix:
    """The generated files, by path, and the cells in them."""

    files: Mapping[str, str]
    cells: tuple[Cell, ...]

    def offenders(self, reported: Iterable[tuple[str, int, str]]) -> list[str]:
        """Return the cells that contradict what was reported: path, line and rule id."""
        by_path: dict[str, set[tuple[int, str]]] = {path: set() for path in self.files}
        for path, line, rule in reported:
            by_path[path].add((line, rule))
        return [
            str(cell)
            for cell in self.cells
            if cell.is_safe
            == any(
                line in cell.lines and rule in cell.rules
                for line, rule in by_path[cell.path]
            )
        ]


def read(file: Path) -> Matrix:
    """Make the matrix of one data file."""
    data = yaml.safe_load(file.read_text("utf-8"))
    files: dict[str, str] = {}
    cells: list[Cell] = []
    for name, source in data["sources"].items():
        path = f"{name}.{source.get('extension', data['extension'])}"
        lines: list[str] = []
        sinks = {
            key: sink for key, sink in data["sinks"].items() if _meet(source, sink)
        }
        for setup in dict.fromkeys(
            part["setup"] for part in (source, *sinks.values()) if "setup" in part
        ):
            lines += setup.splitlines()
        for sink_name, sink in sinks.items():
            for variant in ("bad", "safe"):
                function = _function(source, sink, variant, f"{variant}_{sink_name}")
                begin = len(lines) + 1
                lines += ["", "", *function]
                span = range(begin, len(lines) + 1)
                rules = frozenset(sink["rules"])
                is_safe = variant == "safe"
                cells.append(Cell(name, sink_name, is_safe, path, span, rules))
        files[path] = "\n".join(lines) + "\n"
    return Matrix(files, tuple(cells))


def _meet(source: Mapping[str, Any], sink: Mapping[str, Any]) -> bool:
    return "for" not in sink or not set(sink["for"]).isdisjoint(source.get("tags", ()))


def _function(
    source: Mapping[str, Any], sink: Mapping[str, Any], variant: str, name: str
) -> list[str]:
    use = sink[variant].replace("<value>", str(source["value"]))
    lines: list[str] = []
    for line in source["code"].replace("<name>", name.replace("-", "_")).splitlines():
        if line.strip() == "<use>":
            indent = line[: line.index("<")]
            lines += textwrap.indent(use, indent).splitlines()
        else:
            lines.append(line)
    return lines
