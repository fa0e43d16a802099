"""What is unusual about a release, from the records of several registries."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ecosystems.registries.test_without_counts import ask
from zt_gate.ecosystems.registries import npm_releases
from zt_gate.ecosystems.registries.base import Anomaly, Project, Release
from zt_gate.ecosystems.registries.release_history import (
    ReleaseRecord,
    releases_with_anomalies,
    source_of,
)

DAY = 86400.0


def record(version: str, day: float | None, **facts: Any) -> ReleaseRecord:
    uploaded = None if day is None else day * DAY
    return ReleaseRecord(Release(version, uploaded), **facts)


def anomalies(*records: ReleaseRecord) -> dict[str, list[str]]:
    releases = releases_with_anomalies(records)
    assert [release.version for release in releases] == [
        item.release.version for item in records
    ]
    return {
        release.version: [item.kind for item in release.anomalies]
        for release in releases
        if release.anomalies
    }


def test_the_order_of_the_dates_counts_not_that_of_the_record() -> None:
    assert anomalies(
        record("2", 30, publisher="newcomer"), record("1", 10, publisher="owner")
    ) == {"2": ["publisher"]}


def test_a_maintainer_of_the_version_before_is_known() -> None:
    assert anomalies(
        record("1", 1, publisher="owner", maintainers=frozenset(("owner", "friend"))),
        record("2", 2, publisher="friend"),
        record("3", 3, publisher="stranger"),
    ) == {"3": ["publisher"]}


def test_without_accounts_nobody_is_new() -> None:
    assert anomalies(record("1", 1), record("2", 2, publisher="owner")) == {}


def test_an_undated_release_has_no_place_in_the_history() -> None:
    assert (
        anomalies(
            record("1", None, attested=True),
            record("2", 2),
            record("3", 3, attested=True),
        )
        == {}
    )


def test_all_signs_at_once() -> None:
    first = record("1", 1, publisher="owner", attested=True, repository="good/kit")
    second = record(
        "2",
        1000,
        publisher="other",
        runs_code=True,
        repository="https://github.com/bad/kit",
    )
    assert releases_with_anomalies([first, second])[1].anomalies == (
        Anomaly("gap", "999"),
        Anomaly("publisher", "other"),
        Anomaly("provenance", "1"),
        Anomaly("scripts", "1"),
        Anomaly("repository", "github/good/kit -> github/bad/kit"),
    )


@pytest.mark.parametrize(
    "address",
    [
        "git+https://forge.example/Ada/Kit.git",
        "https://www.forge.example/ada/kit/tree/main/packages/x",
        "git@forge.example:ada/kit.git",
        "ssh://git@forge.example/ada/kit",
        "forge:ada/kit",
    ],
)
def test_the_forms_of_an_address(address: str) -> None:
    assert source_of(address) == "forge/ada/kit"


@given(st.text(max_size=60))
def test_any_address_is_accepted(address: str) -> None:
    assert source_of(address).count("/") in {0, 2}


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("versions", "time", "1.0.0", "_npmUser", "maintainers", "dist", "name",
                 "attestations", "repository", "url", "scripts", "install", "dist-tags")
            ),
            inner,
            max_size=4,
        ),
        max_leaves=20,
    )
)  # fmt: skip
def test_any_packument_is_read_or_has_no_releases(value: object) -> None:
    packument = value if isinstance(value, dict) else {"versions": {"1.0.0": value}}
    for release in npm_releases.releases_of(packument):
        json.dumps(release.version)
    assert isinstance(npm_releases.repository_of(packument), str)
    assert isinstance(npm_releases.no_publisher_reason(packument), str)


DATES = ("2020-05-01T10:00:00Z", "2026-01-01T00:00:00Z")


def asked(ecosystem: str, path: str, answer: object) -> Project:
    text = json.dumps(answer)
    project = ask(ecosystem, "kit", {path: ("application/json", text)})
    assert isinstance(project, Project)
    return project


def test_cargo_names_the_publisher_of_each_version() -> None:
    versions: list[dict[str, Any]] = [
        {"num": number, "created_at": date, "published_by": {"login": account}}
        for number, date, account in zip(
            ("1.0.0", "1.1.0"), DATES, ("owner", "newcomer"), strict=True
        )
    ]
    crate = {"name": "kit", "created_at": DATES[0]}
    answer: dict[str, Any] = {"crate": crate, "versions": versions}
    path = "/api/v1/crates/kit"
    kinds = [item.kind for item in asked("cargo", path, answer).releases[1].anomalies]
    assert kinds == ["gap", "publisher"]
    versions[1]["trustpub_data"] = {"provider": "forge"}
    kinds = [item.kind for item in asked("cargo", path, answer).releases[1].anomalies]
    assert kinds == ["gap"]


def test_a_gap_of_years_between_gems() -> None:
    answer = [
        {"number": number, "created_at": date}
        for number, date in zip(("1.0", "2.0"), DATES, strict=True)
    ]
    releases = asked("gem", "/api/v1/versions/kit.json", answer).releases
    assert [item.kind for item in releases[1].anomalies] == ["gap"]
