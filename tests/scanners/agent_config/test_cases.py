"""Files shaped as in incidents block; honest files do not; every rule's own examples hold.

The texts stand in TOML files beside this one and under ``rules/``: as data,
not as code that the gate would find in its own tests.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.changes import change_of, file_change
from tests.support.offenders import each_of
from zt_gate import rulebook
from zt_gate.model.change import MODE_SYMLINK, ChangeSet
from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import registry_hosts

if TYPE_CHECKING:
    from tests.scanners.agent_config.conftest import Scan, ScanChange
    from zt_gate.model.report import ScannerRun

HERE = Path(__file__).parent


def cases(name: str) -> list[dict[str, str]]:
    read: list[dict[str, str]] = tomllib.loads((HERE / name).read_text("utf-8"))["case"]
    return [{key: value.lstrip("\n") for key, value in case.items()} for case in read]


INCIDENTS, HONEST = cases("incidents.toml"), cases("honest.toml")
RULES = rulebook.load_with_examples("agent_config")
FIND = [(rule, ex) for rule in RULES.values() for ex in rule.data["examples"]["find"]]
IGNORE = [
    (rule, ex) for rule in RULES.values() for ex in rule.data["examples"]["ignore"]
]


def blocks(run: ScannerRun) -> list[str]:
    return [finding.message for finding in run.findings if finding.level is Level.BLOCK]


def run_of(scan_change: ScanChange, case: dict[str, Any]) -> ScannerRun:
    if "link" in case:
        link = file_change(case["path"], case["link"], new_mode=MODE_SYMLINK)
        return scan_change(ChangeSet("staged", "0" * 40, "index", "0" * 64, (link,)))
    old = {case["path"]: case["old"]} if "old" in case else None
    return scan_change(change_of({case["path"]: case["text"]}, old))


@each_of("case", INCIDENTS, ids=lambda case: case["name"])
def test_incidents_block(scan_change: ScanChange, case: dict[str, str]) -> None:
    run = run_of(scan_change, case)
    assert blocks(run)
    assert run.not_inspected == ()
    for finding in run.findings:
        assert finding.evidence is not None
        evidence = finding.evidence
        assert 0 <= evidence.start < evidence.end <= len(evidence.text)


@each_of("case", HONEST, ids=lambda case: case["name"])
def test_honest_files_do_not_block(
    scan_change: ScanChange, case: dict[str, str]
) -> None:
    run = run_of(scan_change, case)
    assert blocks(run) == []
    assert run.not_inspected == ()


@each_of("case", INCIDENTS, ids=lambda case: case["name"])
def test_old_settings_are_not_reported(scan: Scan, case: dict[str, str]) -> None:
    text = case["text"]
    tail = (
        "\n" if case["path"].endswith((".json", ".yml", ".yaml", ".toml")) else text[-1]
    )
    assert scan(case["path"], text + tail, text).findings == ()


@each_of(
    ("rule", "example"), FIND, ids=[f"{r.id}-{n}" for n, (r, _) in enumerate(FIND)]
)
def test_examples_are_found(
    scan_change: ScanChange, rule: Any, example: dict[str, str]
) -> None:
    found = {finding.rule for finding in run_of(scan_change, example).findings}
    assert example.get("as", rule.id) in found


@each_of(
    ("rule", "example"), IGNORE, ids=[f"{r.id}-{n}" for n, (r, _) in enumerate(IGNORE)]
)
def test_counter_examples_are_not(
    scan_change: ScanChange, rule: Any, example: dict[str, str]
) -> None:
    run = run_of(scan_change, example)
    assert rule.id not in {finding.rule for finding in run.findings}
    assert blocks(run) == []
    assert run.not_inspected == ()


def test_the_official_registries_are_quiet(scan: Scan) -> None:
    hosts = sorted(registry_hosts.official())
    assert hosts
    for host in hosts:
        assert scan(".npmrc", f"registry=https://{host}/\n").findings == ()
        assert (
            scan("pip.conf", f"[global]\nindex-url = https://{host}/simple\n").findings
            == ()
        )


def test_a_look_alike_of_an_official_registry_blocks(scan: Scan) -> None:
    host = min(registry_hosts.official())
    assert blocks(scan(".npmrc", f"registry=https://{host}.example.net/\n"))
