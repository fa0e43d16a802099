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

FILES = [Path(__file__).parents[3] / "bench" / "code_cases" / "javascript.txt"]


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
    assert {path for path in texts if path.startswith("vulnerable/")} == hits


def _families(finding: Finding) -> frozenset[int]:
    return families(int(number.removeprefix("CWE-")) for number in finding.cwe)
