"""A lock file gives a package an archive: it must be that package's and that version's."""

from __future__ import annotations

import json
from urllib.parse import quote

from tests.support.changes import change_of, context
from tests.support.offenders import each_of
from zt_gate import rulebook
from zt_gate.ecosystems.manifests import hosts, reader_for
from zt_gate.ecosystems.manifests.pypi_files import is_file_of
from zt_gate.ecosystems.registries.default_settings import default_index
from zt_gate.ecosystems.registries.npm_settings import default_index as npm_index
from zt_gate.model.finding import Level
from zt_gate.scanners.dependencies import SCANNER

NPM = npm_index().url
MIRROR = "https://npm.corp.test/api/npm/all"
FILES = hosts.origin(default_index("pypi").url)


def kinds(path: str, text: str) -> list[str]:
    reader = reader_for(path.encode())
    assert reader is not None
    return [entry.source.kind for entry in reader.read(path.encode(), text.encode())]


def package_lock(folder: str, version: str, resolved: str, **fields: str) -> str:
    entry = {"version": version, "resolved": resolved, **fields}
    return json.dumps(
        {"lockfileVersion": 3, "packages": {f"node_modules/{folder}": entry}}
    )


def old_lock(name: str, version: str, resolved: str) -> str:
    return json.dumps(
        {"dependencies": {name: {"version": version, "resolved": resolved}}}
    )


def yarn(name: str, version: str, resolved: str) -> str:
    return f'"{name}@^{version}":\n  version "{version}"\n  resolved "{resolved}#abc"\n'


def berry(name: str, version: str, resolved: str) -> str:
    address = quote(resolved, safe="")
    return (
        f'"{name}@npm:^{version}":\n  version: {version}\n'
        f'  resolution: "{name}@npm:{version}::__archiveUrl={address}"\n'
    )


def pnpm(name: str, version: str, resolved: str) -> str:
    return (
        f"lockfileVersion: '9.0'\npackages:\n  '{name}@{version}':\n"
        f"    resolution: {{integrity: sha512-x, tarball: {resolved}}}\n"
    )


def bun(name: str, version: str, resolved: str) -> str:
    return json.dumps(
        {"packages": {name: [f"{name}@{version}", resolved, {}, "sha512-x"]}}
    )


FORMATS = {
    "package-lock.json": package_lock,
    "npm-shrinkwrap.json": old_lock,
    "yarn.lock": yarn,
    "berry/yarn.lock": berry,
    "pnpm-lock.yaml": pnpm,
    "bun.lock": bun,
}
OWN = [
    ("lodash", "4.17.21", "lodash/-/lodash-4.17.21.tgz"),
    ("@a/b", "1.0.0-rc.1", "@a/b/-/b-1.0.0-rc.1.tgz"),
    ("@a/b", "1.0.0", "@a%2fb/-/b-1.0.0.tgz"),
    ("Lodash", "1.0.0+build.5", "Lodash/-/lodash-1.0.0.tgz"),
]
FOREIGN = [
    ("lodash", "4.17.21", "evil/-/evil-4.17.21.tgz"),
    ("lodash", "4.17.21", "lodash/-/lodash-4.17.20.tgz"),
    ("lodash", "4.17.21", "evil/-/lodash-4.17.21.tgz"),
    ("lodash", "4.17.21", "lodash/-/evil-4.17.21.tgz"),
    ("@a/b", "1.0.0", "@evil/b/-/b-1.0.0.tgz"),
    ("lodash", "4.17.21", "xlodash/-/lodash-4.17.21.tgz"),
]


@each_of("path", list(FORMATS))
def test_archives_of_npm_packages(path: str) -> None:
    for base in (NPM, MIRROR):
        usual = "registry" if base == NPM else "index"
        for name, version, where in OWN:
            text = FORMATS[path](name, version, f"{base}/{where}")
            assert kinds(path, text) == [usual], (base, where)
        for name, version, where in FOREIGN:
            text = FORMATS[path](name, version, f"{base}/{where}")
            assert kinds(path, text) == ["foreign"], (base, where)


