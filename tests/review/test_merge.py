"""Reports of shards join to the report of the unsharded run, or are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.review.test_judge import RULES, SKIPS, findings
from tests.support.changes import change_of
from zt_gate import __version__, reports
from zt_gate.errors import GateError, UsageError
from zt_gate.model.profile import Profile
from zt_gate.model.report import (
    NotInspected,
    Report,
    ScannerRun,
    ShardPart,
    ToolInfo,
    Verdict,
)
from zt_gate.policy.schema import Policy
from zt_gate.reports.json_reader import load
from zt_gate.review.judge import JudgeOptions, judge
from zt_gate.review.merge import MissingShardError, merged
from zt_gate.review.scan_change import divided_scanners
from zt_gate.review.shards import split
from zt_gate.scanners import registered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.model.finding import Finding

NAMES = tuple(registered())
DIVIDED = divided_scanners()
PATHS = (b"a.py", b"b.js", b"vendor/b", b"c.md", b"d.json", b"\xff\xfe", b"e/f.go")
CHANGE = change_of(dict.fromkeys(PATHS, b"x = 1\n" * 9))
TOOL = ToolInfo("zt-gate", __version__, "0" * 64)
PART = ShardPart("o", "s")


def judged(runs: Sequence[ScannerRun], policy: Policy, **more: Any) -> Report:
    return judge(
        CHANGE,
        runs,
        policy,
        JudgeOptions(today="2026-07-01"),
        tool=TOOL,
        rules=RULES,
        divided=DIVIDED,
        expected=[run.scanner for run in runs],
        **more,
    )


@st.composite
def all_runs(draw: Any) -> tuple[ScannerRun, ...]:
    """One run of each scanner, with findings and skips on the files of the change."""
    runs = []
    for name in NAMES:
        found = [
            replace(
                item,
                rule=f"{name}/x",
                location=replace(item.location, path=draw(st.sampled_from(PATHS))),
                secrets=item.secrets if name == "secrets" else (),
            )
            for item in draw(st.lists(findings(), max_size=4))
        ]
        skips = [
            replace(item, path=draw(st.sampled_from(PATHS)))
            for item in draw(st.lists(SKIPS, max_size=3))
        ]
        skips += draw(
            st.sampled_from([[], [NotInspected(None, "failed", "no engine")]])
        )
        status = draw(st.sampled_from(["ok", "ok", "ok", "error", "skipped"]))
        reason = "" if status == "ok" else f"{name} did not run"
        runs.append(
            ScannerRun(name, status, reason, 1.0, 3, 7, tuple(found), tuple(skips))
        )
    return tuple(runs)


def parts_of(
    runs: Sequence[ScannerRun], policy: Policy, count: int
) -> list[tuple[str, Report]]:
    """Judge each shard by itself, write its report and read it again."""
    table = split(CHANGE, count)
    secrets = [run for run in runs if run.scanner == "secrets"]
    shards = []
    for index in range(1, count + 1):
        own = []
        for run in runs:
            if run.scanner not in DIVIDED:
                own += [run] if index == 1 else []
                continue

            def is_own(path: bytes | None, index: int = index) -> bool:
                return path is None or table[path] == index

            own.append(
                replace(
                    run,
                    files=3 if index == 1 else 0,
                    lines=7 if index == 1 else 0,
                    findings=tuple(f for f in run.findings if is_own(f.location.path)),
                    not_inspected=tuple(s for s in run.not_inspected if is_own(s.path)),
                )
            )
        foreign: list[Finding] = []
        if index > 1:
            foreign = [item for run in secrets for item in run.findings]
        report = judged(
            own,
            policy,
            shard=(index, count),
            part=PART,
            share=[file for file in CHANGE.files if table[file.path] == index],
            masked_values=foreign,
        )
        data = reports.render("json", report)
        shards.append((f"s{index}.json", load(data)))
    return shards


def without_times(report: Report) -> Report:
    runs = tuple(replace(run, seconds=0.0) for run in report.runs)
    return replace(report, seconds=0.0, runs=runs)


@pytest.mark.parametrize("count", [1, 2, 4, 8])
@given(all_runs(), st.sampled_from(list(Profile)), st.randoms())
def test_joined_shards_are_the_unsharded_report(
    count: int, runs: tuple[ScannerRun, ...], profile: Profile, order: Any
) -> None:
    policy = Policy(profile=profile)
    whole = judged(runs, policy)
    shards = parts_of(runs, policy, count)
    order.shuffle(shards)
    joined = merged(shards)
    assert without_times(joined) == without_times(whole)
    for name in ("json", "terminal", "sarif", "markdown", "junit"):
        one, other = (
            reports.render(name, without_times(report)) for report in (joined, whole)
        )
        assert one == other


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_what_a_run_lists_twice_is_one_cause_in_its_merge_too(count: int) -> None:
    skip = NotInspected(PATHS[0], "failed", "no answer")
    runs = [
        ScannerRun(
            name, "ok", not_inspected=(skip, skip) if name == "tampering" else ()
        )
        for name in NAMES
    ]
    whole = judged(runs, Policy())
    joined = merged(parts_of(runs, Policy(), count))
    assert joined.errors == whole.errors
    assert "more" not in whole.errors[0]


@given(all_runs(), st.integers(1, 4))
def test_a_merge_is_never_better_than_a_shard(
    runs: tuple[ScannerRun, ...], count: int
) -> None:
    """Even where a shard's verdict says less than its findings, or more."""
    shards = parts_of(runs, Policy(), count)
    rank = {Verdict.PASS: 0, Verdict.ERROR: 1, Verdict.FAIL: 2}
    joined = merged(shards)
    assert all(rank[joined.verdict] >= rank[shard.verdict] for _, shard in shards)
    told = [(name, replace(shard, verdict=Verdict.PASS)) for name, shard in shards]
    assert rank[merged(told).verdict] == rank[joined.verdict]
    name, first = shards[0]
    later = first.with_errors(["the log could not be written"])
    assert merged([(name, later), *shards[1:]]).verdict is not Verdict.PASS


