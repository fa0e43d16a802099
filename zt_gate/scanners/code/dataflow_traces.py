"""The source lines of taint findings, which ``semgrep scan`` does not report.

The engine prints the data flow if it is started as ``semgrep-core``.  That interface is
not documented: if it gives no source, the message does not name one, and nothing else
depends on it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zt_gate.record import replace
from zt_gate.scanners.code.semgrep_output import OutputError, match_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.scanners.code.semgrep_output import Match

_MAX_DEPTH = 12


def with_sources(matches: Iterable[Match], output: bytes) -> tuple[Match, ...]:
    """Return the matches with their source lines, from the output of ``flows``."""
    sources = _sources(output)
    return tuple(
        replace(match, source=sources.get(_position(match))) for match in matches
    )


def _sources(output: bytes) -> dict[tuple[object, ...], int]:
    """Return the source line of each result, {} for unexpected output."""
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
            yield _position(match_of(item)), line


def _first_line(value: Any, depth: int) -> int | None:
    """Return the first start line in nested objects and lists."""
    if depth > _MAX_DEPTH:
        return None
    if isinstance(value, dict):
        start = value.get("start")
        line = start.get("line") if isinstance(start, dict) else None
        if isinstance(line, int) and not isinstance(line, bool) and 0 < line < 1 << 31:
            return line
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            line = _first_line(item, depth + 1)
            if line is not None:
                return line
    return None


def _position(match: Match) -> tuple[object, ...]:
    return match.rule, match.line, match.column, match.end_line, match.end_column
