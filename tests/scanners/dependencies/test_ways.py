"""Every way in which a change can bring a package, through the whole scanner at once.

Each way names a package of its own (NAME).  Without a network none of them can
be verified, so each must be in the report: one that is missing was not read.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.changes import change_of, context
from zt_gate import rulebook
from zt_gate.scanners.dependencies import SCANNER

if TYPE_CHECKING:
    from pathlib import Path

#: What the way is called, the file (LABEL: a folder of its own), and its content.
WAYS: tuple[tuple[str, str, str], ...] = (
    ("requirements", "LABEL/requirements.txt", "NAME\n"),
    ("hashes", "LABEL/requirements.txt", f"NAME==1.0 --hash=sha256:{'0' * 64}\n"),
    ("extras", "LABEL/requirements.txt", "NAME[one,two]>=1\n"),
    ("markers", "LABEL/requirements.txt", "NAME; python_version < '4'\n"),
    ("vcs", "LABEL/requirements.txt", "git+https://h.example/NAME.git#egg=NAME\n"),
    ("url", "LABEL/requirements.txt", "NAME @ https://h.example/NAME.zip\n"),
    (
        "editable",
        "LABEL/requirements.txt",
        "-e git+https://h.example/NAME.git#egg=NAME\n",
    ),
    (
        "index-option",
        "LABEL/requirements.txt",
        "--extra-index-url https://NAME.example/simple\n",
    ),
    ("included", "LABEL/requirements.txt", "-r more.lst\n"),
    ("included-file", "included/more.lst", "NAME\n"),
    ("constraints", "LABEL/constraints.txt", "NAME==1.0\n"),
    (
        "pep621",
        "LABEL/pyproject.toml",
        '[project]\nname="own"\ndependencies=["NAME"]\n',
    ),
    (
        "optional",
        "LABEL/pyproject.toml",
        '[project.optional-dependencies]\nx=["NAME"]\n',
    ),
    ("groups", "LABEL/pyproject.toml", '[dependency-groups]\nx=["NAME"]\n'),
    ("build", "LABEL/pyproject.toml", '[build-system]\nrequires=["NAME"]\n'),
    ("poetry", "LABEL/pyproject.toml", '[tool.poetry.dependencies]\nNAME="^1"\n'),
    (
        "poetry-group",
        "LABEL/pyproject.toml",
        '[tool.poetry.group.x.dependencies]\nNAME="^1"\n',
    ),
    ("pdm", "LABEL/pyproject.toml", '[tool.pdm.dev-dependencies]\nx=["NAME"]\n'),
    ("hatch", "LABEL/pyproject.toml", '[tool.hatch.envs.x]\ndependencies=["NAME"]\n'),
    (
        "uv-source",
        "LABEL/pyproject.toml",
        '[project]\ndependencies=["NAME"]\n[tool.uv.sources]\nNAME={git="https://h.example/x"}\n',
    ),
    (
        "setup-py",
        "LABEL/setup.py",
        "from setuptools import *\nsetup(install_requires=['NAME'])",
    ),
    ("setup-cfg", "LABEL/setup.cfg", "[options]\ninstall_requires =\n  NAME\n"),
    ("pipfile", "LABEL/Pipfile", "[packages]\nNAME='*'\n"),
    (
        "pipfile-lock",
        "LABEL/Pipfile.lock",
        '{"_meta": {}, "default": {"NAME": {}}}',
    ),
    (
        "uv-lock",
        "LABEL/uv.lock",
        'version=1\n[[package]]\nname = "NAME"\nversion = "1.0"\n',
    ),
    (
        "poetry-lock",
        "LABEL/poetry.lock",
        '[[package]]\nname = "NAME"\nversion = "1.0"\n',
    ),
    ("pdm-lock", "LABEL/pdm.lock", '[[package]]\nname = "NAME"\nversion = "1.0"\n'),
    (
        "pylock",
        "LABEL/pylock.toml",
        'lock-version="1.0"\n[[packages]]\nname = "NAME"\n',
    ),
    ("conda-pip", "LABEL/environment.yml", "dependencies:\n- pip:\n  - NAME==1\n"),
    ("pep723", "LABEL/s.py", '# /// script\n# dependencies = ["NAME"]\n# ///\n'),
    ("tox", "LABEL/tox.ini", "[testenv]\ndeps = NAME\n"),
    ("nox", "LABEL/noxfile.py", "def x(session):\n    session.install('NAME')\n"),
    (
        "notebook",
        "LABEL/a.ipynb",
        '{"cells": [{"cell_type": "code", "source": ["!pip install NAME"]}]}',
    ),
    (
        "notebook-magic",
        "LABEL/a.ipynb",
        '{"cells": [{"cell_type": "code", "source": ["%pip install NAME"]}]}',
    ),
    ("import", "LABEL/m.py", "import NAME\n"),
    (
        "subprocess",
        "LABEL/r.py",
        "import subprocess\nsubprocess.run(['pip', 'install', 'NAME'])\n",
    ),
    ("npm", "LABEL/package.json", '{"dependencies": {"NAME": "1"}}'),
    ("npm-dev", "LABEL/package.json", '{"devDependencies": {"NAME": "1"}}'),
    ("npm-peer", "LABEL/package.json", '{"peerDependencies": {"NAME": "1"}}'),
    ("npm-optional", "LABEL/package.json", '{"optionalDependencies": {"NAME": "1"}}'),
    ("npm-bundled", "LABEL/package.json", '{"bundledDependencies": ["NAME"]}'),
    ("overrides", "LABEL/package.json", '{"overrides": {"x": {"NAME": "1"}}}'),
    ("resolutions", "LABEL/package.json", '{"resolutions": {"**/NAME": "1"}}'),
    ("alias", "LABEL/package.json", '{"dependencies": {"react": "npm:NAME@1"}}'),
    (
        "workspace",
        "LABEL/packages/a/package.json",
        '{"name": "a", "dependencies": {"NAME": "1"}}',
    ),
    (
        "package-lock",
        "LABEL/package-lock.json",
        '{"lockfileVersion": 3, "packages": {"node_modules/NAME": {"version": "1.0.0"}}}',
    ),
    ("yarn", "LABEL/yarn.lock", '# yarn lockfile v1\n\nNAME@^1:\n  version "1.0.0"\n'),
    (
        "berry",
        "LABEL/yarn.lock",
        (
            '__metadata:\n  version: 8\n\n"NAME@npm:^1":\n  version: 1.0.0\n'
            '  resolution: "NAME@npm:1.0.0"\n'
        ),
    ),
    (
        "pnpm",
        "LABEL/pnpm-lock.yaml",
        "lockfileVersion: '9.0'\npackages:\n  NAME@1.0.0:\n    resolution: {integrity: x}\n",
    ),
    ("catalog", "LABEL/pnpm-workspace.yaml", "catalog:\n  NAME: ^1\n"),
    ("bun", "LABEL/bun.lock", '{"packages": {"NAME": ["NAME@1.0.0", "", {}, "x"]}}'),
    ("js-import", "LABEL/m.js", "import x from 'NAME';\n"),
    ("js-require", "LABEL/m.cjs", "const x = require('NAME');\n"),
    ("deno", "LABEL/deno.json", '{"imports": {"x": "npm:NAME@1"}}'),
    ("npx", "LABEL/package.json", '{"scripts": {"x": "npx NAME"}}'),
    ("uvx", "LABEL/x.sh", "uvx NAME\n"),
    ("pipx", "LABEL/x.sh", "pipx run NAME\n"),
    ("cargo", "LABEL/Cargo.toml", '[dependencies]\nNAME = "1"\n'),
    (
        "cargo-lock",
        "LABEL/Cargo.lock",
        (
            '[[package]]\nname = "NAME"\nversion = "1.0.0"\n'
            'source = "registry+https://github.com/rust-lang/crates.io-index"\n'
        ),
    ),
    ("go", "LABEL/go.mod", "module x.y/z\nrequire g.example/NAME v1.0.0\n"),
    ("go-sum", "LABEL/go.sum", "g.example/NAME v1.0.0 h1:AAAA=\n"),
    ("gem", "LABEL/Gemfile", "gem 'NAME'\n"),
    ("gem-lock", "LABEL/Gemfile.lock", "GEM\n  specs:\n    NAME (1.0)\n"),
    ("composer", "LABEL/composer.json", '{"require": {"v/NAME": "1"}}'),
    (
        "composer-lock",
        "LABEL/composer.lock",
        '{"packages": [{"name": "v/NAME", "version": "1.0"}]}',
    ),
    (
        "maven",
        "LABEL/pom.xml",
        (
            "<project><dependencies><dependency><groupId>g.h</groupId><artifactId>NAME</artifactId>"
            "<version>1</version></dependency></dependencies></project>"
        ),
    ),
    ("gradle", "LABEL/build.gradle", "dependencies { implementation 'g.h:NAME:1' }\n"),
    (
        "nuget",
        "LABEL/a.csproj",
        '<Project><ItemGroup><PackageReference Include="NAME"/></ItemGroup></Project>',
    ),
    ("dockerfile", "LABEL/Dockerfile", "FROM x\nRUN pip install NAME\n"),
    (
        "devcontainer",
        ".devcontainer/devcontainer.json",
        '{"onCreateCommand": "pip install NAME"}',
    ),
    (
        "ci",
        ".github/workflows/ci.yml",
        "jobs:\n  x:\n    steps:\n    - run: npm install NAME\n",
    ),
    ("makefile", "LABEL/Makefile", "x:\n\tpip install NAME\n"),
    ("shell", "LABEL/x.sh", "npm install -g NAME\n"),
    ("readme", "LABEL/README.md", "```sh\npip install NAME\n```\n"),
    (
        "mcp-npx",
        "LABEL/.mcp.json",
        '{"mcpServers": {"x": {"command": "npx", "args": ["-y", "NAME"]}}}',
    ),
    (
        "mcp-uvx",
        "LABEL/.mcp.json",
        '{"mcpServers": {"x": {"command": "uvx", "args": ["NAME"]}}}',
    ),
    (
        "pre-commit",
        "LABEL/.pre-commit-config.yaml",
        (
            "repos:\n- repo: https://h.example/x\n  hooks:\n  - id: x\n"
            "    additional_dependencies: [NAME]\n"
        ),
    ),
    (
        "action",
        ".github/workflows/b.yml",
        "jobs:\n  x:\n    steps:\n    - uses: o/NAME@main\n",
    ),
)


def test_every_way_to_add_a_package_is_read(tmp_path: Path) -> None:
    files: dict[str, str | bytes | None] = {}
    names = {}
    for number, (label, path, content) in enumerate(WAYS):
        # An import's name is no package's with a hyphen in it.
        names[label] = f"zzway{number}kit"
        files[path.replace("LABEL", label)] = content.replace("NAME", names[label])
    assert len(names) == len(WAYS) >= 61
    here = context(
        rulebook.load("dependencies"), tmp_path, cache_dir=tmp_path, offline=True,
        trusted_paths=list,
    )  # fmt: skip
    run = SCANNER.scan(change_of(files), here)
    said = json.dumps(
        [f"{one.rule} {one.message} {one.evidence.text if one.evidence else ''}"
         for one in run.findings]
    )  # fmt: skip
    unread = [
        label
        for label, name in names.items()
        if label != "included" and name not in said
    ]
    assert unread == []
    assert [
        one
        for one in run.not_inspected
        if one.kind not in {"unverified", "not_applicable"}
    ] == []
