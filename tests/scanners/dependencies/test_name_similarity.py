"""Look-alikes: which name a name imitates, and that ordinary names imitate none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.bounded import calls_of
from zt_gate import rulebook
from zt_gate.scanners.dependencies import name_snapshot
from zt_gate.scanners.dependencies.edit_distance import distance
from zt_gate.scanners.dependencies.name_similarity import NameMatcher

DATA = rulebook.load("dependencies")["dependencies/similar-name"].data
PYPI = NameMatcher(name_snapshot.bundled_snapshot("pypi"), DATA)
NPM = NameMatcher(name_snapshot.bundled_snapshot("npm"), DATA)


@pytest.mark.parametrize(
    ("name", "meant", "slip", "grade"),
    [
        ("reqeusts", "requests", "swapped", "high"),
        ("requestss", "requests", "repeated", "high"),
        ("requsts", "requests", "omitted-vowel", "high"),
        ("requwsts", "requests", "replaced-neighbour", "high"),
        ("numipy", "numpy", "added", "high"),
        ("panda5", "pandas", "replaced-look-alike-last", "high"),
        ("python-requests", "requests", "affix-language", "high"),
        ("libhtml5", "html5lib", "reordered", "high"),
        ("requests-official", "requests", "affix-rare", "high"),
        ("numpy-sdk", "numpy", "affix-rare", "high"),
        ("requests-toolbet", "requests-toolbelt", "omitted", "high"),
        ("uvloops", "uvloop", "added-plural", "high"),
        ("pyt3st", "pytest", "replaced-look-alike", "high"),
    ],
)
def test_pypi(name: str, meant: str, slip: str, grade: str) -> None:
    found = PYPI.most_similar(name)
    assert found is not None
    assert (found.name, found.slip, found.grade) == (meant, slip, grade)
    assert found.rank == PYPI.snapshot.rank(meant)


@pytest.mark.parametrize(
    ("name", "meant", "slip", "grade"),
    [
        ("loadsh", "lodash", "swapped", "high"),
        ("1odash", "lodash", "replaced-look-alike-first", "high"),
        ("crossenv", "cross-env", "separator", "low"),
        ("core-paging", "@azure/core-paging", "scope-of-words", "low"),
        ("@bable/core", "@babel/core", "swapped", "high"),
        ("@lodash/lodash", "lodash", "own-scope", "high"),
        ("types-node", "@types/node", "joined-scope", "high"),
        ("3xpre55", "express", "digits", "high"),
        ("express-official", "express", "affix-rare", "high"),
    ],
)
def test_npm(name: str, meant: str, slip: str, grade: str) -> None:
    found = NPM.most_similar(name)
    assert found is not None
    assert (found.name, found.slip, found.grade) == (meant, slip, grade)


def test_well_known_names_resemble_no_other() -> None:
    for names in (PYPI, NPM):
        assert not any(names.most_similar(name) for name in names.snapshot.names[:1000])


@pytest.mark.parametrize(
    "name", ["", "x", "inhouse-billing", "a" * 300, "ünïcode", "acme-wiki"]
)
def test_ordinary_names(name: str) -> None:
    assert PYPI.most_similar(name) is None
    assert NPM.most_similar(name) is None


@given(st.text(max_size=80))
def test_any_text_is_accepted(text: str) -> None:
    for names in (PYPI, NPM):
        found = names.most_similar(text)
        assert found is None or found.name in names.snapshot.ranks


@pytest.mark.parametrize(
    ("names", "name"),
    [
        # Nobody but its owner can publish in a scope.
        (NPM, "@types/lodashs"),
        (NPM, "@aws-sdk/client-ebs"),
        # The common words say nothing: the last words differ.
        (PYPI, "types-boto3-dms"),
        (PYPI, "google-cloud-dms"),
    ],
)
def test_a_member_of_a_family_imitates_no_other(names: NameMatcher, name: str) -> None:
    assert names.most_similar(name) is None


def test_the_cost_of_a_name_does_not_depend_on_the_known_names() -> None:
    names = [
        f"inhouse-{word}-{n}" for n in range(40) for word in ("billing", "kit", "tools")
    ]
    PYPI.most_similar("warm")
    calls = calls_of(lambda: [PYPI.most_similar(name) for name in names])
    assert calls < 1000 * len(names)
    assert len(PYPI.snapshot.names) > 10 * 1000


def test_the_tables_are_sound() -> None:
    for ecosystem in ("pypi", "npm"):
        for grades in DATA["slips"][ecosystem].values():
            assert set(grades) <= {"high", "low"}
            for limits in grades.values():
                assert all(len(limit) == 2 and limit[0] >= 3 for limit in limits)


@given(st.text("abc-", max_size=9), st.text("abc-", max_size=9))
def test_the_distance_is_symmetric_and_bounded(one: str, other: str) -> None:
    exact = distance(one, other, 99)
    assert exact == distance(other, one, 99)
    assert abs(len(one) - len(other)) <= exact <= max(len(one), len(other))
    assert (exact == 0) == (one == other)
    near = distance(one, other, 2)
    assert near == exact if exact <= 2 else near > 2
