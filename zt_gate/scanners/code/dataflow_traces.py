"""Where the data of a finding comes from, which the engine's usual output leaves out.

``semgrep scan`` keeps the data flow for itself, the engine under its own name
prints it.  That interface is not a documented one: what it does not give is
left out of the message, and nothing else depends on it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zt_gate.scanners.code.semgrep_output import OutputError, match_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.scanners.code.semgrep_output import Match

_DEPTH = 12


def with_sources(matches: Iterable[Match], output: bytes) -> tuple[Match, ...]:
    """Return the matches with the lines of their sources, as far as ``engine.flows`` tells them."""
    known = _sources(output)
    return tuple(replace(match, source=known.get(_place(match))) for match in matches)


def _sources(output: bytes) -> dict[tuple[object, ...], int]:
    """Return the source's line of each result; what is not as expected gives nothing."""
    lines = [line for line in output.split(b"\n") if line.startswith(b"{")]
    try:
        results = json.loads(lines[0])["results"] if lines else []
        return dict(_entries(results))
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        OutputError,
    ):
        return {}


def _entries(results: Iterable[Any]) -> Iterator[tuple[tuple[object, ...], int]]:
    for item in results:
        trace = item["extra"].get("dataflow_trace") or {}
        line = _first_line(trace.get("taint_source"), 0)
        if line is not None:
            yield _place(match_of(item)), line


def _first_line(value: Any, depth: int) -> int | None:
    """Return the first start line in a nest of tables and lists."""
    if depth > _DEPTH:
        return None
    if isinstance(value, dict):
        start = value.get("start")
        line = start.get("line") if isinstance(start, dict) else None
        if isinstance(line, int) and not isinstance(line, bool) and 0 < line < 1 << 31:
            return line
        value = list(value.values())
    if isinstance(value, list):
        found = (_first_line(item, depth + 1) for item in value)
        return next((line for line in found if line is not None), None)
    return None


def _place(match: Match) -> tuple[object, ...]:
    return match.rule, match.line, match.column, match.end_line, match.end_column
