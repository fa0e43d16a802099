"""Judging packages before a change adds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.registry import Registry
from tests.support.repo import GIT_ENV, Repo
from zt_gate.api import Verdict, verify_dependency
from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifests import reader_for
from zt_gate.errors import UsageError
from zt_gate.review import packages as verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as server:
        server.pypi("zzinhouse-kit", days=900)
        server.npm("@zz/kit", days=900)
        yield server


def ask(registry: Registry, tmp_path: Path, purl: str, **fields: Any) -> Any:
    environ = {**registry.environment(), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    return verify_dependency(purl, folder=tmp_path, environ=environ, **fields)


def test_one_package_is_judged_as_a_change_would_be(
    registry: Registry, tmp_path: Path
) -> None:
    assert ask(registry, tmp_path, "pkg:pypi/zzinhouse-kit@1.0").verdict is Verdict.PASS
    assert ask(registry, tmp_path, "pkg:npm/%40zz/kit").verdict is Verdict.PASS
    for purl in (
        "pkg:pypi/zzinhouse-nope",
        "pkg:npm/zzinhouse-nope",
        "pkg:pypi/reqeusts",
    ):
        assert ask(registry, tmp_path, purl).verdict is Verdict.FAIL
    offline = ask(registry, tmp_path, "pkg:pypi/zzinhouse-nope", offline=True)
    assert offline.verdict is Verdict.ERROR
    assert (
        ask(registry, tmp_path, "pkg:pypi/flask", offline=True).verdict is Verdict.PASS
    )


def test_a_strict_project_misses_no_scanner_for_a_package(
    registry: Registry, tmp_path: Path
) -> None:
    """The other scanners have nothing to do with a package, and were called skipped."""
    repo = Repo.create(tmp_path / "r")
    repo.write(".zt-gate.toml", 'profile = "strict"\n')
    repo.commit()
    environ = {**GIT_ENV, **registry.environment(), "HOME": str(tmp_path)}
    report = verify_dependency(
        "pkg:pypi/zzinhouse-kit@1.0", folder=repo.path, environ=environ
    )
    assert (report.verdict, report.errors) == (Verdict.PASS, ())
    assert [run.scanner for run in report.runs] == ["dependencies"]


def test_a_plain_name_takes_a_version() -> None:
    request = verify.parse_package("@zz/kit", "npm", "1.0.0")
    assert (request.ecosystem, request.name, request.version) == (
        "npm",
        "@zz/kit",
        "1.0.0",
    )
    for name, version in (
        ("flask", "1.0 --x"),
        ("flask", "1\n2"),
        ("pkg:pypi/flask@1", "2"),
        ("flask", "../1"),
    ):
        with pytest.raises(UsageError):
            verify.parse_package(name, "pypi", version)


@pytest.mark.parametrize(
    "text",
    ["", "a b", "pkg:", "pkg:pypi", "pkg:rpm/x", "pkg:pypi/a%0Ab", "x\ny", "npm:x", "a" * 400,
     "pkg:pypi/x@1%0A--index-url", "pkg:maven/x"],
)  # fmt: skip
def test_invalid_package_names_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        verify.parse_package(text)


def test_an_unsupported_ecosystem_is_refused_with_the_supported_ones() -> None:
    supported = "pypi, npm, cargo, golang, gem, composer, nuget, maven"
    for purl, kind in (("pkg:rpm/x", "rpm"), ("pkg:github/a/b", "github")):
        with pytest.raises(UsageError) as caught:
            verify.parse_package(purl)
        assert (
            str(caught.value)
            == f"unsupported ecosystem '{kind}'; supported: {supported}"
        )


def test_report_locations_match_the_manifest_of_each_ecosystem() -> None:
    packages = [
        verify.parse_package(text)
        for text in ("pkg:pypi/a", "pkg:pypi/b@1", "pkg:npm/c", "pkg:npm/%40d/e@1.0.0",
                     "pkg:cargo/f@1.0", "pkg:golang/g.example/h@v1.0.0", "pkg:gem/i@2",
                     "pkg:composer/j/k", "pkg:nuget/L@1.0", "pkg:maven/m.n/o@1.0", "pkg:npm/p")
    ]  # fmt: skip
    for kind in dict.fromkeys(one.ecosystem for one in packages):
        own = [one for one in packages if one.ecosystem == kind]
        sample = ecosystem_named(kind).sample
        assert sample is not None
        path = sample.file.encode()
        reader = reader_for(path)
        assert reader is not None
        lines = sample.lines((one.name, one.version) for one in own)
        read = reader.read(path, "\n".join(lines).encode())
        places = [(entry.name, entry.line) for entry in read if entry.key in
                  {one.name for one in own} or entry.name in {one.name for one in own}]  # fmt: skip
        assert places == [
            (one.name, verify.report_location(one, packages)[1]) for one in own
        ]
