"""npm, yarn, pnpm, bun, lerna and rush: members of workspaces."""

from __future__ import annotations

import json

from tests.ecosystems.local_packages.cases import Case, asked, check


def package(name: str = "", **fields: object) -> str:
    return json.dumps({**({"name": name} if name else {}), **fields})


def uses(spec: str = "^1.0.0") -> str:
    return package("@corp/a", dependencies={"@corp/b": spec})


def test_npm_and_its_like() -> None:
    member = {"packages/b/package.json": package("@corp/b", version="1.2.0")}
    user = {"packages/a/package.json": uses()}
    npm = {"package.json": package("root", workspaces=["packages/*"])}
    pnpm = {"pnpm-workspace.yaml": "packages:\n  - packages/*\n"}
    check(
        {
            "npm, all new": Case({}, {**npm, **member, **user}),
            "npm, the workspace in a folder": Case(
                {},
                {
                    f"web/{path}": text
                    for path, text in {**npm, **member, **user}.items()
                },
            ),
            "yarn, workspaces in a table": Case(
                {},
                {
                    "package.json": package(
                        "root", workspaces={"packages": ["packages/**"]}
                    ),
                    **member,
                    **user,
                },
            ),
            "bun, a folder by its name": Case(
                {},
                {
                    "package.json": package(
                        "root", workspaces=["./packages/a/", "packages/b"]
                    ),
                    **member,
                    **user,
                },
            ),
            "the root needs a member": Case(
                {},
                {
                    "package.json": package(
                        "root",
                        workspaces=["packages/{a,b}"],
                        devDependencies={"@corp/b": "*"},
                    ),
                    **member,
                },
            ),
            "lerna": Case(
                {}, {"lerna.json": '{"packages": ["packages/*"]}', **member, **user}
            ),
            "lerna's default": Case({}, {"lerna.json": "{}", **member, **user}),
            "rush, with comments": Case(
                {},
                {
                    "rush.json": '/* x */ {"projects": [{"packageName": "@corp/a", "projectFolder": "packages/a"},'  # noqa: E501 - a whole file
                    ' {"packageName": "@corp/b", "projectFolder": "packages/b"},]}',
                    **member,
                    **user,
                },
            ),
            "pnpm with the protocol": Case(
                {}, {**pnpm, **member, "packages/a/package.json": uses("workspace:^")}
            ),
            "pnpm that links": Case(
                {},
                {**pnpm, **member, **user, ".npmrc": "link-workspace-packages=true\n"},
            ),
            "pnpm that links by its own file": Case(
                {},
                {
                    "pnpm-workspace.yaml": "packages: ['packages/*']\nlinkWorkspacePackages: true\n",  # noqa: E501 - a whole file
                    **member,
                    **user,
                },
            ),
            "pnpm 8": Case(
                {},
                {
                    **pnpm,
                    "package.json": package("root", packageManager="pnpm@8.15.1"),
                    **member,
                    **user,
                },
            ),
            "pnpm, a member of the trusted side": Case({**pnpm, **member}, user),
            "pnpm 9 takes a plain range from the registry": Case(
                {}, {**pnpm, **member, **user}, ("@corp/b",)
            ),
            "a range that the member is not in": Case(
                {},
                {**npm, **member, "packages/a/package.json": uses("^2.0.0")},
                ("@corp/b",),
            ),
            "a tag": Case(
                {},
                {**npm, **member, "packages/a/package.json": uses("latest")},
                ("@corp/b",),
            ),
            "an alias": Case(
                {},
                {
                    **npm,
                    **member,
                    "packages/a/package.json": package(
                        dependencies={"x": "npm:@corp/b@^1.0.0"}
                    ),
                },
                ("@corp/b",),
            ),
            "a member whose folder is not there": Case(
                {},
                {
                    "package.json": package(
                        "root", workspaces=["packages/a", "packages/b"]
                    ),
                    **user,
                },
                ("@corp/b",),
            ),
            "a folder that is no member": Case(
                {},
                {
                    **npm,
                    "other/b/package.json": member["packages/b/package.json"],
                    **user,
                },
                ("@corp/b",),
            ),
            "a member that is taken out": Case(
                {},
                {
                    "package.json": package(
                        "root", workspaces=["packages/*", "!packages/b"]
                    ),
                    **member,
                    **user,
                },
                ("@corp/b",),
            ),
            "the user is no member": Case(
                {}, {**npm, **member, "tool/package.json": uses()}, ("@corp/b",)
            ),
            "no workspace, and only the change has the name": Case(
                {"package.json": package("root")}, {**member, **user}, ("@corp/b",)
            ),
            "a package is not its own dependency": Case(
                {"package.json": package("api")},
                {"package.json": package("api", dependencies={"api": "1"})},
                ("api",),
            ),
            "a name in the data of a test": Case(
                {"test/fixtures/b/package.json": package("@corp/b")}, user, ("@corp/b",)
            ),
            "a folder with a name that no registry accepts": Case(
                {},
                {
                    "package.json": package(
                        "x", devDependencies={"$utils": "link:./utils"}
                    )
                },
            ),
            "a lock that has it from the registry": Case(
                {},
                {
                    **npm,
                    **member,
                    "package-lock.json": json.dumps(
                        {"packages": {"node_modules/@corp/b": {"version": "1.2.0"}}}
                    ),
                },
                ("@corp/b",),
            ),
        }
    )


