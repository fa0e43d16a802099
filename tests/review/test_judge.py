from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.changes import change_of
from tests.support.property_tests import examples
from zt_gate import rulebook
from zt_gate.errors import UsageError
from zt_gate.model.finding import (
    Confidence,
    Evidence,
    Finding,
    Level,
    Location,
    Severity,
)
from zt_gate.model.report import (
    NotInspected,
    Origin,
    Report,
    ScannerRun,
    ToolInfo,
    Verdict,
)
from zt_gate.policy.schema import Allowance, Dependencies, Ignore, Policy
from zt_gate.review.fingerprint import fingerprint
from zt_gate.review.judge import JudgeOptions, judge
from zt_gate.review.secret_masking import MIN_LENGTH

RULES = rulebook.load("gate")
TOOL = ToolInfo("zt-gate", "0", "0" * 64)
CLEAN = change_of({"a.py": "x = 1\n"})
KEY = "akia".upper() + "qwertyuiopasdfgh".upper()


def finding(
    rule: str = "code/x", path: bytes = b"a.py", line: int = 1, **more: Any
) -> Finding:
    values: dict[str, Any] = {
        "message": "a message",
        "severity": Severity.HIGH,
        "confidence": Confidence.HIGH,
        **more,
    }
    return Finding(rule, values.pop("location", Location("line", path, line)), **values)


def run(
    *findings: Finding, skips: tuple[NotInspected, ...] = (), **more: Any
) -> ScannerRun:
    values: dict[str, Any] = {"scanner": "code", "status": "ok", **more}
    return ScannerRun(findings=findings, not_inspected=skips, **values)


def judged(*runs: ScannerRun, policy: Policy | None = None, **more: Any) -> Report:
    options = {
        key: more.pop(key)
        for key in ("min_confidence", "fail_on", "task", "today")
        if key in more
    }
    return judge(
        more.pop("change", CLEAN),
        runs,
        policy or Policy(),
        JudgeOptions(**{"today": "2026-07-01", **options}),
        tool=TOOL,
        rules=RULES,
        **more,
    )


def outcome(report: Report) -> tuple[str, int, bool]:
    return report.verdict.value, report.verdict.exit_code, report.complete


def test_nothing_found_passes() -> None:
    report = judged(run(skips=(NotInspected(b"logo.png", "not_applicable", "image"),)))
    assert outcome(report) == ("pass", 0, True)
    assert report.errors == ()
    assert report.files == 1
    assert report.tool is TOOL


def test_a_blocking_finding_fails_and_a_warning_does_not() -> None:
    assert outcome(judged(run(finding()))) == ("fail", 1, True)
    assert outcome(judged(run(finding(severity=Severity.LOW)))) == ("pass", 0, True)


FAILED = run(skips=(NotInspected(b"a.py", "failed", "the engine timed out"),))
UNVERIFIED = run(
    scanner="dependencies", skips=(NotInspected(b"r.txt", "unverified", "no answer"),)
)
BROKEN = run(status="error", reason="code crashed: KeyError")
SKIPPED = run(status="skipped", reason="--skip code")
UNREADABLE = run(skips=(NotInspected(b"b.py", "unreadable", "its bytes are none"),))


@pytest.mark.parametrize(
    ("of", "errors"),
    [
        (FAILED, ("code could not inspect a.py: the engine timed out",)),
        (UNVERIFIED, ("dependencies could not verify r.txt: no answer",)),
        (BROKEN, ("code crashed: KeyError",)),
        (run(status="error", reason="deadline"), ("code: deadline",)),
        (
            run(
                skips=tuple(NotInspected(b"%d" % i, "failed", "why") for i in range(3))
            ),
            ("code could not inspect 0: why (and 2 more: 1, 2)",),
        ),
    ],
)
def test_what_could_not_be_inspected_is_an_error(
    of: ScannerRun, errors: tuple[str, ...]
) -> None:
    report = judged(of)
    assert outcome(report) == ("error", 3, False)
    assert report.errors == errors
    # Fail wins over error; advisory does not lower an error.
    assert outcome(judged(of, run(finding()))) == ("fail", 1, False)
    advisory = Policy(profile="advisory")
    assert outcome(judged(of, run(finding()), policy=advisory)) == ("error", 3, False)
    assert outcome(judged(of, fail_on="critical")) == ("error", 3, False)