def clean_shards(count: int) -> list[tuple[str, Report]]:
    return parts_of([ScannerRun(name, "ok") for name in NAMES], Policy(), count)


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_each_file_is_in_one_shard_on_every_runner(count: int) -> None:
    tables = [split(CHANGE, count) for _ in range(2)]
    assert tables[0] == tables[1]
    assert set(tables[0]) == set(PATHS)
    assert set(tables[0].values()) <= set(range(1, count + 1))
    turned = replace(CHANGE, files=CHANGE.files[::-1])
    assert split(turned, count) == tables[0]


def test_work_is_divided_evenly() -> None:
    names = [f"{n}.{end}".encode() for n in range(300) for end in ("py", "md", "bin")]
    change = change_of({name: b"y\n" * (1 + len(name) * 50) for name in names})
    table = split(change, 4)
    counts = [
        sum(shard == index for name, shard in table.items() if name.endswith(b"py"))
        for index in (2, 3, 4)
    ]
    assert max(counts) - min(counts) <= 3


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_a_missing_shard_is_an_error(missing: int) -> None:
    shards = clean_shards(4)
    del shards[missing - 1]
    with pytest.raises(MissingShardError, match=f"no report of shard {missing} of 4"):
        merged(shards)
    assert MissingShardError.exit_code == 3


@pytest.mark.parametrize("doubled", [0, 1, 2, 3])
def test_a_doubled_shard_is_an_error(doubled: int) -> None:
    shards = clean_shards(4)
    with pytest.raises(UsageError, match=f"are both shard {doubled + 1}"):
        merged([*shards, shards[doubled]])


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("change", lambda r: replace(r, change_digest="other")),
        ("policy", lambda r: replace(r, policy=replace(r.policy, digest="other"))),
        ("policy", lambda r: replace(r, policy=replace(r.policy, profile="advisory"))),
        ("rules", lambda r: replace(r, tool=replace(r.tool, rules_digest="1" * 64))),
        ("version", lambda r: replace(r, tool=replace(r.tool, version="9.9"))),
        ("number of shards", lambda r: replace(r, shard=(2, 3))),
        ("options", lambda r: replace(r, part=replace(r.part, options="--skip code"))),
        ("split", lambda r: replace(r, part=replace(r.part, split="other"))),
        ("source", lambda r: replace(r, base="other")),
        ("origin", lambda r: replace(r, origin=replace(r.origin, ai=True))),
    ],
)  # fmt: skip
def test_a_differing_shard_is_an_error(what: str, change: Any) -> None:
    shards = clean_shards(2)
    other = [shards[0], (shards[1][0], change(shards[1][1]))]
    with pytest.raises(UsageError, match=f"differ in the .*{what}"):
        merged(other)


