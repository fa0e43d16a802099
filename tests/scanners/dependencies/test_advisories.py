"""The severity of advisories that have a vector only, and advisories that were withdrawn."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from tests.support.changes import change_of, context
from tests.support.registry import Registry
from zt_gate import rulebook
from zt_gate.scanners.dependencies import SCANNER

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.report import ScannerRun

RULES = rulebook.load("dependencies")
V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:{0}/VI:{0}/VA:N/SC:N/SI:N/SA:N"
V3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:{0}/I:{0}/A:N"


def scan(registry: Registry, tmp_path: Path, kind: str = "staged") -> ScannerRun:
    change = change_of(
        {
            "requirements.txt": "flask==1.0\n",
            "package.json": '{"dependencies": {"express": "3.0.0"}}',
        }
    )
    here = context(RULES, tmp_path, environ=registry.environment(), cache_dir=tmp_path)
    return SCANNER.scan(dataclasses.replace(change, kind=kind), here)


def said(run: ScannerRun) -> list[tuple[str, str | None]]:
    return [
        (finding.rule.partition("/")[2], finding.severity)
        for finding in run.findings
        if "flask" in finding.message or "express" in finding.message
    ]


@pytest.mark.parametrize(
    ("vectors", "severity"),
    [
        ((V4.format("H"),), "critical"),
        ((V4.format("L"),), "medium"),
        ((V3.format("H"),), "critical"),
        ((V3.format("L"),), "medium"),
        ((V3.format("L"), V4.format("H")), "critical"),
        (("CVSS:4.0/nonsense", V3.format("L")), "medium"),
    ],
)
def test_a_vector_gives_the_severity(
    tmp_path: Path, vectors: tuple[str, ...], severity: str
) -> None:
    """Version 4 had no score here, so such an advisory had no severity of its own."""
    with Registry() as registry:
        registry.advisory("PYSEC-7", "PyPI", "flask", severity="", vectors=vectors)
        assert said(scan(registry, tmp_path)) == [("vulnerable", severity)]


def test_a_word_comes_before_a_vector(tmp_path: Path) -> None:
    with Registry() as registry:
        registry.advisory(
            "PYSEC-7", "PyPI", "flask", severity="LOW", vectors=(V4.format("H"),)
        )
        assert said(scan(registry, tmp_path)) == [("vulnerable", "low")]


@pytest.mark.parametrize("kind", ["staged", "range"])
@pytest.mark.parametrize(
    ("name", "ecosystem", "package"),
    [
        ("PYSEC-7", "PyPI", "flask"),
        ("MAL-2026-1", "PyPI", "flask"),
        ("GHSA-cccc-dddd-eeee", "npm", "express"),
        ("MAL-2026-2", "npm", "express"),
    ],
)
def test_a_withdrawn_advisory_is_none(
    tmp_path: Path, kind: str, name: str, ecosystem: str, package: str
) -> None:
    """Also where another client still reports it: npm's own endpoint, in a range."""
    with Registry() as registry:
        registry.advisory(name, ecosystem, package, fixed="9", withdrawn=True)
        assert said(scan(registry, tmp_path, kind)) == []
        if kind == "range" and ecosystem == "npm":
            assert any("advisories/bulk" in path for path in registry.asked())


def test_one_that_is_alive_counts_beside_a_withdrawn_one(tmp_path: Path) -> None:
    with Registry() as registry:
        registry.advisory("PYSEC-7", "PyPI", "flask", withdrawn=True)
        registry.advisory("PYSEC-8", "PyPI", "flask", aliases=("PYSEC-7",))
        assert said(scan(registry, tmp_path)) == [("vulnerable", "high")]
