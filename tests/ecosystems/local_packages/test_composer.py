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
