"""Python: uv's workspaces, paths, and projects of the repository."""

from __future__ import annotations

from tests.ecosystems.local_packages.cases import Case, check


def project(name: str, *rest: str) -> str:
    return f'[project]\nname = "{name}"\nversion = "1"\n' + "".join(
        f"{line}\n" for line in rest
    )


def test_python() -> None:
    workspace = '[tool.uv.workspace]\nmembers = ["apps/*", "libs/*"]'
    lib = {"libs/l/pyproject.toml": project("Own_Lib")}
    app = {"apps/a/pyproject.toml": project("own-app", 'dependencies = ["own-lib>=1"]')}
    check(
        {
            "the root's sources count for its members": Case(
                {
                    "pyproject.toml": project(
                        "r",
                        "[tool.uv.sources]",
                        "own-lib = { workspace = true }",
                        workspace,
                    ),
                    **lib,
                },
                app,
            ),
            "a workspace, all new": Case(
                {}, {"pyproject.toml": project("r", workspace), **lib, **app}
            ),
            "a workspace without a project": Case(
                {}, {"pyproject.toml": workspace + "\n", **lib, **app}
            ),
            "the root's path source": Case(
                {},
                {
                    "pyproject.toml": project(
                        "r",
                        "[tool.uv.sources]",
                        'own-lib = { path = "other/l" }',
                        workspace,
                    ),
                    "other/l/pyproject.toml": project("own-lib"),
                    **app,
                },
            ),
            "uv's own path source": Case(
                {},
                {
                    "pyproject.toml": project(
                        "r",
                        'dependencies = ["own-lib"]',
                        "[tool.uv.sources]",
                        'own-lib = { path = "libs/l" }',
                    ),
                    **lib,
                },
            ),
            "poetry's path": Case(
                {},
                {
                    "pyproject.toml": '[tool.poetry]\nname = "r"\n[tool.poetry.dependencies]\nown-lib = { path = "libs/l", develop = true }\n',  # noqa: E501 - a whole file
                    **lib,
                },
            ),
            "a folder that pip installs from the same file": Case(
                {}, {"requirements.txt": "-e ./libs/l\nown.lib\n", **lib}
            ),
            "its own extras": Case(
                {},
                {
                    "pyproject.toml": project(
                        "own-app", 'optional-dependencies.all = ["own-app[x]"]'
                    )
                },
            ),
            "a project of the trusted side": Case(
                lib, {"requirements.txt": "own-lib\n"}
            ),
            "a project of setup.py": Case(
                {
                    "libs/l/setup.py": "from setuptools import setup\nsetup(name='own-lib')\n"
                },
                {"requirements.txt": "own-lib\n"},
            ),
            "a project of setup.cfg": Case(
                {"libs/l/setup.cfg": "[metadata]\nname = own_lib\n"}, app
            ),
            "a member that is excluded": Case(
                {},
                {
                    "pyproject.toml": project("r", workspace, 'exclude = ["libs/l"]'),
                    **lib,
                    **app,
                },
                ("own-lib",),
            ),
            "a member whose folder is not there": Case(
                {}, {"pyproject.toml": project("r", workspace), **app}, ("own-lib",)
            ),
            "no workspace, and only the change has the name": Case(
                {"a.txt": ""}, {**lib, **app}, ("own-lib",)
            ),
            "another folder's path": Case(
                {},
                {
                    "requirements.txt": "-e ./libs/l\nown-lib\n",
                    "libs/l/pyproject.toml": project("x"),
                },
                ("own-lib",),
            ),
            "a command for a name that only the change claims": Case(
                {"a.txt": ""},
                {**lib, "setup.sh": "pip install own-lib\n"},
                ("own-lib",),
            ),
        }
    )
