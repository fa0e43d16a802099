from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.offenders import each_of
from zt_gate.scanners.code.semgrep_output import EngineProblem, OutputError, parse

MATCH = {
    "check_id": "tmp.rules.python-x",
    "path": "src/000001.py",
    "start": {"line": 3, "col": 5, "offset": 9},
    "end": {"line": 3, "col": 9, "offset": 13},
    "extra": {"message": "m", "lines": "requires login"},
}


def document(**parts: Any) -> bytes:
    whole = {"results": [], "errors": [], "paths": {"scanned": []}, **parts}
    return json.dumps(whole).encode()


def test_a_whole_answer() -> None:
    partial = {"type": ["PartialParsing", []], "path": "src/000001.py",
               "spans": [{"file": "f", "start": {"line": 1}, "end": {"line": 2}}]}  # fmt: skip
    answer = parse(
        document(
            results=[MATCH, {**MATCH, "extra": {}}],
            errors=[
                partial,
                {"type": "Rule parse error", "rule_id": "tmp.bad", "message": "m"},
            ],
            paths={"scanned": ["src/000001.py"]},
            skipped_rules=[{"rule_id": "tmp.new", "details": "too old"}],
        )
    )
    first, second = answer.matches
    assert (first.rule, first.line, first.column, first.end_column) == (
        "python-x",
        3,
        5,
        9,
    )
    assert second == first
    assert answer.scanned == {"src/000001.py"}
    assert answer.problems == (
        EngineProblem("PartialParsing", "src/000001.py", spans=((1, 2),)),
        EngineProblem("Rule parse error", rule="bad"),
        EngineProblem("skipped rule", rule="new"),
    )


@each_of(
    "output",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"Fatal error: exception",
        b'{"results": [], "errors": []}',
        document(paths={}),
        document(paths={"scanned": [1]}),
        document(results={}),
        document(results=[{}]),
        document(results=[{**MATCH, "start": {"line": 0, "col": 1}}]),
        document(results=[{**MATCH, "start": {"line": True, "col": 1}}]),
        document(results=[{**MATCH, "start": {"line": 9, "col": 1}}]),
        document(results=[{**MATCH, "check_id": None}]),
        document(errors=["x"]),
        document(errors=[{"type": "x", "spans": [{}]}]),
        b"[" * 100_000,
    ],
)
def test_anything_else_is_no_answer(output: bytes) -> None:
    with pytest.raises(OutputError):
        parse(output)


@pytest.mark.parametrize("depth", [13, 500])
def test_a_deep_trace_is_cut_off(depth: int) -> None:
    trace: Any = {"start": {"line": 7}}
    for _ in range(depth):
        trace = [trace]
    assert parse(
        document(results=[{**MATCH, "extra": {"dataflow_trace": trace}}])
    ).matches


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["results", "errors", "paths", "scanned", "start", "end", "line", "col", "type",
             "path", "spans", "file", "check_id", "extra", "dataflow_trace", "skipped_rules"]
        ), inner, max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


@given(
    st.binary(max_size=100) | json_values.map(lambda value: json.dumps(value).encode())
)
def test_garbage_is_never_an_answer_by_accident(output: bytes) -> None:
    """Whatever comes in: OutputError, or a document that had all three parts."""
    try:
        answer = parse(output)
    except OutputError:
        return
    whole = json.loads(output)
    assert len(whole["results"]) == len(answer.matches)
    assert len(whole["errors"]) <= len(answer.problems)
    assert set(whole["paths"]["scanned"]) == answer.scanned


@given(json_values, st.sampled_from(["results", "errors", "paths", "skipped_rules"]))
def test_one_wrong_part_never_raises_anything_else(value: Any, part: str) -> None:
    try:
        parse(document(**{part: value}))
    except OutputError:
        return
    assert part != "results" or isinstance(value, list)
