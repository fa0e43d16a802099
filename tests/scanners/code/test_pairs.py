"""The collected pairs: each vulnerable form is found, and its safe form is not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench import code_pairs
from bench.code_peers import families

if TYPE_CHECKING:
    from tests.scanners.code.scanning import Scan
    from zt_gate.model.finding import Finding

FOLDER = Path(__file__).parents[3] / "bench" / "code_cases"
FILES = [FOLDER / name for name in ("javascript.txt", "guards.txt", "kinds.txt")]
#: What the rules do not see: a template of a parameter's field as a file's name, and a list
#: of hosts that is a field of the decoded body.
MISSED = {
    "vulnerable/ts-throw-guard.ts",
    "vulnerable/go-hostname-list-from-request.go",
}


def test_pairs_have_a_name_of_their_own_and_two_different_forms() -> None:
    for file in FILES:
        pairs = list(code_pairs.read(file))
        assert len({pair.name for pair in pairs}) == len(pairs) >= 60
        assert all(pair.vulnerable != pair.safe for pair in pairs)


def test_a_third_of_the_pairs_is_held_back() -> None:
    for file in FILES:
        parts = [pair.part for pair in code_pairs.read(file)]
        assert 0.2 < parts.count("held-back") / len(parts) < 0.45


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_seen_pairs_are_told_apart(scan: Scan, file: Path) -> None:
    texts: dict[str, str] = {}
    pairs = {pair.name: pair for pair in code_pairs.read(file) if pair.part == "seen"}
    for pair in pairs.values():
        texts[f"vulnerable/{pair.name}.{pair.extension}"] = pair.vulnerable
        texts[f"safe/{pair.name}.{pair.extension}"] = pair.safe
    run = scan(texts)
    assert run.status == "ok"
    hits: set[str] = set()
    for finding in run.findings:
        path = os.fsdecode(finding.location.path or b"")
        name = path.split("/")[1].partition(".")[0]
        if finding.confidence != "low" and _families(finding) & families(
            pairs[name].cwe
        ):
            hits.add(path)
    wanted = {path for path in texts if path.startswith("vulnerable/")}
    assert wanted - MISSED == hits - MISSED


def _families(finding: Finding) -> frozenset[int]:
    return families(int(number.removeprefix("CWE-")) for number in finding.cwe)


@pytest.mark.slow
def test_checks_that_do_not_hold_are_no_checks(scan: Scan) -> None:
    texts: dict[str, str] = {}
    silent: set[str] = set()
    for part in (FOLDER / "attacks.txt").read_text("utf-8").split("\n=== ")[1:]:
        head, _, text = part.partition("\n")
        name, extension, *more = head.split(" | ")
        # A folder for each: files of the same name would be read together.
        path = f"{name}/handler.{extension}"
        texts[path] = f"{text}\n"
        if more == ["silent"]:
            silent.add(path)
    run = scan(texts)
    assert run.status == "ok"
    found = {
        os.fsdecode(finding.location.path or b"")
        for finding in run.findings
        if finding.confidence != "low"
    }
    assert texts.keys() - found == silent
