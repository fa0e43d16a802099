"""Registries that the project's own files name on the trusted side, for each ecosystem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.changes import context
from tests.support.offenders import each_of
from zt_gate import rulebook
from zt_gate.ecosystems.manifests import cargo, hosts, reader_named
from zt_gate.ecosystems.registries import endpoints, is_private
from zt_gate.ecosystems.registries.default_settings import default_index
from zt_gate.ecosystems.registries.package_manager_settings import SettingsSources
from zt_gate.model.change import MODE_FILE, FileChange
from zt_gate.scanners.dependencies.manifest_difference import Addition, Manifest
from zt_gate.scanners.dependencies.registry_selection import RegistrySelection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RULES = rulebook.load("dependencies")
CORP = "https://corp.test/feed"
PUBLIC = "https://public.test/all"


def asked(ecosystem: str, files: Mapping[str, str], name: str) -> list[str]:
    """Return the addresses that a name of ``app/`` is asked at, in their order."""
    contents = {path.encode(): text.encode() for path, text in files.items()}
    sources = SettingsSources({}, {ecosystem: PUBLIC}, contents.get, b"app", system={})
    main, *before = endpoints(ecosystem, sources).for_name(name)
    return [index.url for index in (*before, main)]


NPM = "@corp/a"


@each_of(
    ("path", "text", "where"),
    [
        (
            ".yarnrc.yml",
            f"npmScopes:\n  corp:\n    npmRegistryServer: '{CORP}'\n",
            [CORP],
        ),
        ("app/.yarnrc.yml", f"npmRegistryServer: {CORP}/\n", [CORP]),
        (".yarnrc", f'registry "{CORP}/"\n', [CORP]),
        (".yarnrc", f'"@corp:registry" "{CORP}"\n', [CORP]),
        ("bunfig.toml", f'[install]\nregistry = "{CORP}"\n', [CORP]),
        (
            "bunfig.toml",
            f'[install]\nregistry = {{ url = "{CORP}", token = "$T" }}\n',
            [CORP],
        ),
        ("app/bunfig.toml", f'[install.scopes]\ncorp = "{CORP}"\n', [CORP]),
        ("bunfig.toml", f'[install.scopes]\n"@corp" = {{ url = "{CORP}" }}\n', [CORP]),
        ("pnpm-workspace.yaml", f"registry: {CORP}\n", [CORP]),
        ("pnpm-workspace.yaml", f"registries:\n  '@corp': {CORP}\n", [CORP]),
        (".npmrc", f"@corp:registry={CORP}\n", [CORP]),
        (
            ".yarnrc.yml",
            "npmScopes:\n  other:\n    npmRegistryServer: https://o.test\n",
            [PUBLIC],
        ),
        (".yarnrc.yml", "npmScopes: [\n", [PUBLIC]),
        ("other/.yarnrc", f'registry "{CORP}/"\n', [PUBLIC]),
    ],
)
def test_javascript(path: str, text: str, where: list[str]) -> None:
    assert asked("npm", {path: text}, NPM) == where


def test_the_counts_of_a_projects_own_registry_are_not_asked() -> None:
    files = {b"bunfig.toml": f'[install]\nregistry = "{CORP}"\n'.encode()}
    policy = {"npm": PUBLIC, "npm-downloads": "https://counts.test"}
    sources = SettingsSources({}, policy, files.get, b"", system={})
    assert endpoints("npm", sources).service is None


def pom(url: str, id: str = "corp", kind: str = "repository") -> str:  # noqa: A002
    plural = kind.removesuffix("y") + "ies"
    return f"<project><{plural}><{kind}><id>{id}</id><url>{url}</url></{kind}></{plural}></project>"


GOOGLE = "https://dl.google.com/dl/android/maven2"
PORTAL = "https://plugins.gradle.org/m2"
PLUGIN = "a.b:a.b.gradle.plugin"
KTS = "dependencyResolutionManagement {{\n repositories {{ {} }}\n}}\n"


@each_of(
    ("path", "text", "name", "where"),
    [
        ("pom.xml", pom(CORP), "a.b:c", [CORP, PUBLIC]),
        ("app/pom.xml", pom(CORP, kind="pluginRepository"), "a.b:c", [CORP, PUBLIC]),
        ("pom.xml", pom(CORP, "central"), "a.b:c", [CORP]),
        ("pom.xml", pom("https://repo1.maven.org/maven2/"), "a.b:c", [PUBLIC]),
        (
            "pom.xml",
            pom(CORP).replace("repositories", "distributionManagement"),
            "a.b:c",
            [PUBLIC],
        ),
        (
            "settings.gradle.kts",
            KTS.format("google(); mavenCentral()"),
            "androidx.core:x",
            [GOOGLE, PUBLIC],
        ),
        (
            "settings.gradle.kts",
            KTS.format("google(); mavenCentral()"),
            "org.x:x",
            [PUBLIC],
        ),
        (
            "settings.gradle.kts",
            KTS.format(f'mavenCentral(); maven("{CORP}")'),
            "a.b:c",
            [CORP, PUBLIC],
        ),
        (
            "app/build.gradle",
            f"repositories {{\n maven {{ url '{CORP}' }}\n}}\n",
            "a.b:c",
            [CORP],
        ),
        (
            "build.gradle",
            f"repositories {{\n // maven {{ url '{CORP}' }}\n}}\n",
            "a.b:c",
            [PUBLIC],
        ),
        ("build.gradle", "", PLUGIN, [PORTAL]),
        (
            "settings.gradle",
            f"pluginManagement {{ repositories {{ maven {{ url '{CORP}' }} }} }}\n",
            PLUGIN,
            [CORP, PORTAL],
        ),
        (
            "build.gradle.kts",
            KTS.format("google()"),
            "com.android.application:com.android.application.gradle.plugin",
            [GOOGLE, PORTAL],
        ),
    ],
)
def test_maven_and_gradle(path: str, text: str, name: str, where: list[str]) -> None:
    assert asked("maven", {path: text}, name) == where


@each_of(
    ("path", "text", "where"),
    [
        ("Gemfile", f'source "{CORP}/"\n', [CORP]),
        ("app/gems.rb", f"source '{CORP}'\n", [CORP]),
        (
            "Gemfile",
            f'source "https://rubygems.org"\nsource "{CORP}"\n',
            [CORP, PUBLIC],
        ),
        ("Gemfile", 'source "https://rubygems.org"\ngem "x"\n', [PUBLIC]),
        ("Gemfile", 'source "https://index.rubygems.org/"\n', [PUBLIC]),
        (
            "Gemfile",
            f'source "https://rubygems.org"\nsource "{CORP}" do\n  gem "x"\nend\n',
            [PUBLIC],
        ),
    ],
)
def test_bundler(path: str, text: str, where: list[str]) -> None:
    assert asked("gem", {path: text}, "own_gem") == where


def repositories(*items: str) -> str:
    return f'{{"repositories": [{", ".join(items)}]}}'


FEED = f'"type": "composer", "url": "{CORP}"'


@each_of(
    ("text", "where"),
    [
        (repositories(f"{{{FEED}}}"), [CORP, PUBLIC]),
        (repositories(f"{{{FEED}}}", '{"packagist.org": false}'), [CORP]),
        (f'{{"repositories": {{"a": {{{FEED}}}, "packagist.org": false}}}}', [CORP]),
        (repositories(f'{{{FEED}, "only": ["corp/*"]}}'), [CORP, PUBLIC]),
        (repositories(f'{{{FEED}, "only": ["other/*"]}}'), [PUBLIC]),
        (repositories(f'{{{FEED}, "exclude": ["corp/lib"]}}'), [PUBLIC]),
        (
            repositories('{"type": "composer", "url": "https://repo.packagist.org"}'),
            [PUBLIC],
        ),
        (repositories('{"type": "vcs", "url": "https://forge.test/a/b"}'), [PUBLIC]),
        ("[]", [PUBLIC]),
    ],
)
def test_composer(text: str, where: list[str]) -> None:
    assert asked("composer", {"composer.json": text}, "corp/lib") == where


def nuget(*sources: str, mapping: str = "") -> str:
    feeds = "".join(sources)
    return f"<configuration><packageSources>{feeds}</packageSources>{mapping}</configuration>"


def mapped(**patterns: str) -> str:
    inner = "".join(
        f'<packageSource key="{name}"><package pattern="{pattern}"/></packageSource>'
        for name, pattern in patterns.items()
    )
    return f"<packageSourceMapping>{inner}</packageSourceMapping>"


CLEAR = "<clear/>"
ADD = f'<add key="corp" value="{CORP}"/>'
ORG = '<add key="org" value="https://api.nuget.org/v3/index.json"/>'


@each_of(
    ("path", "text", "where"),
    [
        ("NuGet.config", nuget(CLEAR, ADD), [CORP]),
        ("app/nuget.config", nuget(ADD), [CORP, PUBLIC]),
        ("nuget.config", nuget(CLEAR, ORG, ADD), [CORP, PUBLIC]),
        ("nuget.config", nuget(CLEAR, ORG), [PUBLIC]),
        (
            "nuget.config",
            nuget(CLEAR, ORG, ADD, mapping=mapped(org="*", corp="Corp.*")),
            [CORP],
        ),
        (
            "nuget.config",
            nuget(CLEAR, ORG, ADD, mapping=mapped(org="*", corp="Other.*")),
            [PUBLIC],
        ),
        (
            "nuget.config",
            nuget(CLEAR, ORG, ADD, mapping=mapped(org="corp.lib", corp="Corp.*")),
            [PUBLIC],
        ),
        ("nuget.config", "<configuration>", [PUBLIC]),
    ],
)
def test_nuget(path: str, text: str, where: list[str]) -> None:
    assert asked("nuget", {path: text}, "corp.lib") == where


@each_of(
    ("path", "text", "where"),
    [
        (".cargo/config.toml", '[source.crates-io]\nreplace-with = "corp"\n', ["corp"]),
        (
            "app/.cargo/config",
            '[source.crates-io]\nreplace-with = "vendored"\n',
            ["vendored"],
        ),
        (".cargo/config.toml", f'[registries.corp]\nindex = "{CORP}"\n', [PUBLIC]),
        (".cargo/config.toml", "[build]\njobs = 2\n", [PUBLIC]),
        (".cargo/config.toml", "[source", [PUBLIC]),
    ],
)
def test_cargo(path: str, text: str, where: list[str]) -> None:
    assert asked("cargo", {path: text}, "own-crate") == where


@pytest.mark.parametrize("written", ["corp", "other", "crates-io"])
def test_a_crate_of_a_named_registry(written: str, tmp_path: Path) -> None:
    text = f'[dependencies]\na = {{ version = "1", registry = "{written}" }}\n'.encode()
    files = {
        b".cargo/config.toml": b'[registries.corp]\nindex = "sparse+https://c.test/"\n'
    }
    manifest = Manifest(
        FileChange(b"Cargo.toml", "A", 0, MODE_FILE), reader_named("cargo"), text
    )
    selection = RegistrySelection(
        context(RULES, tmp_path, environ={}, trusted_file=files.get)
    )
    (entry,) = cargo.read(b"Cargo.toml", text)
    assert entry.source.kind == ("registry" if written == "crates-io" else "index")
    is_trusted = selection.is_trusted_index(Addition(entry, manifest))
    assert is_trusted == (written == "corp")


@each_of(
    ("text", "environ", "private"),
    [
        ("GOPRIVATE=corp.test/*\n", {}, True),
        ("GONOSUMDB=corp.test\n", {}, True),
        ("GONOPROXY=corp.test\nGOPRIVATE=other.test\n", {}, True),
        ("", {"GONOSUMDB": "corp.test"}, True),
        ("GOPRIVATE=corp.test\n", {"GOPRIVATE": "other.test"}, False),
        ("GOPRIVATE=corp.test\n", {"GOENV": "off"}, False),
        ("GOFLAGS=-mod=mod\n", {}, False),
    ],
)
def test_the_file_of_go_env(
    text: str,
    environ: dict[str, str],
    private: bool,
    tmp_path: Path,
) -> None:
    file = tmp_path / "go" / "env"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    values = {"XDG_CONFIG_HOME": str(tmp_path), **environ}
    sources = SettingsSources(values, {}, lambda _: None, system={})
    assert is_private("golang", sources, "corp.test/lib") is private


@each_of(
    ("files", "index"),
    [
        ({"r/dev.txt": "-r base.txt\n", "r/base.txt": f"-i {CORP}\n"}, CORP),
        ({"r/dev.txt": "-r ../base.txt\n", "base.txt": f"--index-url={CORP}/\n"}, CORP),
        (
            {
                "r/dev.txt": "-r a.txt\n",
                "r/a.txt": "-c b.txt\n",
                "r/b.txt": f"-i {CORP}\n",
            },
            CORP,
        ),
        ({"r/dev.txt": "-r dev.txt\n-r none.txt\n"}, PUBLIC),
        ({"r/dev.txt": "a\n", "r/base.txt": f"-i {CORP}\n"}, PUBLIC),
    ],
)
def test_the_index_of_an_included_file(
    files: dict[str, str], index: str, tmp_path: Path
) -> None:
    contents = {path.encode(): text.encode() for path, text in files.items()}
    here = context(
        RULES,
        tmp_path,
        environ={},
        trusted_file=contents.get,
        registries={"pypi": PUBLIC},
    )
    reader = reader_named("requirements")
    (entry,) = reader.read(b"r/dev.txt", b"own-lib\n")
    file = FileChange(b"r/dev.txt", "M", MODE_FILE, MODE_FILE)
    addition = Addition(entry, Manifest(file, reader))
    question = RegistrySelection(here).question(addition)
    assert [one.url for one in question.indexes] == [index]


@each_of(
    ("ecosystem", "url", "official"),
    [
        ("maven", "https://repo1.maven.org/maven2", True),
        ("maven", "https://repo.maven.apache.org/maven2/", True),
        ("maven", "http://repo1.maven.org/maven2", False),
        ("maven", "https://repo1.maven.org.corp.test/maven2", False),
        ("composer", "https://repo.packagist.org", True),
        ("composer", "https://packagist.org.corp.test", False),
        ("nuget", "https://api.nuget.org/v3/index.json", True),
        ("nuget", "https://nuget.corp.test/v3/index.json", False),
        ("gem", "https://index.rubygems.org/", True),
        ("cargo", "https://index.crates.io/", True),
    ],
)
def test_official_hosts(ecosystem: str, url: str, *, official: bool) -> None:
    assert hosts.is_registry(ecosystem, url) is official


def test_the_former_host_of_the_python_index_and_yarns_host_of_npm() -> None:
    for ecosystem in ("pypi", "npm"):
        scheme, _, host = default_index_host(ecosystem).partition("://")
        label, _, suffix = host.rpartition("/")[2].partition(".")
        alias = (
            f"{scheme}://{label}.python.{suffix}/simple"
            if ecosystem == "pypi"
            else f"{scheme}://{label}.{'yarn'}pkg.com/"
        )
        assert hosts.is_registry(ecosystem, alias)
        assert not hosts.is_registry(
            ecosystem, alias.replace(label, f"{label}.corp", 1)
        )


def default_index_host(ecosystem: str) -> str:
    if ecosystem == "npm":
        from zt_gate.ecosystems.registries.npm_settings import default_index as of_npm

        return of_npm().url
    return hosts.origin(default_index(ecosystem).url)