def test_a_shard_without_a_run_of_its_scanners_is_an_error() -> None:
    shards = clean_shards(2)
    for position, name in [
        (0, "tampering"),
        (0, "code"),
        (1, "code"),
        (1, "injection"),
    ]:
        label, report = shards[position]
        runs = tuple(run for run in report.runs if run.scanner != name)
        others = [shard for shard in shards if shard[0] != label]
        with pytest.raises(UsageError, match=f"no run of {name}"):
            merged([(label, replace(report, runs=runs)), *others])
        doubled = (*report.runs, report.runs[0])
        with pytest.raises(UsageError, match="runs of scanners"):
            merged([(label, replace(report, runs=doubled)), *others])


def broken(change: Any) -> bytes:
    table = json.loads(reports.render("json", clean_shards(2)[1][1]))
    change(table)
    return json.dumps(table).encode()


HOSTILE = {
    "empty": b"",
    "not JSON": b"PASS",
    "not UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "another report": b'{"schema_version": "1.0", "verdict": "pass"}',
    "another version": broken(lambda t: t.update(schema_version="2.0")),
    "a version of another type": broken(lambda t: t.update(schema_version=[1])),
    "a doubled key": b'{"verdict": "fail", "verdict": "pass"}',
    "NaN": broken(lambda t: t.update(seconds=float("nan"))),
    "infinity": broken(lambda t: t.update(seconds=float("inf"))),
    "a large float": broken(lambda t: t.update(seconds=0)).replace(
        b'"seconds": 0,', b'"seconds": 1e999,', 1
    ),
    "a huge number": broken(lambda t: t["shard"].update(of=10**30)),
    "a longer number": b'{"schema_version": ' + b"1" * 10_000 + b"}",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "a shard of zero": broken(lambda t: t["shard"].update(index=0)),
    "a flag for a number": broken(lambda t: t["shard"].update(index=True)),
    "a verdict that is none": broken(lambda t: t.update(verdict="good")),
    "no runs": broken(lambda t: t["part"].pop("runs")),
    "runs of another type": broken(lambda t: t["part"].update(runs={})),
    "a run that is none": broken(lambda t: t["part"].update(runs=["code"])),
    "a status that is none": broken(lambda t: t["part"]["runs"][0].update(status="fine")),
    "an error without reason": broken(lambda t: t["part"]["runs"][0].update(status="error")),
    "a path beyond bytes": broken(
        lambda t: t["part"]["runs"][0].update(not_inspected=[
            {"path": "\u20ac", "kind": "failed", "reason": "r", "cause": "",
             "has_rule_words": False, "is_new": False}
        ])
    ),
    "no part": broken(lambda t: t.pop("part")),
    "a profile that is none": broken(lambda t: t["policy"].update(profile="kind")),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_report_is_one_line(name: str) -> None:
    with pytest.raises(GateError) as error:
        load(HOSTILE[name])
    assert error.value.exit_code == 2
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 200


VALID = broken(lambda _table: None)


@given(st.integers(0, len(VALID) - 1), st.binary(max_size=3), st.integers(0, 40))
def test_a_damaged_report_is_refused_or_means_no_more(
    place: int, instead: bytes, length: int
) -> None:
    """Nothing but a GateError comes out, whatever byte is damaged."""
    data = VALID[:place] + instead + VALID[place + length :]
    refusal = None
    try:
        report = load(data)
        merged([clean_shards(2)[0], ("x", report)])
    except GateError as error:
        refusal = error
    assert refusal is None or refusal.exit_code in {2, 3}
    assert "\n" not in str(refusal)


def test_a_report_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zt_gate.reports.json_reader.MAX_SIZE", 100)
    with pytest.raises(GateError, match="larger than 100 bytes"):
        load(VALID)