def test_an_alias_has_the_archive_of_its_package() -> None:
    text = package_lock("x", "1.0.0", f"{NPM}/real/-/real-1.0.0.tgz", name="real")
    assert kinds("package-lock.json", text) == ["registry"]
    aliased = yarn("real", "1.0.0", f"{NPM}/real/-/real-1.0.0.tgz")
    aliased = aliased.replace('"real@', '"x@npm:real@')
    assert kinds("yarn.lock", aliased) == ["registry"]


def uv(name: str, version: str, file: str) -> str:
    return (
        f'version = 1\n[[package]]\nname = "{name}"\nversion = "{version}"\n'
        f'source = {{ registry = "{FILES}/simple" }}\n'
        f'wheels = [\n    {{ url = "{FILES}/aa/{file}", hash = "sha256:1" }},\n]\n'
    )


def pdm(name: str, version: str, file: str) -> str:
    return (
        f'[[package]]\nname = "{name}"\nversion = "{version}"\n'
        f'files = [\n    {{url = "{FILES}/packages/aa/{file}", hash = "sha256:1"}},\n]\n'
    )


def pylock(name: str, version: str, file: str) -> str:
    return (
        f'lock-version = "1.0"\n[[packages]]\nname = "{name}"\nversion = "{version}"\n'
        f'[[packages.wheels]]\nurl = "{FILES}/packages/aa/{file}"\n'
    )


@each_of(
    ("file", "kind"),
    [
        ("own_kit-1.0-py3-none-any.whl", "registry"),
        ("Own.Kit-1.0.0-1-cp311-cp311-linux_x86_64.whl", "registry"),
        ("own-kit-1.0.tar.gz", "registry"),
        ("evil-1.0-py3-none-any.whl", "foreign"),
        ("own_kit-1.1-py3-none-any.whl", "foreign"),
        ("own-kit-evil-1.0.tar.gz", "foreign"),
        ("own_kit.whl", "foreign"),
    ],
)
def test_files_of_python_projects(file: str, kind: str) -> None:
    for path, written in (("uv.lock", uv), ("pdm.lock", pdm), ("pylock.toml", pylock)):
        assert kinds(path, written("own-kit", "1.0", file)) == [kind], path


@each_of(
    ("file", "name", "version", "own"),
    [
        (
            "torch-2.4.0%2Bcu121-cp311-cp311-linux_x86_64.whl",
            "torch",
            "2.4.0+cu121",
            True,
        ),
        ("a-1.0rc1.zip", "a", "1.0.rc1", True),
        ("a-b-c-1.tar.gz", "a.b_c", "1", True),
        ("a-1.0.tar.gz", "a", "", True),
        ("a-1.0.exe", "a", "1.0", True),
        ("a-1.0.tar.gz#sha256=b-1", "a", "1.0", True),
        ("b-1.0.tar.gz?a-1.0.tar.gz", "a", "1.0", False),
        ("a.tar.gz", "a", "1.0", False),
    ],
)
def test_names_of_files(file: str, name: str, version: str, *, own: bool) -> None:
    assert is_file_of(f"https://files.test/x/{file}", name, version) is own


def test_another_packages_archive_blocks(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """A real ``npm ci`` installed it under the name of the entry."""
    rules = rulebook.load("dependencies")
    old = package_lock("lodash", "4.17.21", f"{NPM}/lodash/-/lodash-4.17.21.tgz")
    new = package_lock("lodash", "4.17.21", f"{NPM}/evil/-/evil-1.0.0.tgz")
    change = change_of({"package-lock.json": new}, {"package-lock.json": old})
    run = SCANNER.scan(change, context(rules, tmp_path, environ={}, offline=True))
    (finding,) = run.findings
    assert (finding.rule, finding.level) == (
        "dependencies/outside-registry",
        Level.BLOCK,
    )
    assert "archive of another package" in finding.message
