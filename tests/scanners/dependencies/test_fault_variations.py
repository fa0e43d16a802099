"""Variations of faults that users of dependency tools reported, by kind and ecosystem.

Each case of ``fault_variations.json`` has the files that the trusted side has, the files
of the change, and the names that a registry would be asked for.  Without a network each
of those is unverified, so a name of the repository's own that is among them would have
left the house.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.changes import change_of, context
from zt_gate import rulebook
from zt_gate.scanners.dependencies import SCANNER

RULES = rulebook.load("dependencies")
CASES = json.loads(Path(__file__).with_name("fault_variations.json").read_bytes())


@pytest.mark.parametrize("name", CASES)
def test_a_variation_asks_for_no_more_and_no_less(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    changed = set(case["files"])
    before = {path: text.encode() for path, text in case["before"].items()}
    here = context(
        RULES,
        tmp_path,
        offline=True,
        trusted_file=lambda path: before.get(path.decode()),
        trusted_paths=lambda: [path.encode() for path in before],
    )
    old = {path: case["before"][path] for path in changed & set(case["before"])}
    run = SCANNER.scan(change_of(case["files"], old), here)
    assert run.status == "ok", run.reason
    asked = {
        finding.message.split(" ")[0]
        for finding in run.findings
        if finding.rule == "dependencies/unverified"
    }
    assert asked == set(case["asked"])
    listed = " ".join(item.reason for item in run.not_inspected)
    assert case.get("listed", "") in listed
    kinds = {item.kind for item in run.not_inspected}
    assert kinds <= {"unverified", "not_applicable"}


def test_a_workspace_of_many_packages_asks_for_none_of_them(tmp_path: Path) -> None:
    before = {"package.json": b'{"private":true,"workspaces":["packages/*"]}'}
    for number in range(300):
        name = b'{"name":"@s/p%d"}' % number
        before[f"packages/p{number}/package.json"] = name
    here = context(
        RULES,
        tmp_path,
        offline=True,
        trusted_file=lambda path: before.get(path.decode()),
        trusted_paths=lambda: [path.encode() for path in before],
    )
    new = '{"name":"@s/p1","dependencies":{"@s/p299":"1","@s/p250":"*"}}'
    change = change_of(
        {"packages/p1/package.json": new},
        {"packages/p1/package.json": '{"name":"@s/p1"}'},
    )
    assert SCANNER.scan(change, here).findings == ()
