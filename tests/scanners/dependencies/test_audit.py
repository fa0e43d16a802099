"""``--audit all``: what became known of packages that the change does not touch."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.changes import change_of, context
from tests.support.registry import Registry
from tests.support.repo import GIT_ENV, Repo
from zt_gate import rulebook
from zt_gate.api import UsageError, Verdict
from zt_gate.api import scan as gate_scan
from zt_gate.scanners.dependencies import SCANNER
from zt_gate.scanners.dependencies.registries.osv import Package
from zt_gate.scanners.dependencies.second import _read_bulk
from zt_gate.scanners.dependencies.versions import in_npm_range

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from zt_gate.model.report import ScannerRun

RULES = rulebook.load("dependencies")
PINS = "flask==1.0\nrequests==2.0\n# a comment\ninhouse>=1\n"
LOCK = json.dumps(
    {
        "lockfileVersion": 3,
        "packages": {
            "": {"dependencies": {"express": "^4"}},
            "node_modules/express": {"version": "4.0.0"},
            "node_modules/a/node_modules/express": {"version": "3.0.0"},
        },
    }
)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as server:
        server.advisory("PYSEC-7", "PyPI", "flask", versions=("1.0",), fixed="1.2")
        server.advisory("GHSA-cccc", "npm", "express", versions=("3.0.0",), fixed="3.0.9")
        yield server


def scan(
    registry: Registry,
    tmp_path: Path,
    trusted: Mapping[bytes, str],
    new: dict[str, str | bytes | None] | None = None,
    **fields: Any,
) -> ScannerRun:
    kind = fields.pop("kind", "staged")
    here = context(
        RULES, tmp_path, environ=registry.environment(), cache_dir=tmp_path, audit_all=True,
        trusted_file=lambda path: trusted[path].encode() if path in trusted else None,
        trusted_paths=lambda: list(trusted), **fields,
    )  # fmt: skip
    change = change_of(new or {"a.txt": "x"}, {p.decode(): t for p, t in trusted.items()})
    return SCANNER.scan(dataclasses.replace(change, kind=kind), here)


def said(run: ScannerRun) -> list[tuple[str, bytes | None, int | None, str]]:
    return [
        (one.rule.partition("/")[2], one.location.path, one.location.line, one.location.kind)
        for one in run.findings
    ]


def test_everything_resolved_is_looked_up_where_nothing_was_added(
    registry: Registry, tmp_path: Path
) -> None:
    run = scan(registry, tmp_path, {b"requirements.txt": PINS, b"web/package-lock.json": LOCK})
    assert said(run) == [
        ("vulnerable", b"requirements.txt", 1, "file"),
        ("vulnerable", b"web/package-lock.json", 1, "file"),
    ]
    assert "3.0.0" in run.findings[1].message
    # One batch and two advisories; the registry is asked nothing about packages that were there.
    assert sorted(registry.asked()) == [
        "/osv/v1/querybatch", "/osv/v1/vulns/GHSA-cccc", "/osv/v1/vulns/PYSEC-7",
    ]  # fmt: skip
    assert [(one.kind, one.reason[:25]) for one in run.not_inspected] == [
        ("not_applicable", "--audit all: 1 declared p")
    ]


def test_the_new_side_of_what_changes_counts(registry: Registry, tmp_path: Path) -> None:
    run = scan(
        registry, tmp_path, {b"requirements.txt": PINS}, {"requirements.txt": "flask==1.2\n"}
    )
    assert (said(run), run.not_inspected) == ([], ())
    gone = scan(registry, tmp_path, {b"requirements.txt": PINS}, {"requirements.txt": None})
    assert (said(gone), gone.not_inspected) == ([], ())


def test_what_cannot_be_read_or_listed_is_told(registry: Registry, tmp_path: Path) -> None:
    run = scan(registry, tmp_path, {b"package.json": "{", b"requirements.txt": PINS})
    assert [one.kind for one in run.not_inspected] == ["failed", "not_applicable"]
    assert [rule for rule, *_ in said(run)] == ["vulnerable"]
    unknown = context(RULES, tmp_path, environ=registry.environment(), audit_all=True)
    nowhere = SCANNER.scan(change_of({"a.txt": "x"}), unknown)
    assert [one.kind for one in nowhere.not_inspected] == ["failed"]


def test_a_private_name_is_asked_about_nowhere(registry: Registry, tmp_path: Path) -> None:
    with Registry() as private:
        environ = {**registry.environment(), "PIP_EXTRA_INDEX_URL": private.pypi_url}
        here = context(
            RULES, tmp_path, environ=environ, cache_dir=tmp_path, audit_all=True,
            trusted_file=lambda _: b"inhouse-kit==1.0\n", trusted_paths=lambda: [b"pins.txt",
            b"requirements.txt"],
        )  # fmt: skip
        SCANNER.scan(change_of({"a.txt": "x"}), here)
        assert (registry.asked(), private.asked()) == ([], [])


@pytest.mark.slow
def test_a_range_has_both_second_opinions_on_everything(registry: Registry, tmp_path: Path) -> None:
    files = {b"a/requirements.txt": PINS, b"b/requirements.txt": "flask==1.2\n",
             b"package-lock.json": LOCK}  # fmt: skip
    run = scan(registry, tmp_path, files, kind="range")
    assert [one for one in said(run) if one[0] == "vulnerable"] == [
        ("vulnerable", b"a/requirements.txt", 1, "file"),
        ("vulnerable", b"package-lock.json", 1, "file"),
    ]
    assert registry.asked().count("/osv/v1/query") == 3  # flask in both versions, and requests
    assert "/npm/-/npm/v1/security/advisories/bulk" in registry.asked()
    assert not [one for one in run.not_inspected if one.kind != "not_applicable"]


def test_an_answer_about_a_name_is_held_against_each_version() -> None:
    old, new = Package("npm", "x", "1.0.0"), Package("npm", "x", "2.0.0-rc.1")
    listed = [{"id": 1, "vulnerable_versions": "<1.5.0 || >=3"}]
    assert [one for one, _ in _read_bulk({"x": listed}, {"x": [old, new]})] == [old]
    odd = [{"id": 1, "vulnerable_versions": "whatever"}]
    assert [one for one, _ in _read_bulk({"x": odd}, {"x": [old, new]})] == [old, new]
    assert in_npm_range("2.0.0-rc.1", "<2.0.0") is True
    assert in_npm_range("2.0.0", "<2.0.0") is False


def test_the_option_reaches_the_scanner(registry: Registry, tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.write("requirements.txt", "flask==1.0\n")
    repo.commit()
    environ = {**GIT_ENV, **registry.environment(), "HOME": str(tmp_path)}
    asked: dict[str, Any] = {"scanners": ["dependencies"], "environ": environ}
    assert gate_scan(repo.path, **asked).verdict is Verdict.PASS
    report = gate_scan(repo.path, audit="all", **asked)
    assert report.verdict is Verdict.FAIL
    assert [one.finding.rule for one in report.findings] == ["dependencies/vulnerable"]
    tree = gate_scan(repo.path, tree=[], audit="all", **asked)
    assert [one.finding.rule for one in tree.findings] == ["dependencies/vulnerable"]
    for word, offline in (("some", False), ("all", True)):
        with pytest.raises(UsageError, match="--audit"):
            gate_scan(repo.path, audit=word, offline=offline, **asked)