def test_unsupported_syntax_is_an_error_only_in_strict_and_with_a_rules_word() -> None:
    reason = "semgrep's TypeScript parser does not support this syntax, line 2"
    strict = Policy(profile="strict")
    for has_words, policy, expected in (
        (False, Policy(), ("pass", 0, False)),
        (True, Policy(), ("pass", 0, False)),
        (False, strict, ("pass", 0, False)),
        (True, strict, ("error", 3, False)),
    ):
        skip = NotInspected(
            b"a.ts", "unsupported_syntax", reason, has_rule_words=has_words
        )
        assert outcome(judged(run(skips=(skip,)), policy=policy)) == expected


def test_a_newly_skipped_file_warns_only_in_strict() -> None:
    strict = Policy(profile="strict")
    for is_new, policy, rules in (
        (True, strict, ["gate/newly-skipped"]),
        (False, strict, []),
        (True, Policy(), []),
        (False, Policy(), []),
    ):
        skip = NotInspected(b"a.js", "not_applicable", "a bundle", is_new=is_new)
        report = judged(run(skips=(skip,)), policy=policy)
        assert [item.finding.rule for item in report.findings] == rules
        assert outcome(report) == ("pass", 0, True)


def test_an_expected_scanner_without_a_run_is_an_error() -> None:
    report = judged(run(), expected=("code", "secrets"))
    assert outcome(report) == ("error", 3, False)
    assert report.errors == ("secrets returned no result",)
    assert outcome(judged(run(), expected=("code",))) == ("pass", 0, True)


def test_unverified_is_not_an_error_if_the_policy_says_warn() -> None:
    policy = Policy(dependencies=Dependencies(on_unverified="warn"))
    assert outcome(judged(UNVERIFIED, policy=policy)) == ("pass", 0, False)
    assert outcome(judged(UNVERIFIED, FAILED, policy=policy)) == ("error", 3, False)


def test_a_skipped_scanner_is_an_error_only_in_strict() -> None:
    assert outcome(judged(SKIPPED)) == ("pass", 0, False)
    report = judged(SKIPPED, policy=Policy(profile="strict"))
    assert outcome(report) == ("error", 3, False)
    assert report.errors == (
        "code was skipped, which the strict profile does not allow: --skip code",
    )


def test_an_unreadable_file_blocks_once() -> None:
    again = replace(UNREADABLE, scanner="secrets")
    report = judged(UNREADABLE, again)
    assert outcome(report) == ("fail", 1, False)
    (item,) = report.findings
    assert (item.finding.rule, item.level) == ("gate/unreadable", Level.BLOCK)
    assert item.finding.location == Location("file", b"b.py")
    assert item.finding.message.endswith(": its bytes are none")
    other = run(skips=(NotInspected(b"b.py", "unreadable", "another reason"),))
    (item,) = judged(UNREADABLE, other).findings
    (turned,) = judged(other, UNREADABLE).findings
    assert item.finding.message.endswith(": another reason; its bytes are none")
    assert item.fingerprint == turned.fingerprint
    whole = run(skips=(NotInspected(None, "unreadable", "the range"),))
    assert judged(whole).findings[0].finding.location.kind == "change"


def test_accepting_an_unreadable_file_covers_only_its_content() -> None:
    one, same, other = (
        judged(UNREADABLE, change=change_of({"b.py": data})).findings[0].fingerprint
        for data in (b"\xff", b"\xff", b"\xfe")
    )
    assert one == same
    assert one != other


