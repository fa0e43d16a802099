"""A run from a scanner's process is decoded unchanged or refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.model.finding import (
    Confidence,
    Evidence,
    Finding,
    Level,
    Location,
    Severity,
)
from zt_gate.model.report import NotInspected, ScannerRun
from zt_gate.review import serialization

ANY_TEXT = st.text(alphabet=st.characters(), max_size=20)  # including lone surrogates
PATHS = st.binary(max_size=12)
NUMBERS = st.none() | st.integers(1, 10**9)
LOCATIONS = st.one_of(
    st.builds(
        Location,
        st.just("line"),
        PATHS,
        st.integers(1, 10**9),
        NUMBERS,
        NUMBERS,
        NUMBERS,
    ),
    st.builds(Location, st.just("file"), PATHS),
    st.builds(Location, st.just("commit"), st.none() | PATHS, NUMBERS, commit=ANY_TEXT),
    st.builds(Location, st.just("change")),
)
TEXTS = st.lists(ANY_TEXT, max_size=3).map(tuple)
FINDINGS = st.builds(
    Finding,
    rule=ANY_TEXT,
    location=LOCATIONS,
    message=ANY_TEXT,
    severity=st.sampled_from(Severity),
    confidence=st.sampled_from(Confidence),
    level=st.none() | st.sampled_from(Level),
    why=ANY_TEXT,
    remedy=ANY_TEXT,
    cwe=TEXTS,
    references=TEXTS,
    evidence=st.none()
    | st.builds(Evidence, ANY_TEXT, st.integers(0, 9), st.integers(0, 9)),
    subject=ANY_TEXT,
    secrets=TEXTS,
    fix=st.none() | ANY_TEXT,
    title=ANY_TEXT,
)
RUNS = st.builds(
    ScannerRun,
    scanner=ANY_TEXT,
    status=st.sampled_from(["ok", "error"]),
    reason=ANY_TEXT.map(lambda text: text + "."),
    seconds=st.just(1.5),
    files=st.integers(0, 10**6),
    lines=st.integers(0, 10**9),
    findings=st.lists(FINDINGS, max_size=3).map(tuple),
    not_inspected=st.lists(
        st.builds(
            NotInspected,
            st.none() | PATHS,
            st.sampled_from(["not_applicable", "unreadable", "failed", "unverified"]),
            ANY_TEXT,
        ),
        max_size=3,
    ).map(tuple),
)


@given(RUNS)
def test_a_run_is_decoded_unchanged(run: ScannerRun) -> None:
    assert serialization.load(serialization.dump(run), seconds=1.5) == run


@given(st.binary(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["scanner", "status", "reason", "files", "lines", "findings",
                         "not_inspected"]), inner),
    max_leaves=20,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_other_data_is_a_serialization_error(data: bytes) -> None:
    with pytest.raises(serialization.SerializationError):
        serialization.load(data, seconds=0)


def test_a_truncated_result_is_a_serialization_error() -> None:
    data = serialization.dump(ScannerRun("secrets", "ok", files=3))
    for length in range(len(data)):
        with pytest.raises(serialization.SerializationError):
            serialization.load(data[:length], seconds=0)
