"""Composer: path repositories."""

from __future__ import annotations

import json

from tests.ecosystems.local_packages.cases import Case, Files, check


def test_composer() -> None:
    lib = {"packages/lib/composer.json": '{"name": "Corp\\/Lib"}'}

    def root(**repository: object) -> Files:
        where = {"type": "path", "url": "packages/*", **repository}
        return {
            "composer.json": json.dumps(
                {"repositories": [where], "require": {"corp/lib": "@dev"}}
            )
        }

    check(
        {
            "a path repository": Case({}, {**root(), **lib}),
            "a path without a pattern": Case({}, {**root(url="./packages/lib"), **lib}),
            "repositories in a table": Case(
                {},
                {
                    "composer.json": json.dumps(
                        {
                            "repositories": {
                                "own": {"type": "path", "url": "packages/*"}
                            },
                            "require": {"corp/lib": "1"},
                        }
                    ),
                    **lib,
                },
            ),
            "a package of the trusted side": Case(
                lib, {"composer.json": '{"require": {"corp/lib": "^1.0"}}'}
            ),
            "a folder that is not there": Case({}, root(), ("corp/lib",)),
            "a repository that leaves it out": Case(
                {}, {**root(exclude=["corp/lib"]), **lib}, ("corp/lib",)
            ),
            "a repository that is not canonical": Case(
                {}, {**root(canonical=False), **lib}, ("corp/lib",)
            ),
            "another type": Case({}, {**root(type="vcs"), **lib}, ("corp/lib",)),
            "only the change has the name": Case(
                {"a.txt": ""},
                {**lib, "composer.json": '{"require": {"corp/lib": "1"}}'},
                ("corp/lib",),
            ),
        }
    )


def test_the_parts_of_a_split_repository() -> None:
    """All components of a framework were asked, as each needs the others without a path."""

    def named(name: str, *needs: str, **more: object) -> str:
        return json.dumps({"name": name, "require": dict.fromkeys(needs, "^1"), **more})

    def root(name: str = "corp/all", version: str = "self.version") -> Files:
        return {"composer.json": named(name, replace={"corp/web": version})}

    core = {"src/core/composer.json": named("corp/core")}
    web = {"src/web/composer.json": named("corp/web", "corp/core")}
    other = {"src/other/composer.json": named("other/core")}
    user = {"src/web/composer.json": named("corp/web", "other/core")}
    check(
        {
            "all new": Case({}, {**root(), **core, **web}),
            "another vendor": Case({}, {**root(), **other, **user}, ("other/core",)),
            "a part that is not there": Case({}, {**root(), **web}, ("corp/core",)),
            "a root that replaces a published version": Case(
                {}, {**root(version="1.0"), **core, **web}, ("corp/core",)
            ),
            "a change that gives the root another vendor": Case(
                root("own/all"), {**root(), **core, **web}, ("corp/core",)
            ),
            "a part below another, which the root does not replace": Case(
                {},
                {
                    **root(),
                    **core,
                    **web,
                    "src/web/x/composer.json": named("corp/x", "corp/core"),
                },
            ),
            "no part is there": Case(
                {},
                {**root(), **core, "x/composer.json": named("corp/x", "corp/core")},
                ("corp/core",),
            ),
        }
    )