def test_a_secret_in_a_file_name_is_masked() -> None:
    value = "q7Rk" * 5
    path = f"keys/{value}.txt".encode()
    place = Location("file", path)
    found = Finding(
        "secrets/x", place, "m", Severity.HIGH, Confidence.HIGH, secrets=(value,)
    )
    report = judged(
        run(found, scanner="secrets", skips=(NotInspected(path, "failed", "gone"),))
    )
    (item,) = report.findings
    assert item.finding.location.path == "keys/q7Rk…[20 characters].txt".encode()
    assert value.encode() not in (report.runs[0].not_inspected[0].path or b"")


def test_an_unreadable_file_can_be_ignored_or_only_advised() -> None:
    excepted = Policy(paths=(Allowance("b.py", ("gate/unreadable",), "a fixture"),))
    report = judged(UNREADABLE, policy=excepted)
    assert outcome(report) == ("pass", 0, False)
    assert (report.findings[0].state, report.findings[0].state_reason) == (
        "ignored",
        "a fixture",
    )
    wild = Policy(paths=(Allowance("b.py", ("*",), "not the gate's own"),))
    assert outcome(judged(UNREADABLE, policy=wild)) == ("fail", 1, False)
    assert outcome(judged(UNREADABLE, policy=Policy(profile="advisory"))) == (
        "pass",
        0,
        False,
    )


def test_ignores_expire() -> None:
    policy = Policy(ignores=(Ignore("code/*", "*.py", "legacy", "2026-06-30"),))
    report = judged(run(finding()), policy=policy, today="2026-06-30")
    (item,) = report.findings
    assert outcome(report) == ("pass", 0, True)
    assert (item.state, item.state_reason, item.state_expires, item.level) == (
        "ignored", "legacy", "2026-06-30", Level.BLOCK,
    )  # fmt: skip
    late = judged(run(finding()), policy=policy)
    assert outcome(late) == ("fail", 1, True)
    assert late.findings[0].state == "active"
    assert late.findings[0].state_reason == "ignore expired on 2026-06-30: legacy"


@pytest.mark.parametrize(("profile", "verdict"), [("advisory", "pass"), ("standard", "pass"),
                                                  ("strict", "fail")])  # fmt: skip
def test_a_change_of_the_policy_is_a_finding(profile: Any, verdict: str) -> None:
    change = change_of({".zt-gate.toml": "profile = 'advisory'"})
    report = judged(run(), change=change, policy=Policy(profile=profile))
    assert report.verdict.value == verdict
    (item,) = report.findings
    assert item.finding.rule == "gate/policy-changed"
    assert item.finding.location == Location("file", b".zt-gate.toml")
    other = judged(run(), change=change_of({".zt-gate.toml": "profile = 'strict'"}))
    assert other.findings[0].fingerprint != item.fingerprint


def test_options_are_checked_and_empty_ones_are_the_defaults() -> None:
    low = finding(confidence=Confidence.MEDIUM)
    assert judged(run(low), min_confidence="", fail_on="").verdict is Verdict.PASS
    assert judged(run(low), min_confidence="medium").verdict is Verdict.FAIL
    assert judged(run(low), fail_on="warn").verdict is Verdict.FAIL
    assert judged(run(low), fail_on="high").verdict is Verdict.FAIL
    assert judged(run(low), fail_on="critical").verdict is Verdict.PASS
    with pytest.raises(UsageError, match=r"--fail-on takes block, .*, not 'blok'"):
        JudgeOptions(today="2026-07-01", fail_on="blok")
    with pytest.raises(
        UsageError, match="--min-confidence takes high, medium, low, not 'sure'"
    ):
        JudgeOptions(today="2026-07-01", min_confidence="sure")


def test_the_report_names_the_policy() -> None:
    policy = Policy(rev="abc", digest="d" * 64, profile="strict")
    report = judged(run(), policy=policy, task="docs", seconds=1.5, shard=(2, 3))
    assert (report.policy.rev, report.policy.digest) == ("abc", "d" * 64)
    assert (report.policy.profile, report.policy.task) == ("strict", "docs")
    assert (report.seconds, report.shard, report.origin) == (1.5, (2, 3), Origin())


