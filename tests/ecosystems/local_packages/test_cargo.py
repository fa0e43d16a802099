"""Cargo: paths, patches, and crates of the repository."""

from __future__ import annotations

from tests.ecosystems.local_packages.cases import Case, check


def crate(name: str, *lines: str, version: str = "1.2.0") -> str:
    return f'[package]\nname = "{name}"\nversion = "{version}"\n' + "".join(
        f"{line}\n" for line in lines
    )


def test_cargo() -> None:
    inner = {"inner/Cargo.toml": crate("own-inner")}
    use = crate("own-app", "[dependencies]", 'own-inner = "1"')
    patch = '[patch.crates-io]\nown-inner = { path = "inner" }\n'
    check(
        {
            "a path": Case(
                {},
                {
                    "Cargo.toml": crate(
                        "own-app",
                        "[dependencies]",
                        'own-inner = { path = "inner", version = "1" }',
                    ),
                    **inner,
                },
            ),
            "the workspace's path": Case(
                {},
                {
                    "Cargo.toml": '[workspace]\nmembers = ["*"]\n[workspace.dependencies]\nown-inner = { path = "inner" }\n',  # noqa: E501 - a whole file
                    "app/Cargo.toml": crate(
                        "own-app", "[dependencies]", "own-inner.workspace = true"
                    ),
                    **inner,
                },
            ),
            "a patch": Case({}, {"Cargo.toml": use + patch, **inner}),
            "the workspace's patch": Case(
                {},
                {"Cargo.toml": "[workspace]\n" + patch, "app/Cargo.toml": use, **inner},
            ),
            "a crate of the trusted side": Case(inner, {"app/Cargo.toml": use}),
            "a patch with a version that does not fit": Case(
                {},
                {
                    "Cargo.toml": use + patch,
                    "inner/Cargo.toml": crate("own-inner", version="2.0.0"),
                },
                ("own-inner",),
            ),
            "a patch with another crate": Case(
                {},
                {"Cargo.toml": use + patch, "inner/Cargo.toml": crate("x")},
                ("own-inner",),
            ),
            "a patch with a folder that is not there": Case(
                {}, {"Cargo.toml": use + patch}, ("own-inner",)
            ),
            "a patch above the workspace": Case(
                {},
                {
                    "Cargo.toml": "[workspace]\n" + patch,
                    "app/Cargo.toml": use + "[workspace]\n",
                    **inner,
                },
                ("own-inner",),
            ),
            "only the change has the name": Case(
                {"a.txt": ""}, {**inner, "app/Cargo.toml": use}, ("own-inner",)
            ),
        }
    )
