"""The scratch project of ``npm audit``, and what is read from its answer."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.offenders import each_of
from zt_gate.ecosystems.registries.osv import PackageQuery
from zt_gate.ecosystems.registries.package_index import Index
from zt_gate.scanners.dependencies.npm_audit import (
    NpmAuditError,
    advisories,
    write_project,
)

if TYPE_CHECKING:
    from pathlib import Path

INDEX = Index("https://corp.example/npm", authorization="Bearer " + "t" * 8)


def test_the_scratch_project(tmp_path: Path) -> None:
    versions = ("1.0.0", "2.0.0", "3.0.0")
    packages = [PackageQuery("npm", "a", version) for version in versions]
    write_project(tmp_path, INDEX, [*packages, PackageQuery("npm", "@s/b", "1.0.0")])
    lock = json.loads((tmp_path / "package-lock.json").read_text())
    assert {place: one["version"] for place, one in lock["packages"].items()} == {
        "": "0.0.0",
        "node_modules/a": "1.0.0",
        "node_modules/a/node_modules/a": "2.0.0",
        "node_modules/a/node_modules/a/node_modules/a": "3.0.0",
        "node_modules/@s/b": "1.0.0",
    }
    settings = tmp_path / "settings"
    assert settings.read_text() == (
        "registry=https://corp.example/npm/\n"
        f"//corp.example/npm/:_authToken={'t' * 8}\n"
    )
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600


def test_advisories_of_the_packages_themselves() -> None:
    flaw = {"name": "a", "url": "https://x.example/GHSA-a", "range": "<2.0.0"}
    answer = {
        "vulnerabilities": {
            "a": {"via": [flaw]},
            "b": {"via": ["a", flaw]},
            "c": {"via": None},
        }
    }
    assert advisories(json.dumps(answer).encode()) == {
        "a": [{**flaw, "vulnerable_versions": "<2.0.0"}]
    }


@each_of(
    "answer",
    [
        {"error": {"code": "ENOAUDIT", "summary": "no"}},
        {"error": {"code": "E404"}},
        {"message": "not found", "statusCode": 404},
    ],
)
def test_a_registry_without_the_endpoint_has_none(answer: dict[str, Any]) -> None:
    assert advisories(json.dumps(answer).encode()) == {}


@each_of(
    ("output", "message"),
    [
        (b"", "gave no JSON"),
        (b"[]", "gave an unexpected answer"),
        (b'{"vulnerabilities": 1}', "gave an unexpected answer"),
        (b'{"error": {"code": "E500"}}', "failed (E500)"),
        (b'{"message": "it is down"}', "failed ('it is down')"),
        (b"{}", "failed"),
    ],
)
def test_any_other_answer_is_an_error(output: bytes, message: str) -> None:
    with pytest.raises(NpmAuditError) as caught:
        advisories(output)
    assert str(caught.value) == message


@given(st.recursive(st.none() | st.text() | st.integers(),
                    lambda inner: st.lists(inner) | st.dictionaries(
                        st.sampled_from(("vulnerabilities", "a", "via", "name", "range")),
                        inner)))  # fmt: skip
def test_no_answer_is_a_crash(answer: object) -> None:
    try:
        found = advisories(json.dumps(answer).encode())
    except NpmAuditError:
        return
    assert all(isinstance(items, list) for items in found.values())