def test_findings_are_sorted_by_severity_then_location() -> None:
    ordered = [
        finding("code/b", b"a.py", 3),
        finding("code/a", b"b.py", 2),
        finding("code/b", b"b.py", 2),
        finding("code/a", b"b.py", 10),
        finding("code/a", b"\xff.py", 1),
        finding("code/a", b"a.py", 1, severity=Severity.LOW),
        finding("code/i", b"a.py", 1),
    ]
    policy = Policy(ignores=(Ignore("code/i", "**", "known"),))
    for some in list(permutations(ordered))[::701]:
        report = judged(run(*some), policy=policy)
        assert [item.finding for item in report.findings] == ordered


def test_duplicates_of_a_finding_are_reported_once_at_the_highest_level() -> None:
    mild = finding(confidence=Confidence.LOW)
    report = judged(run(mild), run(finding()), run(finding(), finding(line=2)))
    assert [(i.finding.location.line, i.level.value) for i in report.findings] == [
        (1, "block"), (2, "block"),
    ]  # fmt: skip
    two = [finding(subject="a"), finding(subject="b")]
    assert len(judged(run(*two)).findings) == 2


def spoken(report: Report) -> list[str]:
    """Return every text of a report except paths, rule ids and the rules' own texts."""
    texts = [*report.errors, *report.origin.evidence]
    for item in report.findings:
        found = item.finding
        assert found.secrets == ()
        texts += [
            found.message,
            found.why,
            found.remedy,
            found.fix or "",
            found.subject,
        ]
        texts += [item.state_reason, found.evidence.text if found.evidence else ""]
    for one in report.runs:
        assert one.findings == ()
        texts += [one.reason, *(skip.reason for skip in one.not_inspected)]
    return texts


def test_a_secret_of_one_scanner_is_masked_in_every_text_of_all_scanners() -> None:
    secret = finding(
        "secrets/key",
        secrets=(KEY,),
        evidence=Evidence(f"k = '{KEY}'", 5, 25),
        subject=KEY,
    )
    other = finding(
        message=f"m {KEY}", why=f"w {KEY}", remedy=f"r {KEY}", fix=f"f {KEY}",
        evidence=Evidence(f"eval('{KEY}')", 0, 4),
    )  # fmt: skip
    report = judged(
        run(secret, scanner="secrets"),
        run(other, skips=(NotInspected(b"c", "failed", f"s {KEY}"),)),
        run(status="error", reason=f"e {KEY}", scanner="injection"),
        origin=Origin(True, (f"o {KEY}",)),
        policy=Policy(ignores=(Ignore("code/*", "**", f"because {KEY}"),)),
    )
    texts = spoken(report)
    assert sum("AKIA…[20 characters]" in text for text in texts) >= 11
    assert KEY not in "\n".join(texts)
    assert KEY not in repr(report)
    evidence = report.findings[0].finding.evidence
    assert evidence is not None
    assert evidence.text[evidence.start : evidence.end] == "AKIA…[20 characters]"


def test_patterns_mask_even_if_no_scanner_ran() -> None:
    report = judged(
        run(status="error", reason=f"could not read {KEY}"),
        patterns=[re.compile("AKIA[A-Z]{16}")],
    )
    assert report.errors == ("code: could not read AKIA…[20 characters]",)


