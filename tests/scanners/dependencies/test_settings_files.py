"""A settings file that a change adds, and that names another registry, is another index."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.changes import change_of, context
from tests.support.offenders import each_of
from zt_gate import rulebook
from zt_gate.ecosystems.manifests import reader_for
from zt_gate.ecosystems.registries.default_settings import default_index
from zt_gate.ecosystems.registries.npm_settings import default_index as npm_index
from zt_gate.ecosystems.registries.pypi_settings import default_index as pypi_index
from zt_gate.scanners.dependencies import SCANNER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RULES = rulebook.load("dependencies")
CORP = "https://corp.example/feed"
RULE = "dependencies/outside-registry"
PYPI, NPM = pypi_index().url, npm_index().url
GOOGLE = "https://dl.google.com/dl/android/maven2/"
PORTAL = "https://plugins.gradle.org/m2/"
CRATES = "https://github.com/rust-lang/crates.io-index"
MAVEN, NUGET, GEM, COMPOSER = (
    default_index(name).url for name in ("maven", "nuget", "gem", "composer")
)


def nuget(*urls: str) -> str:
    sources = "".join(f'<add key="k{n}" value="{url}" />' for n, url in enumerate(urls))
    return f"<configuration><packageSources>{sources}</packageSources></configuration>"


def maven(url: str, kind: str = "mirror") -> str:
    entry = f"<{kind}><id>x</id><url>{url}</url></{kind}>"
    if kind == "mirror":
        entry = entry.replace("<url>", "<mirrorOf>*</mirrorOf><url>")
        return f"<settings><mirrors>{entry}</mirrors></settings>"
    inside = f"<profile><repositories>{entry}</repositories></profile>"
    return f"<settings><profiles>{inside}</profiles></settings>"


def pom(url: str, kind: str = "repository") -> str:
    return f"<project><{kind}><id>x</id><url>{url}</url></{kind}></project>"


def composer(url: str) -> str:
    return json.dumps({"repositories": [{"type": "composer", "url": url}]})


def reported(
    tmp_path: Path, new: Mapping[str, str], trusted: Mapping[str, str] | None = None
) -> list[tuple[str, int | None]]:
    """Return the addresses and lines of the findings about another index."""
    contents = {path.encode(): text.encode() for path, text in (trusted or {}).items()}
    here = context(
        RULES, tmp_path, offline=True, environ={}, trusted_file=contents.get,
        trusted_paths=lambda: list(contents),
    )  # fmt: skip
    old = {path: text for path, text in (trusted or {}).items() if path in new}
    run = SCANNER.scan(change_of(new, old), here)
    return [
        (one.message.split("'")[1], one.location.line)
        for one in run.findings
        if one.rule == RULE
    ]


#: Path, and the text that names a registry.
SETTINGS = [
    (".yarnrc.yml", "enableTelemetry: false\nnpmRegistryServer: {}\n", 2),
    ("web/.yarnrc.yml", "npmScopes:\n  corp:\n    npmRegistryServer: '{}'\n", 3),
    (".yarnrc.yml", 'npmRegistryServer: "{}"  # mirror\n', 1),
    (".yarnrc", 'lastUpdateCheck 1\nregistry "{}"\n', 2),
    (".yarnrc", "registry {}\n", 1),
    ("app/.yarnrc", '"@corp:registry" "{}"\n', 1),
    ("bunfig.toml", '[install]\nregistry = "{}"\n', 2),
    ("bunfig.toml", '[install]\nregistry = {{ url = "{}", token = "$T" }}\n', 2),
    ("bunfig.toml", '[install.scopes]\ncorp = "{}"\n', 2),
    ("pnpm-workspace.yaml", "packages: [a]\nregistry: {}\n", 2),
    ("pnpm-workspace.yaml", "registries:\n  default: {}\n", 2),
    ("pnpm-workspace.yaml", "registries:\n  '@corp': {}\n", 2),
    (".npmrc", "registry={}\n", 1),
    ("NuGet.config", nuget("{}"), 1),
    ("src/nuget.config", nuget(NUGET, "{}"), 1),
    (
        "NuGet.Config",
        nuget("{}").replace("<add", "\n<clear/>\n\n<add"),
        4,
    ),
    (".mvn/settings.xml", maven("{}"), 1),
    ("settings.xml", maven("{}", "repository"), 1),
    (".mvn/other-settings.xml", maven("{}", "pluginRepository"), 1),
    ("pom.xml", pom("{}"), 1),
    ("a/pom.xml", pom("{}", "pluginRepository"), 1),
    ("settings.gradle.kts", 'repositories {{ maven(url = "{}") }}\n', 1),
    ("settings.gradle", "repositories {{\n  maven {{ url '{}' }}\n}}\n", 2),
    ("build.gradle.kts", 'repositories {{ maven {{ url = uri("{}") }} }}\n', 1),
    ("Gemfile", "source '{}'\n", 1),
    ("gems.rb", "source '{}' do\nend\n", 1),
    (".bundle/config", '---\nBUNDLE_MIRROR__ALL: "{}"\n', 2),
    ("composer.json", composer("{}").replace("{", "{{", 0), 1),
    (".cargo/config.toml", '[source.mine]\nregistry = "{}"\n', 2),
    (".cargo/config", '[registries.mine]\nindex = "sparse+{}"\n', 2),
    ("a/.cargo/config.toml", '[registries]\nmine = {{ index = "{}" }}\n', 2),
    ("uv.toml", '[[index]]\nname = "x"\nurl = "{}"\n', 3),
    ("uv.toml", 'index-url = "{}"\n', 1),
    ("sub/uv.toml", '[pip]\nextra-index-url = ["{}"]\n', 2),
    ("pdm.toml", '[pypi]\nurl = "{}"\n', 2),
    (".pdm.toml", '[pypi.extra]\nurl = "{}"\n', 2),
    ("pyproject.toml", '[[tool.uv.index]]\nurl = "{}"\n', 2),
    ("pyproject.toml", '[[tool.poetry.source]]\nname = "x"\nurl = "{}"\n', 3),
    ("pyproject.toml", '[[tool.pdm.source]]\nname = "x"\nurl = "{}"\n', 3),
]
CASES = [
    (path, text.replace("{}", CORP).replace("{{", "{").replace("}}", "}"), line)
    for path, text, line in SETTINGS
]


@each_of(("path", "text", "line"), CASES)
def test_a_new_file_names_another_registry(
    tmp_path: Path, path: str, text: str, line: int
) -> None:
    assert reported(tmp_path, {path: text}) == [(CORP, line)]


@each_of(("path", "text", "line"), CASES)
def test_what_the_trusted_side_names_is_no_other(
    tmp_path: Path, path: str, text: str, line: int
) -> None:
    del line
    assert reported(tmp_path, {path: f"{text}\n"}, {path: text}) == []


@each_of(("path", "text", "line"), CASES)
def test_a_file_below_may_name_what_the_trusted_side_names_above(
    tmp_path: Path, path: str, text: str, line: int
) -> None:
    del line
    above = path.removeprefix("web/").removeprefix("src/").removeprefix("sub/")
    above = above.removeprefix("app/").removeprefix("a/")
    if above == ".mvn/other-settings.xml":
        return  # a file that only an option on the command line names
    assert reported(tmp_path, {f"new/{above}": text}, {above: text}) == []


OFFICIAL = {
    "npm": (NPM, f"{NPM}/"),
    "pypi": (PYPI, f"{PYPI}/"),
    "maven": (MAVEN, GOOGLE, "https://maven.google.com", PORTAL),
    "nuget": (NUGET, "https://api.nuget.org/v3/index.json"),
    "gem": (GEM, f"{GEM}/"),
    "composer": (COMPOSER, f"{COMPOSER}/"),
    "cargo": (CRATES, "https://index.crates.io/"),
}


@each_of(("path", "text", "line"), SETTINGS)
def test_official_addresses_are_no_other_index(
    tmp_path: Path, path: str, text: str, line: int
) -> None:
    del line
    reader = reader_for(path.encode())
    assert reader is not None
    filled = text.replace("{}", CORP).replace("{{", "{").replace("}}", "}")
    ecosystem = reader.read(path.encode(), filled.encode())[0].ecosystem
    for url in OFFICIAL[ecosystem]:
        assert reported(tmp_path, {path: filled.replace(CORP, url)}) == [], url


def test_other_files_of_the_same_name_are_left_alone(tmp_path: Path) -> None:
    android = "<resources><url>https://x.example</url></resources>"
    for text in (android, "no XML", "<settings><a/></settings>"):
        run = SCANNER.scan(
            change_of({"res/settings.xml": text}),
            context(RULES, tmp_path, offline=True),
        )
        assert (run.findings, run.not_inspected) == ((), ())


def test_folders_are_no_other_index_unless_they_leave_the_repository(
    tmp_path: Path,
) -> None:
    inside = {
        "NuGet.config": nuget("./feed"),
        ".cargo/config.toml": '[source.vendored]\ndirectory = "vendor"\n',
        "uv.toml": 'find-links = ["wheels"]\n',
    }
    assert reported(tmp_path, inside) == []
    assert reported(tmp_path, {"NuGet.config": nuget("../../feed")}) == [
        ("../../feed", 1)
    ]


@each_of(
    ("path", "text"),
    [
        (".yarnrc.yml", "npmScopes: [\n"),
        ("bunfig.toml", "[install\n"),
        ("NuGet.config", "<configuration>"),
        (".cargo/config.toml", "= 1\n"),
        (".mvn/settings.xml", "<settings>"),
    ],
)
def test_a_broken_file_is_unreadable(tmp_path: Path, path: str, text: str) -> None:
    run = SCANNER.scan(change_of({path: text}), context(RULES, tmp_path, offline=True))
    assert [(one.path, one.kind) for one in run.not_inspected] == [
        (path.encode(), "unreadable")
    ]