def test_a_workspace_may_have_hundreds_of_members() -> None:
    """Only the first 200 manifests were read."""
    base = {"package.json": package("root", workspaces=["packages/*"])}
    for number in range(230):
        base[f"packages/p{number:03}/package.json"] = package(f"@corp/p{number:03}")
    new = {
        "packages/p001/package.json": package(
            "@corp/p001", dependencies={"@corp/p225": "^1"}
        )
    }
    assert asked(Case(base, new)) == []
    assert (
        asked(
            Case(
                {},
                {
                    **base,
                    "packages/p001/package.json": package(
                        dependencies={"@corp/p225": "*"}
                    ),
                },
            )
        )
        == []
    )


def test_a_peer_that_is_a_member_by_another_line() -> None:
    """pnpm links no plain range, so the name of a peer was asked."""
    member = {"packages/b/package.json": package("@corp/b", version="1.2.0")}
    pnpm = {"pnpm-workspace.yaml": "packages:\n  - packages/*\n"}
    peer = {"peerDependencies": {"@corp/b": "^1.0.0"}}
    user = {"packages/a/package.json": package("@corp/a", **peer)}
    linked = {"devDependencies": {"@corp/b": "workspace:*"}}
    overrides = {"@corp/b": "workspace:*"}
    check(
        {
            "beside it": Case(
                {},
                {
                    **pnpm,
                    **member,
                    "packages/a/package.json": package("@corp/a", **peer, **linked),
                },
            ),
            "an override of the settings": Case(
                {},
                {
                    "pnpm-workspace.yaml": pnpm["pnpm-workspace.yaml"]
                    + "overrides:\n  '@corp/b': workspace:*\n",
                    **member,
                    **user,
                },
            ),
            "an override of the root": Case(
                {},
                {
                    **pnpm,
                    "package.json": package("root", pnpm={"overrides": overrides}),
                    **member,
                    **user,
                },
            ),
            "an override that npm ignores": Case(
                {},
                {
                    "package.json": package(
                        "root",
                        workspaces=["packages/*"],
                        pnpm={"overrides": overrides},
                        resolutions=overrides,
                    ),
                    **member,
                    "packages/a/package.json": uses("^2.0.0"),
                },
                ("@corp/b",),
            ),
            "neither": Case({}, {**pnpm, **member, **user}, ("@corp/b",)),
            "a member that is not there": Case(
                {},
                {
                    **pnpm,
                    "packages/a/package.json": package("@corp/a", **peer, **linked),
                },
                ("@corp/b",),
            ),
        }
    )
