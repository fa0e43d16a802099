"""Reports with any text in any field, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.support import reports as make
from zt_gate.model.finding import (
    Confidence,
    Evidence,
    Finding,
    Level,
    Location,
    Severity,
)
from zt_gate.model.report import (
    JudgedFinding,
    NotInspected,
    Origin,
    PolicyInfo,
    Report,
    ScannerRun,
    ToolInfo,
    Verdict,
)

#: What means something to one of the sinks.
MEANINGFUL = (
    "::error::", "##[stop-commands]x", "##vso[", "\x1b[31m", "\u009b", "\n", "\r\n", "\t",
    "\x00", "\x7f", "`", "```", "``", "</details>", "<!--", "-->", "<img src=x>", "@mention",
    "![a](http://x)", "[/x]", "[red]", "|", "\\|", "\\", "%0A", "%", ",", ":", "]", "\u202e",
    "\u200b", "\U000e0041", "\ufe0f", "\u0301", "日本", "\ud800", "\udcff", "\u2028", "\u3000",
    "#1", "www.x.example", "http://x.example", "_a_", "*b*", " ", "- ", "# ", "1. ", "~~~",
    "&lt;", "{0}", "](x)", "$x$",
)  # fmt: skip

texts = st.lists(
    st.one_of(st.sampled_from(MEANINGFUL), st.text(st.characters(), max_size=8)),
    max_size=6,
).map("".join)
named = texts.filter(bool)
paths = st.one_of(
    st.sampled_from(tuple(make.HOSTILE.values())),
    st.binary(min_size=1, max_size=12),
    texts.map(lambda text: text.encode("utf-8", "surrogatepass")).filter(bool),
)
numbers = st.one_of(st.none(), st.integers(1, 12), st.integers(1, 10**9))


@st.composite
def locations(draw: Any) -> Location:
    kind = draw(st.sampled_from(("line", "file", "commit", "change")))
    path = draw(paths if kind in {"line", "file"} else st.one_of(st.none(), paths))
    line = draw(st.integers(1, 10**6) if kind == "line" else numbers)
    commit = draw(named if kind == "commit" else st.none())
    return Location(
        kind, path, line, draw(numbers), draw(numbers), draw(numbers), commit
    )


evidences = st.builds(Evidence, texts, st.integers(-2, 40), st.integers(-2, 40))
findings = st.builds(
    Finding,
    rule=st.one_of(st.sampled_from(("code/x", "secrets/y-z", "")), texts),
    location=locations(),
    message=texts,
    severity=st.sampled_from(Severity),
    confidence=st.sampled_from(Confidence),
    why=texts,
    remedy=texts,
    cwe=st.lists(st.one_of(st.just("CWE-89"), texts), max_size=30).map(tuple),
    references=st.lists(texts, max_size=2).map(tuple),
    evidence=st.one_of(st.none(), evidences),
    fix=st.one_of(st.none(), texts),
)
judged = st.builds(
    JudgedFinding,
    finding=findings,
    level=st.sampled_from(Level),
    fingerprint=texts,
    state=st.sampled_from(("active", "active", "ignored", "approved", "baseline")),
    state_reason=texts,
    state_expires=texts,
    state_by=texts,
    state_since=texts,
)
items = st.builds(
    NotInspected,
    st.one_of(st.none(), paths),
    st.sampled_from(("not_applicable", "unreadable", "failed", "unverified")),
    texts,
)
runs = st.builds(
    ScannerRun,
    scanner=texts,
    status=st.sampled_from(("ok", "skipped", "error")),
    reason=named,
    seconds=st.floats(),
    files=st.integers(0, 9),
    lines=st.integers(0, 9),
    not_inspected=st.lists(items, max_size=3).map(tuple),
)


def reports() -> st.SearchStrategy[Report]:
    return st.builds(
        Report,
        tool=st.builds(ToolInfo, texts, texts, texts),
        kind=st.sampled_from(
            ("staged", "range", "base", "worktree", "patch", "tree", "buffer", "text")
        ),
        base=texts,
        head=texts,
        change_digest=texts,
        policy=st.builds(PolicyInfo, texts, texts, texts, texts),
        origin=st.builds(Origin, st.booleans(), st.lists(texts, max_size=2).map(tuple)),
        verdict=st.sampled_from(Verdict),
        complete=st.booleans(),
        seconds=st.floats(),
        findings=st.lists(judged, max_size=4).map(tuple),
        runs=st.lists(runs, max_size=3).map(tuple),
        shard=st.sampled_from(((1, 1), (2, 3))),
        files=st.integers(0, 9),
        errors=st.lists(texts, max_size=2).map(tuple),
    )