WORDS = st.text(alphabet="abK'\\\n /", min_size=1, max_size=20)
SEVERITIES, CONFIDENCES = st.sampled_from(Severity), st.sampled_from(Confidence)


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    secrets = tuple(draw(st.lists(WORDS, max_size=2)))
    words = st.sampled_from([*secrets, "ab", "K"])
    text = "".join(draw(st.lists(st.one_of(words, WORDS), max_size=6)))
    place = st.integers(0, 30)
    start, end = sorted((draw(place), draw(place)))
    return finding(
        draw(st.sampled_from(["code/x", "secrets/y"])),
        draw(st.sampled_from([b"a.py", b"vendor/b", b"\xff"])),
        draw(st.integers(1, 3)),
        message=text,
        remedy=text[::-1] + "".join(secrets),
        severity=draw(SEVERITIES),
        confidence=draw(CONFIDENCES),
        level=draw(st.sampled_from([None, None, *Level])),
        evidence=draw(st.sampled_from([None, Evidence(text, start, end)])),
        secrets=secrets,
        fix=draw(st.sampled_from([None, text])),
    )


SKIPS = st.builds(
    NotInspected,
    st.sampled_from([None, b"a.py", b"vendor/b"]),
    st.sampled_from(["not_applicable", "unreadable", "failed", "unverified"]),
    WORDS,
)
RUNS = st.builds(
    lambda status, found, skips, reason: run(
        *found, skips=tuple(skips), status=status, reason=reason
    ),
    st.sampled_from(["ok", "ok", "error", "skipped"]),
    st.lists(findings(), max_size=3),
    st.lists(SKIPS, max_size=2),
    WORDS,
)
POLICIES = st.builds(
    Policy,
    profile=st.sampled_from(["advisory", "standard", "strict"]),
    levels=st.dictionaries(
        st.sampled_from(["code", "secrets/y"]), st.sampled_from(Level)
    ),
    ignores=st.lists(
        st.sampled_from(
            [Ignore("*", "vendor/", "r"), Ignore("code/*", "**", "r", "2026-01-01")]
        )
    ).map(tuple),
    dependencies=st.sampled_from([Dependencies(), Dependencies(on_unverified="warn")]),
)
ORDER = {Verdict.PASS: 0, Verdict.ERROR: 1, Verdict.FAIL: 2}


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(RUNS, max_size=3), POLICIES)
def test_no_secret_is_in_any_text_of_a_report(
    runs: list[ScannerRun], policy: Policy
) -> None:
    report = judged(*runs, policy=policy)
    secrets = {
        s
        for one in runs
        for f in one.findings
        for s in f.secrets
        if len(s) >= MIN_LENGTH
    }
    texts = spoken(report)
    assert not [
        (secret, text) for secret in secrets for text in texts if secret in text
    ]


@settings(max_examples=examples(200), deadline=None)
@given(
    st.lists(RUNS, max_size=3),
    RUNS,
    findings(),
    POLICIES,
    st.sampled_from(["block", "high"]),
)
def test_further_findings_and_errors_never_improve_the_verdict(
    runs: list[ScannerRun],
    more: ScannerRun,
    extra: Finding,
    policy: Policy,
    fail_on: str,
) -> None:
    before = judged(*runs, policy=policy, fail_on=fail_on)
    for added in (more, run(status="error", reason="broken"), run(extra)):
        after = judged(*runs, added, policy=policy, fail_on=fail_on)
        assert ORDER[after.verdict] >= ORDER[before.verdict]
        assert after.complete <= before.complete
    assert (
        judged(*runs, run(status="error", reason="x"), policy=policy).verdict
        is not Verdict.PASS
    )


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(RUNS, max_size=3), POLICIES)
def test_a_pass_means_that_nothing_blocks_and_nothing_failed(
    runs: list[ScannerRun], policy: Policy
) -> None:
    report = judged(*runs, policy=policy)
    blocks = [
        i for i in report.findings if i.level is Level.BLOCK and i.state == "active"
    ]
    assert (report.verdict is Verdict.FAIL) == bool(blocks)
    assert (report.verdict is Verdict.ERROR) == (not blocks and bool(report.errors))
    assert (
        report.verdict.exit_code == {"pass": 0, "fail": 1, "error": 3}[report.verdict]
    )
    bad = [r for r in runs if r.status == "error"]
    assert report.verdict is not Verdict.PASS or not bad


