"""The fast paths agree with packaging, whose import they avoid."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from zt_gate.ecosystems import version_constraints
from zt_gate.ecosystems.manifests import pep508
from zt_gate.ecosystems.registries.base import Project, Release
from zt_gate.ecosystems.version_schemes import pep440

NUMBERS = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(
    lambda parts: ".".join(map(str, parts))
)
MARKED = st.tuples(
    NUMBERS, st.sampled_from(["", "", "", "a1", "rc2", ".dev3", ".post1"])
).map("".join)


@given(
    st.text("aZ0._-", min_size=1, max_size=8),
    st.sampled_from(["", "==", ">=", "<", "!=", "~=", "==="]),
    MARKED,
    st.sampled_from(["", " ", "\t"]),
)
def test_a_plain_requirement_agrees_with_packaging(
    name: str, operator: str, version: str, space: str
) -> None:
    text = f"{name}{space}{operator}{space}{version}" if operator else name + space
    plain = pep508._PLAIN.match(text)
    if plain is None:
        return
    try:
        read = Requirement(text)
    except InvalidRequirement as error:
        raise AssertionError(text) from error
    found = pep508.parse(text, 1)
    if found[3].kind == "registry":
        assert (found[0], found[2]) == (read.name, str(read.specifier))


@given(st.lists(st.tuples(MARKED, st.booleans()), max_size=6))
def test_the_newest_plain_release_agrees_with_packaging(
    found: list[tuple[str, bool]],
) -> None:
    releases = tuple(Release(version, yanked=yanked) for version, yanked in found)
    quick = pep440._newest_plain(releases)
    if quick is not None:
        usable = [Version(one.version) for one in releases if not one.yanked]
        assert Version(quick.version) == max(
            one for one in usable if not one.is_prerelease
        )
        project = Project(None, "active", "", releases=releases)
        assert version_constraints.select_release("pypi", "", project) == quick
