"""Parses the output of ``semgrep scan --json``; rejects any unexpected shape.

Source: cli_output in semgrep-interfaces.
"""

from __future__ import annotations

import json
from typing import Any

from zt_gate import lazy_re
from zt_gate.record import dataclass

# Only the line number is used: the rest of a message can quote the code.
_ERROR_LINE = lazy_re.compile(r"error at line [^\s:]{1,200}:(\d{1,9}):")

#: Kinds of problems of this scanner: statements were removed so that the rest parses,
#: functions were removed so that the rest is finished in time, lines were read in an older
#: form of their syntax, another parser of the language accepts the text.
STATEMENTS_REMOVED = "cut"
FUNCTIONS_REMOVED = "part"
OLDER_FORM = "older"
VALID_SYNTAX = "valid"

_PARTIAL = "PartialParsing"
_UNPARSED = frozenset(
    ("Syntax error", "Lexical error", "Other syntax error", "AST builder error",
     "ParseError", "LexicalError", "OtherParseError", "AstBuilderError")
)  # fmt: skip


_PARSING = frozenset((_PARTIAL, STATEMENTS_REMOVED, OLDER_FORM, VALID_SYNTAX))


class OutputError(Exception):
    """The output is invalid or incomplete; the message does not quote it."""


@dataclass(frozen=True, slots=True)
class Match:
    """A match of a rule: 1-based lines, 1-based columns in bytes, end exclusive.

    ``source`` is the line from which the data of a taint rule comes, None if unknown
    (``zt_gate.scanners.code.dataflow_traces``).
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

    ``file`` is "" for a problem of the whole run.  ``line`` is where parsing stopped.
    ``spans`` are the ranges of lines that could not be parsed, empty if the whole file
    could not.
    """

    kind: str
    file: str = ""
    rule: str = ""
    line: int | None = None
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def is_unparsed(self) -> bool:
        """Whether the engine could not parse the file at all."""
        return self.kind in _UNPARSED

    @property
    def is_parsing(self) -> bool:
        """Whether the text causes the problem, so that it recurs with the same text."""
        return self.kind in _UNPARSED or self.kind in _PARSING


@dataclass(frozen=True, slots=True)
class EngineOutput:
    """The matches and problems of one run, and the files that the engine lists as scanned."""

    matches: tuple[Match, ...]
    problems: tuple[EngineProblem, ...]
    scanned: frozenset[str]


def parse(output: bytes) -> EngineOutput:
    """Parse the JSON document that semgrep printed.

    Raises OutputError for anything else: invalid JSON, a missing part, a value of the
    wrong type, a line below 1.
    """
    try:
        document = json.loads(output)
    except (ValueError, RecursionError) as error:
        raise OutputError("its output is not JSON") from error
    results = _get(document, "results")
    errors = _get(document, "errors")
    scanned = _get(_get(document, "paths"), "scanned")
    if not all(isinstance(part, list) for part in (results, errors, scanned)):
        raise OutputError("its output lacks results, errors or paths.scanned")
    if not all(isinstance(name, str) for name in scanned):
        raise OutputError("paths.scanned contains an entry that is not a file name")
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
        raise OutputError(f"an entry has no {key}")
    return text


def _number(value: Any, key: str) -> int:
    number = _get(value, key)
    is_integer = isinstance(number, int) and not isinstance(number, bool)
    if not is_integer or not 0 < number < 1 << 31:
        raise OutputError(f"a position has no valid {key}")
    return int(number)


def match_of(item: Any) -> Match:
    """Parse one entry of ``results``; raises OutputError."""
    start, end = _get(item, "start"), _get(item, "end")
    match = Match(
        # The engine can prefix the id with the folders of the rule file.
        rule=_text(item, "check_id").rpartition(".")[2],
        file=_text(item, "path"),
        line=_number(start, "line"),
        column=_number(start, "col"),
        end_line=_number(end, "line"),
        end_column=_number(end, "col"),
    )
    if (match.end_line, match.end_column) < (match.line, match.column):
        raise OutputError("a match ends before it begins")
    return match


def _skipped_rules(document: Any) -> tuple[EngineProblem, ...]:
    """Return a problem for each rule that this version of the engine does not support."""
    skipped = _get(document, "skipped_rules")
    if not isinstance(skipped, list):
        return ()
    rules = [str(_get(entry, "rule_id")) for entry in skipped]
    return tuple(
        EngineProblem("skipped rule", rule=rule.rpartition(".")[2]) for rule in rules
    )


def _problem(item: Any) -> EngineProblem:
    """Parse one entry of ``errors``; raises OutputError."""
    if not isinstance(item, dict):
        raise OutputError("an error is not an object")
    kind = item.get("type")
    if isinstance(kind, list):
        kind = kind[0] if kind else None
    spans = item.get("spans")
    if not isinstance(spans, list):
        spans = []
    file = item.get("path") or next((_get(span, "file") for span in spans), None)
    rule = item.get("rule_id")
    return EngineProblem(
        kind=kind if isinstance(kind, str) and kind else "unknown",
        file=file if isinstance(file, str) else "",
        rule=rule.rpartition(".")[2] if isinstance(rule, str) else "",
        line=_error_line(item.get("message")),
        spans=tuple(map(_lines_of_span, spans)),
    )


def _error_line(message: Any) -> int | None:
    """Return the line at which parsing stopped, from the text of the message."""
    if not isinstance(message, str):
        return None
    match = _ERROR_LINE.search(message[:2000])
    return int(match[1]) if match else None


def _lines_of_span(span: Any) -> tuple[int, int]:
    return _number(_get(span, "start"), "line"), _number(_get(span, "end"), "line")
