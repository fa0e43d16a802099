"""What semgrep printed, read with suspicion: anything but the expected shape is no answer.

The shape is that of ``semgrep scan --json`` (cli_output in semgrep-interfaces).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

# All that is taken from a message: it may quote the code.
_STOP = re.compile(r"error at line [^\s:]{1,200}:(\d{1,9}):")


#: Our own kinds of problems: statements that were taken out so that the rest parses,
#: and functions that were left out so that the rest is done in time.
CUT = "cut"
PART = "part"

_PARTIAL = "PartialParsing"
_UNPARSED = frozenset(
    ("Syntax error", "Lexical error", "Other syntax error", "AST builder error",
     "ParseError", "LexicalError", "OtherParseError", "AstBuilderError")
)  # fmt: skip


class OutputError(Exception):
    """The output is no complete answer; the text says what is wrong, quoting nothing from it."""


@dataclass(frozen=True, slots=True)
class Match:
    """Where a rule matched: 1-based lines, 1-based columns in bytes, the end exclusive.

    ``source`` is the line where the data of a taint rule comes from, None where that is
    not known (``zt_gate.scanners.code.dataflow_traces``).
    """

    rule: str
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    source: int | None = None


@dataclass(frozen=True, slots=True)
class EngineProblem:
    """One entry of ``errors[]``.

    ``file`` is "" where it is about the run as a whole.  ``line`` is where
    parsing stopped, ``spans`` the lines that could not be parsed, none where
    the whole file could not.
    """

    kind: str
    file: str = ""
    rule: str = ""
    line: int | None = None
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def is_unparsed(self) -> bool:
        """Whether the engine parsed nothing of the file."""
        return self.kind in _UNPARSED

    @property
    def is_parsing(self) -> bool:
        """Whether it lies in the text, so that it comes again with it."""
        return self.kind in _UNPARSED or self.kind in {_PARTIAL, CUT}


@dataclass(frozen=True, slots=True)
class EngineOutput:
    """One run's results, problems, and the files that the engine says it scanned."""

    matches: tuple[Match, ...]
    problems: tuple[EngineProblem, ...]
    scanned: frozenset[str]


def read(output: bytes) -> EngineOutput:
    """Read the JSON document that semgrep printed.

    Raises OutputError for anything else: no JSON, a missing part, a number
    that is no number, a line below 1.
    """
    try:
        document = json.loads(output)
    except (ValueError, RecursionError) as error:
        raise OutputError("its output is no JSON") from error
    results, errors, paths = (
        _get(document, key) for key in ("results", "errors", "paths")
    )
    scanned = _get(paths, "scanned")
    if not all(isinstance(part, list) for part in (results, errors, scanned)):
        raise OutputError("its output lacks results, errors or paths.scanned")
    if not all(isinstance(name, str) for name in scanned):
        raise OutputError("paths.scanned holds something other than names")
    return EngineOutput(
        tuple(match_of(item) for item in results),
        tuple(_problem(item) for item in errors) + _skipped_rules(document),
        frozenset(scanned),
    )


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _text(value: Any, key: str) -> str:
    text = _get(value, key)
    if not isinstance(text, str) or not text:
        raise OutputError(f"an entry without {key}")
    return text


def _number(value: Any, key: str) -> int:
    number = _get(value, key)
    if (
        not isinstance(number, int)
        or isinstance(number, bool)
        or not 0 < number < 1 << 31
    ):
        raise OutputError(f"a place without a proper {key}")
    return number


def match_of(item: Any) -> Match:
    """Read one entry of ``results``; raises OutputError."""
    start, end = _get(item, "start"), _get(item, "end")
    match = Match(
        # The engine may put the folders of the rule file before the id.
        rule=_text(item, "check_id").rpartition(".")[2],
        file=_text(item, "path"),
        line=_number(start, "line"),
        column=_number(start, "col"),
        end_line=_number(end, "line"),
        end_column=_number(end, "col"),
    )
    if (match.end_line, match.end_column) < (match.line, match.column):
        raise OutputError("a place that ends before it begins")
    return match


def _skipped_rules(document: Any) -> tuple[EngineProblem, ...]:
    """Return one problem for each rule that this version of the engine left out."""
    skipped = _get(document, "skipped_rules")
    entries = skipped if isinstance(skipped, list) else []
    rules = [_get(entry, "rule_id") for entry in entries]
    return tuple(
        EngineProblem("skipped rule", rule=str(rule).rpartition(".")[2]) for rule in rules
    )


def _problem(item: Any) -> EngineProblem:
    if not isinstance(item, dict):
        raise OutputError("an error that is no table")
    kind = item.get("type")
    if isinstance(kind, list):
        kind = kind[0] if kind else None
    spans = item.get("spans")
    spans = spans if isinstance(spans, list) else []
    places = [(_get(span, "start"), _get(span, "end")) for span in spans]
    file = item.get("path") or next((_get(span, "file") for span in spans), None)
    rule = item.get("rule_id")
    message = item.get("message")
    stop = _STOP.search(message[:2000]) if isinstance(message, str) else None
    return EngineProblem(
        kind=kind if isinstance(kind, str) and kind else "unknown",
        file=file if isinstance(file, str) else "",
        rule=rule.rpartition(".")[2] if isinstance(rule, str) else "",
        line=int(stop[1]) if stop else None,
        spans=tuple(
            (_number(start, "line"), _number(end, "line")) for start, end in places
        ),
    )
