"""Fifteen faults in every ecosystem with a registry.

Nothing unsafe is ok, and nothing that exists is missing.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.changes import change_of, context
from tests.support.other_registries import example_name
from tests.support.registry import Fault, Registry
from zt_gate import rulebook
from zt_gate.ecosystems import ecosystem_named, supported
from zt_gate.scanners.dependencies import SCANNER

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.report import ScannerRun

RULES = rulebook.load("dependencies")
FAULTS: tuple[Fault, ...] = (
    "404", "429", "500", "reset", "slow", "cut", "html", "empty", "wrong-name", "redirect",
    "huge", "portal", "expired", "no-date", "no-etag",
)  # fmt: skip
# The first must not pass, the second must not be called missing.
WORDS = ("fresh", "old")
#: Ecosystem → the version that is asked for, where a manifest must name one.
SAMPLE_VERSIONS = {"golang": "v1.0.0", "maven": "1.0.0"}
#: The versions of a gem do not say whose they are: another package's answer is not noticed.
NAMELESS = {("gem", "wrong-name")}


def names_in(ecosystem: str) -> tuple[str, ...]:
    return tuple(example_name(ecosystem, word) for word in WORDS)


def scan(
    registry: Registry, tmp_path: Path, ecosystem: str, seconds: float
) -> ScannerRun:
    sample = ecosystem_named(ecosystem).sample
    assert sample is not None
    packages = [
        (name, SAMPLE_VERSIONS.get(ecosystem, "")) for name in names_in(ecosystem)
    ]
    text = "\n".join(sample.lines(packages)) + "\n"
    environ = {**registry.environment(), **registry.trust()}
    deadline = time.monotonic() + seconds
    here = context(
        RULES,
        tmp_path,
        environ=environ,
        cache_dir=tmp_path,
        deadline=deadline,
        registries=registry.policy(),
    )
    return SCANNER.scan(change_of({sample.file: text}), here)


def fill(registry: Registry, ecosystem: str) -> None:
    fresh, old = names_in(ecosystem)
    registry.add(ecosystem, fresh, days=3)
    registry.add(ecosystem, old, days=900, modified_days=1)


def under(case: tuple[str, Fault], tmp_path: Path) -> list[str]:
    """Return what is said of both packages under one fault."""
    ecosystem, fault = case
    folder = tmp_path / f"{ecosystem}-{fault}"
    folder.mkdir()
    with Registry(tls="expired" if fault == "expired" else "") as registry:
        fill(registry, ecosystem)
        if fault != "expired":
            registry.fault(fault, part="index")
        seconds = 20 if fault == "no-etag" or case in NAMELESS else 2.5
        run = scan(registry, folder, ecosystem, seconds)
    return [f"{one.rule} {one.message}" for one in run.findings]


@pytest.mark.slow
def test_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zt_gate.scanners.dependencies.scan._TOTAL_SECONDS", 20.0)
    cases = [(ecosystem, fault) for ecosystem in supported() for fault in FAULTS]
    unsafe: list[str] = []
    false_missing: list[str] = []
    with ThreadPoolExecutor(6) as pool:  # most of the time is waited
        results = list(pool.map(lambda case: under(case, tmp_path), cases))
    for (ecosystem, fault), said in zip(cases, results, strict=True):
        if not any(names_in(ecosystem)[0] in line for line in said):
            unsafe.append(f"{ecosystem} {fault}")
        false_missing += [
            line for line in said if line.startswith("dependencies/missing")
        ]
        # Without dates a young package may not pass; without ETags nothing changes.
        is_answer = fault == "no-etag" or (ecosystem, fault) in NAMELESS
        expected = "too-new" if is_answer else "unverified"
        assert all(f"dependencies/{expected} " in line for line in said), (
            ecosystem,
            fault,
            said,
        )
    with capsys.disabled():
        print(f"\n{len(FAULTS)} faults × {len(supported())}: {len(unsafe)} unsafe ok,"
              f" {len(false_missing)} false missing")  # fmt: skip
    assert (unsafe, false_missing) == ([], [])


@pytest.mark.parametrize("ecosystem", supported())
@pytest.mark.parametrize("tls", ["", "good"])
def test_a_healthy_registry_leaves_nothing_unverified(
    tmp_path: Path, ecosystem: str, tls: str
) -> None:
    with Registry(tls="good" if tls else "") as registry:
        fill(registry, ecosystem)
        run = scan(registry, tmp_path, ecosystem, 10)
    assert [finding.rule for finding in run.findings] == ["dependencies/too-new"]
    assert run.not_inspected == ()


def test_an_authority_that_nobody_trusts_is_no_answer(tmp_path: Path) -> None:
    with Registry(tls="good") as registry:
        fill(registry, "pypi")
        registry.trust = dict  # type: ignore[method-assign]
        run = scan(registry, tmp_path, "pypi", 3)
    assert {finding.rule for finding in run.findings} == {"dependencies/unverified"}
    assert "not trusted" in run.findings[0].message


def ask(registry: Registry, tmp_path: Path, count: int) -> ScannerRun:
    names = [f"zzinhouse-{n}-kit" for n in range(count)]
    for name in names:
        registry.pypi(name)
    here = context(RULES, tmp_path, environ=registry.environment(), cache_dir=tmp_path)
    return SCANNER.scan(change_of({"requirements.txt": "\n".join(names)}), here)


def test_a_few_names_take_two_round_trips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zt_gate.scanners.dependencies.scan._TOTAL_SECONDS", 50.0)
    with Registry() as registry:
        # The server answers none of the first nine before all have come: five names,
        # the first three counts (more would be throttled) and the batch of advisories.
        registry.behaviour.together = 9
        run = ask(registry, tmp_path, 5)
        assert (
            len(registry.asked()) == 11
        )  # the second round trip has the other two counts
        assert registry.connections == 9
    assert (run.findings, run.not_inspected) == ((), ())


def test_many_names_take_one_request_each_and_few_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zt_gate.scanners.dependencies.scan._TOTAL_SECONDS", 50.0)
    with Registry() as registry:
        run = ask(registry, tmp_path, 200)
        asked = registry.asked()
        index = [path for path in asked if path.startswith("/simple/")]
        counts = [path for path in asked if path.startswith("/stats/")]
        assert len(index) == len(set(index)) == 200
        assert len(counts) == len(set(counts)) == 200
        assert len(asked) == 401  # and the batch
        # Eight for the names, five for the counts, one for the batch, each used again.
        assert registry.connections <= 14
    assert (run.findings, run.not_inspected) == ((), ())
