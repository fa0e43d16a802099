"""Manifests that their package manager accepts, and that were called unreadable."""

from __future__ import annotations

import json

from tests.support.offenders import each_of
from zt_gate.ecosystems.manifests import reader_for

NAMES = ["groupId", "artifactId", "version"]


def read(path: str, text: str) -> list[str]:
    reader = reader_for(path.encode())
    assert reader is not None
    return [
        f"{entry.ecosystem} {entry.key} {entry.constraint}".strip()
        if entry.key
        else entry.source.kind
        for entry in reader.read(path.encode(), text.encode())
        if entry.source.kind != "self"
    ]


def hook(language: str, *packages: str, where: str = "local", id: str = "x") -> str:  # noqa: A002
    lines = [f"    language: {language}\n"] if language else []
    return (
        f"repos:\n- repo: {where}\n  hooks:\n  - id: {id}\n"
        + "".join(lines)
        + f"    additional_dependencies: {json.dumps(packages)}\n"
    )


REMOTE = "https://forge.test/a/b"


@each_of(
    ("language", "packages", "found"),
    [
        ("conda", ("-c", "conda-forge", "texplain"), ["computed"] * 3),
        ("dart", ("intl:0.18.0",), ["computed"]),
        ("coursier", ("scalafmt:3.6.1",), ["computed"]),
        ("haskell", ("fourmolu-0.14",), ["computed"]),
        ("lua", ("luacheck",), ["computed"]),
        ("perl", ("Perl::Tidy",), ["computed"]),
        ("r", ("styler@1.0", "git::https://forge.test/a"), ["computed"] * 2),
        ("julia", ("JuliaFormatter",), ["computed"]),
        ("swift", ("a",), ["computed"]),
        ("dotnet", ("a",), ["computed"]),
        ("docker_image", ("a",), ["computed"]),
        ("unsupported", ("a",), ["computed"]),
        (
            "rust",
            ("cli:taplo-cli:0.9.0", "serde"),
            ["cargo taplo-cli 0.9.0", "cargo serde"],
        ),
        ("ruby", ("rake:13.0",), ["gem rake 13.0"]),
        ("node", ("a@1", "@s/b@2"), ["npm a 1", "npm @s/b 2"]),
        (
            "golang",
            ("mvdan.cc/sh/v3/cmd/shfmt@v3.8.0", "./cmd/x"),
            ["golang mvdan.cc/sh/v3/cmd/shfmt v3.8.0", "computed"],
        ),
        ("python", ("rich==1.0", "./own"), ["pypi rich ==1.0", "path"]),
        ("python_venv", ("rich",), ["pypi rich"]),
    ],
)
def test_hooks_of_every_language(
    language: str, packages: tuple[str, ...], found: list[str]
) -> None:
    assert read(".pre-commit-config.yaml", hook(language, *packages)) == found


@each_of(
    ("package", "found"),
    [
        ("cli:taplo-cli:0.9.0", ["cargo taplo-cli 0.9.0"]),
        ("intl:0.18.0", ["computed"]),
        ("@scope/a@1.0.0", ["npm @scope/a 1.0.0"]),
        ("typescript@5.0.0", ["npm typescript 5.0.0"]),
        ("mvdan.cc/gofumpt@v0.5.0", ["golang mvdan.cc/gofumpt v0.5.0"]),
        ("rich>=1", ["pypi rich >=1"]),
    ],
)
def test_the_form_tells_the_language_of_a_remote_hook(
    package: str, found: list[str]
) -> None:
    entries = read(".pre-commit-config.yaml", hook("", package, where=REMOTE))
    assert entries == ["git forge.test/a/b", *found]


