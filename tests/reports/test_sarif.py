from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from hypothesis import given

from tests.reports.snapshot import same_as_snapshot
from tests.reports.strategies import reports
from tests.support import reports as make
from zt_gate.model.finding import Level
from zt_gate.model.report import Report, Verdict
from zt_gate.reports import render


def run_of(report: Report) -> dict[str, Any]:
    data = render("sarif", report)
    assert data.isascii()
    assert b"##[" not in data
    log: dict[str, Any] = json.loads(data)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    check(run)
    return dict(run)


def check(run: dict[str, Any]) -> None:
    """Hold a run to what code scanning requires, and to the standard's own rules on it."""
    driver = run["tool"]["driver"]
    assert driver["name"]
    assert driver["rules"]
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        check_rule(rule)
    hashes = [
        result["partialFingerprints"]["primaryLocationLineHash"]
        for result in run["results"]
    ]
    assert len(hashes) == len(set(hashes))
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        assert "suppressions" in result
        (location,) = result["locations"]
        check_location(location["physicalLocation"])
    (invocation,) = run["invocations"]
    for note in invocation["toolExecutionNotifications"]:
        assert note["message"]["text"]
        assert note["level"] in {"error", "warning", "note"}
        index = note["descriptor"]["index"]
        assert driver["notifications"][index]["id"] == note["descriptor"]["id"]
    assert run["automationDetails"]["id"].endswith("/")
    assert run["columnKind"] == "unicodeCodePoints"
    assert len(run["results"]) <= 5000


def check_rule(rule: dict[str, Any]) -> None:
    assert rule["id"]
    for part in ("shortDescription", "fullDescription"):
        assert rule[part]["text"]
    assert rule["help"]["text"]
    assert rule["help"]["markdown"]
    properties = rule["properties"]
    assert 0.1 <= float(properties["security-severity"]) <= 10.0
    assert isinstance(properties["security-severity"], str)
    assert properties["precision"] in {"very-high", "high", "medium", "low"}
    assert "security" in properties["tags"]
    assert len(properties["tags"]) <= 20
    assert all(properties["tags"])


def check_location(physical: dict[str, Any]) -> None:
    uri = physical["artifactLocation"]["uri"]
    assert uri
    assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", uri)
    assert not urlsplit(uri).scheme
    assert not uri.startswith("/")
    region = physical["region"]
    numbers = [
        region[key] for key in ("startLine", "startColumn", "endLine", "endColumn")
    ]
    assert all(isinstance(number, int) and number >= 1 for number in numbers)
    assert (region["endLine"], region["endColumn"]) >= (
        region["startLine"],
        region["startColumn"],
    )


@pytest.mark.parametrize("name", ["report", "failing", "incomplete", "hostile"])
def test_what_code_scanning_requires(name: str) -> None:
    report = getattr(make, name)()
    run_of(report)
    if name != "hostile":
        same_as_snapshot(f"sarif-{name}.json", render("sarif", report))


@given(reports())
def test_any_report_is_valid(report: Report) -> None:
    run = run_of(report)
    assert run["properties"]["verdict"] == report.verdict.value
    assert len(run["results"]) == len(report.findings)


def test_a_result() -> None:
    run = run_of(make.failing())
    by_rule = {result["ruleId"]: result for result in run["results"]}
    sql = by_rule["code/sql-injection"]
    assert sql["level"] == "error"
    assert sql["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 12,
        "startColumn": 16,
        "endLine": 12,
        "endColumn": 32,
        "snippet": {"text": '"SELECT * FROM users WHERE name = "'},
    }
    assert sql["partialFingerprints"]["primaryLocationLineHash"] == "bb" * 16 + ":1"
    assert sql["suppressions"] == []
    (rule,) = (
        r for r in run["tool"]["driver"]["rules"] if r["id"] == "code/sql-injection"
    )
    assert rule["shortDescription"]["text"] == "Sql injection"
    assert rule["properties"]["tags"] == ["security", "code", "external/cwe/cwe-089"]
    assert rule["properties"]["security-severity"] == "8.0"


def test_waived_results_are_suppressed() -> None:
    run = run_of(make.failing())
    waived = {r["properties"]["state"]: r["suppressions"] for r in run["results"]}
    assert waived["active"] == []
    (ignored,) = waived["ignored"]
    assert ignored["kind"] == "external"
    assert ignored["justification"] == (
        "ignored: A quotation in the security guide: until 2027-01-31"
    )
    assert waived["baseline"][0]["justification"] == "baseline"


def test_findings_without_a_path_stand_somewhere() -> None:
    commit = make.finding(
        path=None, line=None, column=None, kind="commit", commit="9fceb02d0a"
    )
    change = make.finding(path=None, line=None, column=None, kind="change")
    run = run_of(make.report(findings=(make.judged(commit), make.judged(change))))
    uris = {
        r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for r in run["results"]
    }
    assert uris == {"commit-message", "change-as-a-whole"}
    assert {r["message"]["text"].rpartition(" (")[2] for r in run["results"]} == {
        "commit 9fceb02d0a)",
        "the change)",
    }


def test_equal_fingerprints_are_told_apart() -> None:
    run = run_of(
        make.report(findings=(make.judged(), make.judged(make.finding(line=20))))
    )
    assert [
        r["partialFingerprints"]["primaryLocationLineHash"][-2:] for r in run["results"]
    ] == [
        ":1",
        ":2",
    ]


def test_a_fix_needs_a_whole_region() -> None:
    whole = make.judged(make.finding(fix="x\ty\n"))
    half = make.judged(make.finding(fix="x", end_column=None))
    fixes = [
        r.get("fixes") for r in run_of(make.report(findings=(whole, half)))["results"]
    ]
    replacement = fixes[0][0]["artifactChanges"][0]["replacements"][0]
    assert replacement["insertedContent"]["text"] == "x\ty\n"
    assert fixes[1] is None


def test_five_thousand_are_kept_the_worst_first() -> None:
    findings = tuple(
        make.judged(
            make.finding(line=n + 1), Level.BLOCK if n == 5999 else Level.WARN, f"{n}"
        )
        for n in range(6000)
    )
    run = run_of(make.report(verdict=Verdict.FAIL, findings=findings))
    assert len(run["results"]) == 5000
    assert run["results"][0]["level"] == "error"
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert notes[-1]["message"]["text"].startswith("1000 results were left out")


def test_an_incomplete_run_is_no_success() -> None:
    invocation = run_of(make.incomplete())["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 3
    texts = [n["message"]["text"] for n in invocation["toolExecutionNotifications"]]
    assert "the audit log could not be written" in texts
    assert (
        "dependencies: package.json: left-pad: the registry said 503 (unverified)"
        in texts
    )
    levels = {n["level"] for n in invocation["toolExecutionNotifications"]}
    assert levels == {"error", "note"}


def test_hostile_paths_come_back() -> None:
    results = run_of(make.hostile())["results"]
    found = {
        unquote_to_bytes(
            r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        )
        for r in results
    }
    assert found == set(make.HOSTILE.values())


def test_a_message_makes_no_link_of_itself() -> None:
    finding = make.finding(message="see [docs](http://x.example) and [0]")
    (result,) = run_of(make.report(findings=(make.judged(finding),)))["results"]
    assert result["message"]["text"] == r"see \[docs\](http://x.example) and \[0\]"


def test_tags_are_twenty_at_most() -> None:
    finding = make.finding(cwe=tuple(f"CWE-{n}" for n in range(1, 60)))
    run = run_of(make.report(findings=(make.judged(finding),)))
    assert len(run["tool"]["driver"]["rules"][0]["properties"]["tags"]) == 20