def test_a_fingerprint_depends_on_what_was_found_not_where() -> None:
    line = Evidence("    eval( x )", 4, 13)
    moved = Evidence("\teval(\n x )  # now", 1, 11)
    base = finding(evidence=line)
    assert re.fullmatch(r"[0-9a-f]{32}", fingerprint(base))
    assert fingerprint(base) == fingerprint(
        finding(evidence=moved, line=99, message="other")
    )
    in_history = replace(base, location=Location("commit", b"a.py", commit="c" * 40))
    assert fingerprint(base) == fingerprint(in_history)
    different = [
        finding("code/y", evidence=line),
        finding(path=b"b.py", evidence=line),
        finding(evidence=Evidence("    Eval( x )", 4, 13)),
        finding(evidence=line, subject="y"),
        finding(location=Location("change")),
        finding(message="code/xa.py"),
    ]
    prints = {fingerprint(item) for item in (base, *different)}
    assert len(prints) == 7
    assert fingerprint(base, b"salt") != fingerprint(base)
    assert fingerprint(base, b"s" * 64) != fingerprint(base, b"s" * 65)


@given(
    st.lists(st.text(alphabet="ab(=", min_size=1), min_size=1),
    st.data(),
    st.integers(1, 9**6),
)
def test_a_fingerprint_survives_indentation_and_moves(
    words: list[str], data: st.DataObject, line: int
) -> None:
    blank = st.text(alphabet=" \t\n\r", min_size=1, max_size=4)
    texts = []
    for _ in range(2):
        gaps = [data.draw(blank) for _ in words]
        texts.append("".join(gap + word for gap, word in zip(gaps, words, strict=True)))
    one, two = (finding(evidence=Evidence(t, 0, len(t)), line=line) for t in texts)
    assert fingerprint(one) == fingerprint(
        replace(two, location=Location("line", b"a.py", 1))
    )


def test_masking_does_not_change_fingerprints() -> None:
    plain = finding(evidence=Evidence(f"x = {KEY}", 4, 24))
    secret = finding("secrets/key", secrets=(KEY,), subject="s")
    alone = judged(run(plain)).findings[0].fingerprint
    both = judged(run(plain, secret)).findings
    assert alone in {item.fingerprint for item in both}


def test_judge_and_policy_are_cheap_to_import() -> None:
    code = "import sys, zt_gate.review.judge, zt_gate.policy.load; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {
        "tomllib",
        "difflib",
        "json",
        "hashlib",
        "datetime",
        "urllib.parse",
        "argparse",
    }
    assert not heavy & set(done.stdout.split())


def test_a_new_rule_warns_says_so_and_keeps_its_final_level() -> None:
    new = replace(finding(), since="9999.0")
    report = judge(
        CLEAN,
        [run(new)],
        Policy(),
        JudgeOptions(today="2026-01-01"),
        tool=ToolInfo("zt-gate", "0.1.0", "0" * 64),
        rules=RULES,
    )
    (item,) = report.findings
    assert (report.verdict, item.level, item.final_level) == (
        Verdict.PASS,
        Level.WARN,
        Level.BLOCK,
    )
    assert "blocks from the next" in item.state_reason


def test_unparsed_rule_words_block_strict_where_unverified_only_warns() -> None:
    """A setting for registries does not excuse what the code scanner could not parse."""
    unparsed = NotInspected(
        b"a.py", "unsupported_syntax", "new syntax", has_rule_words=True
    )
    for on_unverified in ("warn", "error", None):
        policy = Policy(
            profile="strict", dependencies=Dependencies(on_unverified=on_unverified)
        )
        report = judged(run(skips=(unparsed,)), policy=policy)
        assert outcome(report) == ("error", 3, False)
        assert "code could not parse a.py" in report.errors[0]
    assert outcome(judged(run(skips=(unparsed,)))) == ("pass", 0, False)