@each_of(
    ("line", "found"),
    [
        ("django==${VERSION}", ["pypi django"]),
        ("Foo.Bar[x] >= ${V_1} ; python_version > '3'", ["pypi foo-bar"]),
        ("${NAME}==1.0", ["computed"]),
        ("rich-${KIND}==1.0", ["computed"]),
        ("-r ${FOLDER}/base.txt", ["computed"]),
        ("-c ${FOLDER}/c.txt", ["computed"]),
        ("rich @ ${BASE}/rich.whl", ["url"]),
        ("rich==1.0  # ${X}", ["pypi rich ==1.0"]),
    ],
)
def test_variables_in_requirements(line: str, found: list[str]) -> None:
    def shown(text: str) -> str:
        return "url" if text == "pypi rich" and "@" in line else text

    assert [shown(one) for one in read("requirements.txt", f"{line}\n")] == found


@each_of(
    ("path", "text"),
    [
        ("setup.py", 'setup(install_requires=["rich>=1  # the screen"])'),
        ("setup.py", 'setup(extras_require={"a": ["rich>=1 #x", "# nothing", ""]})'),
        ("setup.py", 'setup(setup_requires="""\n# x\nrich>=1  # y\n""")'),
        ("setup.py", 'NEED = ["rich>=1 # x"]\nsetup(tests_require=NEED)'),
        ("setup.cfg", "[options]\ninstall_requires =\n    rich>=1  # the screen\n"),
        ("setup.cfg", "[options.extras_require]\na =\n    # x\n    rich>=1 # y\n"),
        ("tox.ini", "[testenv]\ndeps =\n    rich>=1  # x\n    # y\n"),
        ("requirements.txt", "rich>=1  # x\n# y\n"),
    ],
)
def test_comments_in_lists(path: str, text: str) -> None:
    assert read(path, text) == ["pypi rich >=1"]


PARENT = "<parent><groupId>g.h</groupId><artifactId>p</artifactId><version>2</version></parent>"


def pom(group: str, artifact: str, version: str, before: str = "") -> str:
    values = zip(NAMES, (group, artifact, version), strict=True)
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in values)
    return f"<project>{PARENT}<artifactId>w</artifactId>{before}<dependency>{inner}</dependency></project>"  # noqa: E501 - a whole file


def properties(**values: str) -> str:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    return f"<properties>{inner}</properties>"


@each_of(
    ("text", "found"),
    [
        (pom("${project.groupId}", "a", "${project.version}"), "maven g.h:a 2"),
        (pom("${project.parent.groupId}", "a", "${parent.version}"), "maven g.h:a 2"),
        (pom("${pom.groupId}", "a", "${version}"), "maven g.h:a 2"),
        (pom("\n g.h \n", " a ", " 2 "), "maven g.h:a 2"),
        (
            pom(
                "${g}", "a_${s}", "${v}", properties(g="g.${k}", k="h", s="2.13", v="2")
            ),
            "maven g.h:a_2.13 2",
        ),
        (
            pom("${g}", "a", "${elsewhere}", properties(g="${project.groupId}")),
            "maven g.h:a ${elsewhere}",
        ),
        (pom("${elsewhere}", "a", "2"), "computed"),
        (pom("g.h", "@artifact@", "2"), "computed"),
        (pom("${g}", "a", "2", properties(g="${g}")), "computed"),
    ],
)
def test_properties_and_inherited_coordinates(text: str, found: str) -> None:
    assert found in read("pom.xml", text)


@each_of(
    ("path", "text", "found"),
    [
        ("package.json", '{"devDependencies": {"$utils": "link:./utils"}}', ["path"]),
        ("package.json", '{"dependencies": {"$a": "portal:../a"}}', ["path"]),
        ("gradle/libs.versions.toml", '[plugins]\na = { id = "corp.lint" }\n', []),
        (
            "gradle/libs.versions.toml",
            '[plugins]\na = "b.c:1"\n',
            ["maven b.c:b.c.gradle.plugin 1"],
        ),
        (
            "go.work",
            "go 1.24\ntoolchain go1.24.1\nuse (\n\t./a // x\n)\ngodebug x=1\n",
            [],
        ),
        ("Gemfile", "gemspec\n", []),
    ],
)
def test_names_that_no_registry_needs_to_know(
    path: str, text: str, found: list[str]
) -> None:
    assert read(path, text) == found
