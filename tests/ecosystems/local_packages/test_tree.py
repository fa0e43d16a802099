"""Folders, paths and patterns in a tree of files."""

from __future__ import annotations

import pytest

from tests.ecosystems.local_packages.cases import Case, asked
from tests.support.bounded import finishes
from zt_gate.ecosystems.project_tree import ProjectTree, joined


@pytest.mark.parametrize(
    ("folder", "target", "result"),
    [
        (b"a/b", "../c", b"a/c"),
        (b"", "./x/", b"x"),
        (b"a", "../..", None),
        (b"a", "/etc", None),
        (b"a", "C:\\x", None),
        (b"a", "..\\b", b"b"),
    ],
)
def test_paths_stay_in_the_repository(
    folder: bytes, target: str, result: bytes | None
) -> None:
    assert joined(folder, target) == result


def test_patterns_of_workspaces() -> None:
    tree = ProjectTree(
        frozenset((b"a/b/c/x", b"a/d/x", b"e/x", b"a/node_modules/q/x")), lambda _: b""
    )
    expected = {
        "a/*": [b"a/b", b"a/d"],
        "a/**": [b"a", b"a/b", b"a/b/c", b"a/d"],
        "**/c": [b"a/b/c"],
        "{e,a/d}/": [b"e", b"a/d"],
        "a/[d-e]": [b"a/d"],
        "../*": [],
    }
    for pattern, folders in expected.items():
        assert tree.matching_folders(b"", [pattern]) == folders, pattern


def test_a_hostile_pattern_takes_linear_time() -> None:
    deep = b"/".join([b"a"] * 40)
    tree = ProjectTree(frozenset((deep + b"/x",)), lambda _: b"")
    finishes(
        ["**/" * 30 + "b", "{a,b}" * 12, "*a" * 60],
        lambda pattern: tree.matching_folders(b"", [pattern]),
    )


def test_manifests_that_refer_to_each_other_in_a_circle_end() -> None:
    pom = "<project><parent><groupId>g</groupId><artifactId>{}</artifactId><relativePath>../{}</relativePath></parent><artifactId>{}</artifactId><modules><module>../{}</module></modules></project>"  # noqa: E501 - a whole file
    csproj = '<Project><ItemGroup><PackageReference Include="q"/><ProjectReference Include="{}.csproj"/></ItemGroup></Project>'  # noqa: E501 - a whole file

    def look(_: int) -> None:
        circle = {
            "a/pom.xml": pom.format("b", "b", "a", "b"),
            "b/pom.xml": pom.format("a", "a", "b", "a"),
            "x/A.csproj": csproj.format("B"),
            "x/B.csproj": csproj.format("A"),
        }
        assert asked(Case({}, circle)) == ["q", "q"]

    finishes([1], look)
