"""Every place that installs: each kind of file with its variations (issue 15, point 5)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifest_formats import format_of
from zt_gate.ecosystems.manifests import reader_for
from zt_gate.ecosystems.manifests.base import Dependency, ManifestError

LOCK = "0" * 64
#: The path, the content, and what the reader gives (the ecosystem where it is not PyPI).
PLACES: tuple[tuple[str, str, str], ...] = (
    ("requirements.lock", "-e file:.\na-one==1\n", "a-one"),
    (
        "requirements-dev.lock",
        f"a-one==1 --hash=sha256:{LOCK}\n    # via x\na-two==2\n",
        "a-one, a-two",
    ),
    ("app/requirements.lock", "# by rye\na-one\n", "a-one"),
    ("requirements/services/api.txt", "a-one==1\n", "a-one"),
    ("requirements/a/b/web.in", "a-one\n-r ../c.txt\n", "a-one"),
    ("reqs/ci/lint.txt", "a-one>=1; python_version>'3'\n", "a-one"),
    (
        "buildSrc/src/main/kotlin/app.conventions.gradle.kts",
        'dependencies { implementation("g.x:one:1.0") }\n',
        "maven g.x:one",
    ),
    (
        "build-logic/src/main/kotlin/x.gradle.kts",
        'dependencies {\n  api("g.x:one:1")\n  testImplementation("g.x:two:2")\n}\n',
        "maven g.x:one, maven g.x:two",
    ),
    (
        "settings.gradle.kts",
        'plugins {\n  id("x.y.z") version "1"\n}\n',
        "maven x.y.z:x.y.z.gradle.plugin",
    ),
    (
        "Directory.Build.targets",
        '<Project><ItemGroup><PackageReference Include="A.One" /></ItemGroup></Project>',
        "nuget a.one",
    ),
    (
        "eng/Common.props",
        '<Project>\n<ItemGroup><PackageVersion Include="A.One" /></ItemGroup></Project>',
        "nuget a.one",
    ),
    ("gradle.props", "not=xml\n", ""),
    (
        "a.nuspec",
        ('<package><metadata><dependencies><dependency id="A.One" version="1" />'
        "</dependencies></metadata></package>"),
        "nuget a.one",
    ),
    (
        ".config/dotnet-tools.json",
        '{"version":1,"tools":{"a.one":{"version":"1.0.0","commands":["x"]}}}',
        "nuget a.one",
    ),
    (
        "dotnet-tools.json",
        '{"tools":{"a.one":{"version":"1"},"A.Two":{"version":"2"}}}',
        "nuget a.one, nuget a.two",
    ),
    (
        "global.json",
        '{"sdk":{"version":"8"},"msbuild-sdks":{"A.One":"1"}}',
        "nuget a.one",
    ),
    ("app.cs", "#:package A.One@1.0.0\n#:sdk A.Two@2\n", "nuget a.one, nuget a.two"),
    ("tool.csx", '#r "nuget: A.One, 1.0"\n', "nuget a.one"),
    ("run.fsx", '#r "nuget:A.One"\nprintfn "x"\n', "nuget a.one"),
    ("Hello.java", "//DEPS g.x:one:1.0\nclass Hello {}\n", "maven g.x:one"),
    ("build.groovy", "@Grab('g.x:one:1.0')\nimport x\n", "maven g.x:one"),
    ("do.main.kts", '@file:DependsOn("g.x:one:1.0")\n', "maven g.x:one"),
    ("x.scala", '//> using dep "g.x:one:1.0"\n', "maven g.x:one"),
    ("build.sbt", 'libraryDependencies += "g.x" % "one" % "1.0"\n', "maven g.x:one"),
    (
        "run.rb",
        "require 'bundler/inline'\ngemfile do\n  gem 'a-one'\nend\n",
        "gem a-one",
    ),
    ("lib.rb", "gem 'a-one'\n", ""),
    (
        "run.rs",
        '---cargo\n[dependencies]\na-one = "1"\n---\nfn main() {}\n',
        "cargo a-one",
    ),
    ("tox.toml", '[env_run_base]\ndeps = ["a-one"]\n', "a-one"),
    (
        "tox.toml",
        ('requires = ["a-one"]\n[env.lint]\ndeps = ["a-two>1", "-r x.txt"]\n'
        'commands = [["pip", "install", "a-three"]]\n'),
        "a-one, a-two, a-three",
    ),
    (
        "pyproject.toml",
        "[tool.tox]\nlegacy_tox_ini = '''\n[testenv]\ndeps = a-one\n'''\n",
        "a-one",
    ),
    ("pyproject.toml", '[tool.tox.env.x]\ndeps = ["a-one"]\n', "a-one"),
    ("pyproject.toml", '[tool.pixi.pypi-dependencies]\na-one = "*"\n', "a-one"),
    (
        "pyproject.toml",
        '[tool.pixi.feature.t.pypi-dependencies]\na-one = {version="1"}\n',
        "a-one",
    ),
    (
        "pixi.toml",
        '[pypi-dependencies]\na-one = "*"\n[tasks]\nx = "pip install a-two"\n',
        "a-one, a-two",
    ),
    (
        "pyproject.toml",
        '[tool.hatch.metadata.hooks.uv-dynamic-versioning]\ndependencies = ["a-one==1"]\n',
        "a-one",
    ),
    ("pyproject.toml", '[tool.hatch.env]\nrequires = ["a-one"]\n', "a-one"),
    (
        "hatch.toml",
        '[envs.x]\ndependencies = ["a-one"]\n[envs.x.scripts]\ns = "pip install a-two"\n',
        "a-one, a-two",
    ),
    (
        "pyproject.toml",
        '[tool.cibuildwheel]\nbefore-all = "uvx a-one"\ntest-requires = "a-two a-three"\n',
        "a-two, a-three, a-one",
    ),
    (
        "pyproject.toml",
        '[tool.cibuildwheel.linux]\nbefore-all = ["pip install a-one"]\n',
        "a-one",
    ),
    ("pyproject.toml", '[tool.poe.tasks]\nx = {cmd = "uvx a-one"}\n', "a-one"),
    ("Dockerfile-dev", "FROM x\nRUN pip install a-one\n", "a-one"),
    ("docker/Dockerfile_gpu", "FROM x\nRUN pip install a-one\n", "a-one"),
    ("Containerfile-ci", "FROM x\nRUN pip install a-one\n", "a-one"),
    (".gitlab/ci/test.yml", "test:\n  script:\n    - pip install a-one\n", "a-one"),
    ("ci/lint.gitlab-ci.yml", "x:\n  script: [npm i a-one]\n", "npm a-one"),
    (".circleci/parts/x.yml", "x:\n  - run: pip install a-one\n", "a-one"),
    (
        ".drone.yml",
        "kind: pipeline\nsteps:\n  - commands:\n      - pip install a-one\n",
        "a-one",
    ),
    (".woodpecker/x.yaml", "steps:\n  a:\n    commands: pip install a-one\n", "a-one"),
    (".woodpecker.yml", "steps:\n  - commands: [pip install a-one]\n", "a-one"),
    (".buildkite/pipeline.yml", "steps:\n  - command: pip install a-one\n", "a-one"),
    (".buildkite/x/p.yml", "steps:\n  - commands:\n    - npx a-one\n", "npm a-one"),
    (".cirrus.yml", "t_task:\n  install_script: pip install a-one\n", "a-one"),
    (
        "lefthook.yml",
        "pre-commit:\n  commands:\n    a:\n      run: npx a-one\n",
        "npm a-one",
    ),
    ("package.yaml", 'name: x\ndependencies:\n  a-one: "1.0.0"\n', "npm a-one"),
    ("package.yaml", "scripts:\n  x: npx a-one\n", "npm a-one"),
    (
        "package.json5",
        '{\n// x\n"devDependencies": {"a-one": "1",},\n}\n',
        "npm a-one",
    ),
    (
        "package.json",
        '{"workspaces":{"packages":["p/*"],"catalog":{"a-one":"1.0.0"}}}',
        "npm a-one",
    ),
    (
        "package.json",
        '{"workspaces":{"catalogs":{"x":{"a-one":"1"}}},"catalog":{"a-two":"1"}}',
        "npm a-one, npm a-two",
    ),
    (
        ".yarnrc.yml",
        "catalog:\n  a-one: ^1\ncatalogs:\n  x:\n    a-two: 2\n",
        "npm a-one, npm a-two",
    ),
    (
        "pnpm-workspace.yaml",
        "catalogs:\n  x:\n    a-one: 2\n",
        "npm a-one",
    ),
    (".husky/pre-commit", "npx a-one\n", "npm a-one"),
    (".husky/commit-msg", "pip install a-one\n", "a-one"),
    (".githooks/pre-push", "npx a-one && npm test\n", "npm a-one"),
    ("notes", "npx a-one\n", ""),
    (
        "mise.toml",
        '[tools]\nnode = "22"\n"npm:a-one" = "1"\n"pipx:a-two" = "latest"\n"cargo:a-three" = "1"\n',
        "npm a-one, a-two, cargo a-three",
    ),
    (".mise.toml", '[tasks.x]\nrun = "pip install a-one"\n', "a-one"),
    (
        "run",
        '#!/usr/bin/env -S uv run --script\n# /// script\n# dependencies = ["a-one"]\n# ///\n',
        "a-one",
    ),
    (
        "run.py",
        '# /// script\r\n# dependencies = [\r\n#   "a-one",\r\n# ]\r\n# ///\r\n',
        "a-one",
    ),
    ("bin/tool", "#!/usr/bin/python3\n# /// script\n# dependencies=['a-one']\n# ///\n", "a-one"),
)  # fmt: skip
#: A script and what its commands install; ``?`` is a computed package.
COMMANDS = (
    ("$(PYTHON) -m pip install a-one", "a-one"),
    ("${PYTHON:-python3} -m pip install a-one", "a-one"),
    ("\t@$(VENV)/bin/python -m pip install a-one", "a-one"),
    ("$(PIP) install a-one", "a-one"),
    ('"${PIP}" install a-one', "a-one"),
    ("\t-$(VENV_PIP) install a-one", "a-one"),
    ("$NPM i a-one", "npm a-one"),
    ("PKG_TOOL=uv\n$PKG_TOOL add a-one", "a-one"),
    ("$SUDO pip install a-one", "a-one"),
    ("python -mpip install a-one", "a-one"),
    ("python3 -Im pip install a-one", "a-one"),
    ("py -Impip install a-one", "a-one"),
    ("setup(){ pip install a-one; }\nsetup", "a-one"),
    ("setup () { pip install a-one; }", "a-one"),
    ("function setup { pip install a-one; }", "a-one"),
    ("function setup() { npm i a-one; }", "npm a-one"),
    ('for p in a-one a-two; do pip install "$p"; done', "a-one, a-two"),
    ("for p in a-one\ndo\n  npm i ${p}\ndone", "npm a-one"),
    ("PKGS='a-one a-two'\npip install $PKGS", "a-one, a-two"),
    ('pkgs=(a-one\n  a-two)\npip install "${pkgs[@]}"', "a-one, a-two"),
    ("PKGS := a-one \\\n  a-two\nx:\n\tpip install $(PKGS)", "a-one, a-two"),
    ('while read p; do pip install "$p"; done < list', "?"),
    ("pip install $(cat list)", "?"),
    ("cat list | xargs -n1 pip install", "?"),
    ("$TOOL install a-one", "?"),
    ("$(MAKE) install a-one", ""),
    ('pip install "$DIR/x.whl" $(PIP_FLAGS) ./$X *.whl', ""),
    ("arr=()\npip install a-one", "a-one"),
)


def read(path: str, content: str) -> tuple[Dependency, ...]:
    reader = reader_for(path.encode())
    assert reader is not None, path
    return reader.read(path.encode(), content.encode())


def shown(entries: tuple[Dependency, ...]) -> str:
    """The entries with a name, and ``?`` for each computed one."""
    names: list[str] = []
    for entry in entries:
        if entry.source.kind == "computed":
            names.append("?")
        elif (
            entry.key
            and entry.source.kind not in {"self", "import"}
            and not ecosystem_named(entry.ecosystem).noun
        ):
            prefix = "" if entry.ecosystem == "pypi" else f"{entry.ecosystem} "
            names.append(prefix + entry.key)
    return ", ".join(names)


@pytest.mark.parametrize(("path", "content", "expected"), PLACES)
def test_every_place_that_installs_is_read(
    path: str, content: str, expected: str
) -> None:
    assert shown(read(path, content)) == expected


@pytest.mark.parametrize(("script", "expected"), COMMANDS)
def test_computed_commands_are_read_or_listed(script: str, expected: str) -> None:
    assert shown(read("setup.sh", script + "\n")) == expected


@pytest.mark.parametrize(("path", "content", "expected"), PLACES)
def test_each_entry_has_its_place_in_the_file(
    path: str, content: str, expected: str
) -> None:
    lines = content.split("\n")
    for entry in read(path, content):
        assert 1 <= entry.line <= len(lines), expected
        assert 1 <= entry.column <= entry.end_column


def test_a_dependency_of_a_cross_built_library_is_computed() -> None:
    (entry,) = read("build.sbt", '"g.x" %% "one" % "1.0"\n')
    assert (entry.source.kind, entry.key) == ("computed", "")
    assert "g.x:one" in entry.source.target


def test_prose_does_not_list_computed_commands() -> None:
    text = "```sh\ncat list | xargs pip install\npip install $PKGS\n```\n"
    assert read("README.md", text) == ()


def test_prose_below_a_folder_called_requirements_is_not_applicable() -> None:
    with pytest.raises(ManifestError) as error:
        read("requirements/functional/overview.txt", "The system shall be fast.\n")
    assert error.value.kind == "not_applicable"


def test_a_value_that_the_same_text_does_not_assign_is_not_guessed() -> None:
    (entry,) = read("x.sh", "pip install $PKGS\n")
    assert entry.source.target == "pip install of computed packages: '$PKGS'"


PATHS = sorted({path for path, _, _ in PLACES})
FRAGMENTS = sorted(
    {word for _, content, _ in PLACES for word in re.findall(r"\w+|\W", content)}
)


@given(st.sampled_from(PATHS), st.binary(max_size=300))
def test_any_bytes_give_dependencies_or_a_manifest_error(
    path: str, data: bytes
) -> None:
    _attempt(path, data)


@given(st.sampled_from(PATHS), st.lists(st.sampled_from(FRAGMENTS), max_size=60))
def test_any_words_give_dependencies_or_a_manifest_error(
    path: str, words: list[str]
) -> None:
    _attempt(path, "".join(words).encode())


@given(st.lists(st.sampled_from(
    ["$", "{", "}", "(", ")", '"', "'", "\n", " ", ";", "=", "a", "PIP", "pip", "install", "for",
     "p", "in", "do", "done", "`", "\\", "@", "-m", "function", ":=", "#"]),
    max_size=60))  # fmt: skip
def test_any_shell_text_gives_entries(words: list[str]) -> None:
    _attempt("x.sh", "".join(words).encode())


def _attempt(path: str, data: bytes) -> None:
    reader = reader_for(path.encode())
    assert reader is not None
    try:
        entries = reader.read(path.encode(), data)
    except ManifestError:
        return
    for entry in entries:
        assert entry.line >= 1
        assert entry.end_column >= entry.column >= 1


@pytest.mark.parametrize(
    "path",
    ["docs/Dockerfile-guide.md", "compose.py", "x.gradle.kt", "requirements.locked"],
)
def test_other_files_have_another_format_or_none(path: str) -> None:
    assert format_of(path.encode()) not in {
        "dockerfile", "workflow", "gradle", "requirements",
    }  # fmt: skip
