"""Locks are evidence: checksums, hosts, and whether a lock fits its manifest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.changes import change_of, context
from tests.support.offenders import each_of
from zt_gate import rulebook
from zt_gate.ecosystems.manifests import hosts, reader_for
from zt_gate.ecosystems.manifests.base import ManifestError
from zt_gate.ecosystems.registries.default_settings import default_index
from zt_gate.ecosystems.registries.npm_settings import default_index as npm_index
from zt_gate.scanners.dependencies import SCANNER
from zt_gate.scanners.dependencies.lock_integrity import integrity_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

RULES = rulebook.load("dependencies")
NPM = npm_index().url
FILES = hosts.origin(default_index("pypi").url)
Files = dict[str, str]
#: Two checksums; the second one is another file's.
A, B = "a" * 40, "b" * 40


def said(
    new: Mapping[str, str | None], old: Mapping[str, str], tmp_path: Path, **fields: Any
) -> list[tuple[str, str]]:
    """The findings about locks of a change: the rule without its scanner, and the level."""
    base = {**old, **fields.pop("base", {})}
    values = {
        "environ": {},
        "offline": True,
        "trusted_file": lambda path: (
            base[path.decode()].encode() if path.decode() in base else None
        ),
        **fields,
    }
    change = change_of(new, old)
    run = SCANNER.scan(change, context(RULES, tmp_path, **values))
    assert run.status == "ok"
    assert not [item for item in run.not_inspected if item.kind == "unreadable"]
    return [
        (finding.rule.partition("/")[2], str(finding.level))
        for finding in run.findings
        if finding.rule.partition("/")[2] != "unverified"
    ]


# Each format: a lock with one package, whose checksum is the argument ("": none).
def package_lock(checksum: str, algorithm: str = "sha512") -> Files:
    entry = {"version": "1.0.0", "resolved": f"{NPM}/kit/-/kit-1.0.0.tgz"}
    if checksum:
        entry["integrity"] = f"{algorithm}-{checksum}"
    packages = {"": {"dependencies": {"kit": "^1.0.0"}}, "node_modules/kit": entry}
    text = json.dumps({"lockfileVersion": 3, "packages": packages}, indent=1)
    return {"package-lock.json": text}


def old_package_lock(checksum: str) -> Files:
    entry = {"version": "1.0.0", "resolved": f"{NPM}/kit/-/kit-1.0.0.tgz"}
    if checksum:
        entry["integrity"] = f"sha512-{checksum}"
    return {"npm-shrinkwrap.json": json.dumps({"dependencies": {"kit": entry}})}


def yarn(checksum: str) -> Files:
    integrity = f"  integrity sha512-{checksum}\n" if checksum else ""
    return {
        "yarn.lock": 'kit@^1.0.0:\n  version "1.0.0"\n'
        f'  resolved "{NPM}/kit/-/kit-1.0.0.tgz#{"c" * 40}"\n{integrity}'
    }


def berry(checksum: str, key: str = "10c0/") -> Files:
    line = f"  checksum: {key}{checksum}\n" if checksum else ""
    return {
        "yarn.lock": "__metadata:\n  version: 8\n  cacheKey: 10c0\n\n"
        '"kit@npm:^1.0.0":\n  version: 1.0.0\n  resolution: "kit@npm:1.0.0"\n'
        f"{line}  languageName: node\n"
    }


def pnpm(checksum: str) -> Files:
    integrity = f"{{integrity: sha512-{checksum}}}" if checksum else "{}"
    return {
        "pnpm-lock.yaml": "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n"
        "      kit:\n        specifier: ^1.0.0\n        version: 1.0.0\n"
        f"packages:\n  kit@1.0.0:\n    resolution: {integrity}\n"
    }


def bun(checksum: str) -> Files:
    items = ["kit@1.0.0", "", {}, *([f"sha512-{checksum}"] if checksum else [])]
    return {"bun.lock": json.dumps({"workspaces": {}, "packages": {"kit": items}})}


def _hash(checksum: str, name: str = "hash") -> str:
    return f', {name} = "sha256:{checksum}"' if checksum else ""


def uv(checksum: str) -> Files:
    return {
        "uv.lock": f'version = 1\n[[package]]\nname = "kit"\nversion = "1.0.0"\n'
        f'source = {{ registry = "{FILES}/simple" }}\n'
        f'sdist = {{ url = "{FILES}/a/kit-1.0.0.tar.gz"{_hash(checksum)}, size = 1 }}\n'
    }


def poetry(checksum: str) -> Files:
    return {
        "poetry.lock": '[[package]]\nname = "kit"\nversion = "1.0.0"\nfiles = [\n'
        f'    {{file = "kit-1.0.0.tar.gz"{_hash(checksum)}}},\n]\n\n'
        '[metadata]\ncontent-hash = "c"\n'
    }


def old_poetry(checksum: str) -> Files:
    values = f'"{checksum}"' if checksum else ""
    return {
        "poetry.lock": '[[package]]\nname = "kit"\nversion = "1.0.0"\n\n'
        f'[metadata]\ncontent-hash = "c"\n\n[metadata.hashes]\nkit = [{values}]\n'
    }


def pdm(checksum: str) -> Files:
    return {"pdm.lock": poetry(checksum)["poetry.lock"].replace("content-", "content_")}


def pylock(checksum: str) -> Files:
    hashes = f'hashes = {{sha256 = "{checksum}"}}\n' if checksum else ""
    return {
        "pylock.toml": 'lock-version = "1.0"\n[[packages]]\nname = "kit"\nversion = "1.0.0"\n'
        f'[[packages.wheels]]\nurl = "{FILES}/a/kit-1.0.0-py3-none-any.whl"\n{hashes}'
    }


def pipfile(checksum: str) -> Files:
    hashes = [f"sha256:{checksum}"] if checksum else []
    table = {"version": "==1.0.0", "hashes": hashes}
    content = {
        "_meta": {"hash": {"sha256": "c"}, "sources": []},
        "default": {"kit": table},
    }
    return {"Pipfile.lock": json.dumps(content, indent=1)}


def cargo(checksum: str) -> Files:
    line = f'checksum = "{checksum}"\n' if checksum else ""
    return {
        "Cargo.lock": 'version = 4\n\n[[package]]\nname = "kit"\nversion = "1.0.0"\n'
        f'source = "registry+https://github.com/rust-lang/crates.io-index"\n{line}'
    }


def old_cargo(checksum: str) -> Files:
    source = "registry+https://github.com/rust-lang/crates.io-index"
    line = f'"checksum kit 1.0.0 ({source})" = "{checksum}"\n' if checksum else ""
    return {
        "Cargo.lock": f'[[package]]\nname = "kit"\nversion = "1.0.0"\nsource = "{source}"\n\n'
        f"[metadata]\n{line}"
    }


def go(checksum: str) -> Files:
    return {
        "go.sum": f"h.example/kit v1.0.0 h1:{checksum}=\n"
        f"h.example/kit v1.0.0/go.mod h1:{'c' * 40}=\n"
    }


def bundler(checksum: str) -> Files:
    value = f" sha256={checksum}" if checksum else ""
    return {
        "Gemfile.lock": "GEM\n  specs:\n    kit (1.0.0)\n\nDEPENDENCIES\n  kit (~> 1.0)\n\n"
        f"CHECKSUMS\n  kit (1.0.0){value}\n"
    }


def composer(checksum: str) -> Files:
    commit = {"reference": checksum} if checksum else {}
    address = "https://git.example/v/kit"
    package = {
        "name": "v/kit", "version": "1.0.0",
        "notification-url": "https://packagist.org/downloads/",
        "source": {"type": "git", "url": f"{address}.git", **commit},
        "dist": {"type": "zip", "url": f"{address}/archive.zip", "shasum": "", **commit},
    }  # fmt: skip
    return {"composer.lock": json.dumps({"content-hash": "c", "packages": [package]})}


def nuget(checksum: str) -> Files:
    entry = {"type": "Direct", "requested": "[1.0.0, )", "resolved": "1.0.0"}
    if checksum:
        entry["contentHash"] = checksum
    content = {"version": 1, "dependencies": {"net8.0": {"Kit": entry}}}
    return {"packages.lock.json": json.dumps(content, indent=1)}


def gradle(checksum: str) -> Files:
    value = f'<sha256 value="{checksum}" origin="x"/>' if checksum else ""
    return {
        "gradle/verification-metadata.xml": "<verification-metadata><configuration>"
        "<verify-metadata>true</verify-metadata></configuration><components>"
        '<component group="g.example" name="kit" version="1.0.0">'
        f'<artifact name="kit-1.0.0.jar">{value}</artifact></component>'
        "</components></verification-metadata>"
    }


FORMATS: dict[str, Callable[[str], Files]] = {
    function.__name__: function
    for function in (
        package_lock, old_package_lock, yarn, berry, pnpm, bun, uv, poetry, old_poetry, pdm,
        pylock, pipfile, cargo, old_cargo, go, bundler, composer, nuget, gradle,
    )
}  # fmt: skip
CHANGED = [("lock-integrity", "block")]
#: The package itself, where no manifest declares it and nobody is asked.
ASKED = {"outside-registry"}


def integrity(
    new: Mapping[str, str | None], old: Mapping[str, str], tmp_path: Path
) -> list[tuple[str, str]]:
    return [item for item in said(new, old, tmp_path) if item[0] not in ASKED]


@each_of("name", list(FORMATS))
def test_another_checksum_of_the_same_file_blocks(name: str, tmp_path: Path) -> None:
    lock = FORMATS[name]
    assert integrity(lock(B), lock(A), tmp_path) == CHANGED
    assert integrity(lock(A), lock(A), tmp_path) == []


@each_of("name", [name for name in FORMATS if name != "go"])
def test_a_removed_checksum_blocks(name: str, tmp_path: Path) -> None:
    """``go mod tidy`` removes lines, and the go command refuses a module without one."""
    lock = FORMATS[name]
    assert integrity(lock(""), lock(A), tmp_path) == CHANGED
    assert integrity(lock(A), lock(""), tmp_path) == []


@each_of("name", list(FORMATS))
def test_another_version_may_have_another_checksum(name: str, tmp_path: Path) -> None:
    lock = FORMATS[name]
    newer = {path: text.replace("1.0.0", "1.0.1") for path, text in lock(B).items()}
    assert integrity(newer, lock(A), tmp_path) == []


def test_one_of_two_checksums_is_removed(tmp_path: Path) -> None:
    two = {"version": "2.0.0", "resolved": f"{NPM}/two/-/two-2.0.0.tgz"}

    def both(checksum: str) -> Files:
        content = json.loads(package_lock(checksum)["package-lock.json"])
        content["packages"]["node_modules/two"] = {**two, "integrity": f"sha512-{A}"}
        return {"package-lock.json": json.dumps(content, indent=1)}

    assert integrity(both(""), both(A), tmp_path) == CHANGED
    # npm drops address and checksum of an entry together.
    content = json.loads(both(A)["package-lock.json"])
    for key in ("resolved", "integrity"):
        del content["packages"]["node_modules/two"][key]
    lost = {"package-lock.json": json.dumps(content, indent=1)}
    assert integrity(lost, both(A), tmp_path) == [("lock-integrity", "warn")]


def test_a_stronger_algorithm_is_normal_and_a_weaker_one_is_not(tmp_path: Path) -> None:
    weak, strong = package_lock(A, "sha1"), package_lock(B, "sha512")
    assert integrity(strong, weak, tmp_path) == []
    assert integrity(weak, strong, tmp_path) == CHANGED
    assert (
        integrity(yarn(""), yarn(A), tmp_path) == CHANGED
    )  # the sha1 of the address stays
    assert integrity(yarn(A), yarn(""), tmp_path) == []


def test_another_cache_key_of_yarn_makes_another_archive(tmp_path: Path) -> None:
    assert integrity(berry(B, "10/"), berry(A), tmp_path) == []
    assert integrity(berry(B, ""), berry(A, "10c0/"), tmp_path) == CHANGED


def test_files_that_a_version_got_later_are_normal(tmp_path: Path) -> None:
    def with_wheel(text: str) -> str:
        wheel = f'    {{file = "kit-1.0.0-py3-none-any.whl", hash = "sha256:{B}"}},\n'
        return text.replace("files = [\n", "files = [\n" + wheel)

    old = poetry(A)
    new = {"poetry.lock": with_wheel(old["poetry.lock"])}
    assert integrity(new, old, tmp_path) == []
    assert integrity(old, new, tmp_path) == []
    more = pipfile(A)["Pipfile.lock"].replace(
        f'"sha256:{A}"', f'"sha256:{A}", "sha256:{B}"'
    )
    assert integrity({"Pipfile.lock": more}, pipfile(A), tmp_path) == []


@each_of(
    ("old", "removed"),
    [
        (poetry(A), 'content-hash = "c"\n'),
        (pdm(A), 'content_hash = "c"\n'),
        (composer(A), '"content-hash": "c", '),
        (pipfile(A), '"sha256": "c"'),
    ],
)
def test_the_checksum_of_the_manifest_may_not_vanish(
    old: Files, removed: str, tmp_path: Path
) -> None:
    ((path, text),) = old.items()
    assert removed in text
    assert integrity({path: text.replace(removed, "")}, old, tmp_path) == CHANGED


def test_gradles_checksums_may_not_be_deleted(tmp_path: Path) -> None:
    path = "gradle/verification-metadata.xml"
    assert integrity({path: None}, gradle(A), tmp_path) == CHANGED
    also = gradle(A)[path].replace("</artifact>", "</artifact>", 1)
    also = also.replace(
        'origin="x"/>', f'origin="x"><also-trust value="{B}"/></sha256>'
    )
    assert integrity({path: also}, gradle(A), tmp_path) == [("lock-integrity", "warn")]
    off = gradle(A)[path].replace("true", "false")
    assert integrity({path: off}, gradle(A), tmp_path) == [("lock-integrity", "warn")]
    default = gradle(A)[path].replace("<verify-metadata>true</verify-metadata>", "")
    assert integrity({path: default}, gradle(A), tmp_path) == []
    signed = gradle(A)[path].replace("sha256", "pgp")
    assert integrity({path: signed}, gradle(A), tmp_path) == []
    # Another package manager's lock may go: the project changes to another one.
    assert integrity({"yarn.lock": None}, yarn(A), tmp_path) == []


# Other hosts.
EVIL = "https://files.evil.test/kit-1.0.0.tgz"


def npm_at(address: str) -> Files:
    text = package_lock(A)["package-lock.json"]
    return {"package-lock.json": text.replace(f"{NPM}/kit/-/kit-1.0.0.tgz", address)}


def yarn_at(address: str) -> Files:
    return {
        "yarn.lock": yarn(A)["yarn.lock"].replace(f"{NPM}/kit/-/kit-1.0.0.tgz", address)
    }


def pnpm_at(address: str) -> Files:
    text = pnpm(A)["pnpm-lock.yaml"].replace("}", f", tarball: {address}}}")
    return {"pnpm-lock.yaml": text}


def bun_at(address: str) -> Files:
    return {"bun.lock": bun(A)["bun.lock"].replace('""', json.dumps(address))}


def uv_at(address: str) -> Files:
    return {"uv.lock": uv(A)["uv.lock"].replace(f"{FILES}/a/kit-1.0.0.tar.gz", address)}


def pylock_at(address: str) -> Files:
    text = pylock(A)["pylock.toml"]
    return {
        "pylock.toml": text.replace(f"{FILES}/a/kit-1.0.0-py3-none-any.whl", address)
    }


def composer_at(address: str) -> Files:
    package = json.loads(composer(A)["composer.lock"])["packages"][0]
    package["dist"]["url"] = address
    return {"composer.lock": json.dumps({"content-hash": "c", "packages": [package]})}


@each_of(
    ("lock", "usual", "other"),
    [
        (npm_at, f"{NPM}/kit/-/kit-1.0.0.tgz", EVIL),
        (yarn_at, f"{NPM}/kit/-/kit-1.0.0.tgz", EVIL),
        (pnpm_at, f"{NPM}/kit/-/kit-1.0.0.tgz", EVIL),
        (bun_at, f"{NPM}/kit/-/kit-1.0.0.tgz", EVIL),
        (uv_at, f"{FILES}/a/kit-1.0.0.tar.gz", "https://evil.test/kit-1.0.0.tar.gz"),
        (
            pylock_at,
            f"{FILES}/a/kit-1.0.0.tar.gz",
            "https://evil.test/kit-1.0.0.tar.gz",
        ),
        (
            composer_at,
            "https://git.example/v/kit/archive.zip",
            "https://evil.test/a.zip",
        ),
    ],
)
def test_a_file_from_another_host_blocks(
    lock: Callable[[str], Files], usual: str, other: str, tmp_path: Path
) -> None:
    assert said(lock(other), lock(usual), tmp_path) == [("outside-registry", "block")]
    assert said(lock(usual), lock(usual), tmp_path) == []
    # What the lock file has already is no other host.
    newer = {path: text.replace(A, B) for path, text in lock(other).items()}
    assert ("outside-registry", "block") not in said(newer, lock(other), tmp_path)


def test_a_host_that_the_trusted_side_names_is_allowed(tmp_path: Path) -> None:
    address = "https://npm.corp.test/download/kit/1.0.0/abc"
    npmrc = {".npmrc": "registry=https://npm.corp.test/\n"}
    new, old = npm_at(address), npm_at(f"{NPM}/kit/-/kit-1.0.0.tgz")
    assert said(new, old, tmp_path) == [("outside-registry", "block")]
    assert said(new, old, tmp_path, base=npmrc) == []
    # The change itself names nothing.
    found = said({**new, **npmrc}, old, tmp_path)
    assert ("outside-registry", "block") in found


def test_an_address_that_a_package_requests_only_warns(tmp_path: Path) -> None:
    new = npm_at(EVIL)["package-lock.json"].replace('"^1.0.0"', json.dumps(EVIL))
    old = npm_at(f"{NPM}/kit/-/kit-1.0.0.tgz")
    manifest = {"package.json": json.dumps({"dependencies": {"kit": EVIL}})}
    found = said({"package-lock.json": new, **manifest}, old, tmp_path)
    assert set(found) == {("outside-registry", "warn")}


def test_the_archive_of_another_repository_blocks(tmp_path: Path) -> None:
    commit = "c" * 40

    def lock(repository: str, reference: str) -> Files:
        text = composer_at(
            f"https://api.git.example/repos/{repository}/zipball/{reference}"
        )
        return {
            "composer.lock": text["composer.lock"].replace(A, commit),
        }

    usual = lock("v/kit", commit)
    assert said(usual, usual, tmp_path) == []
    for other in (
        lock("evil/kit", commit),
        lock("v/evil", commit),
        lock("v/kit", "d" * 40),
    ):
        assert said(other, usual, tmp_path) == [("outside-registry", "block")]


def test_the_other_remote_of_a_gemfile_lock_counts(tmp_path: Path) -> None:
    """The last remote of a block was the only one that was read."""
    usual = f"GEM\n  remote: {default_index('gem').url}\n  specs:\n    kit (1.0.0)\n"
    other = usual.replace("GEM\n", "GEM\n  remote: https://gems.evil.test/\n")
    found = said({"Gemfile.lock": other}, {"Gemfile.lock": usual}, tmp_path)
    assert found == [("outside-registry", "block")]


def test_a_locked_package_of_another_name_blocks(tmp_path: Path) -> None:
    text = package_lock(A)["package-lock.json"]
    renamed = text.replace('"version": "1.0.0"', '"name": "evil", "version": "1.0.0"')
    renamed = renamed.replace("kit/-/kit-", "evil/-/evil-")
    found = said({"package-lock.json": renamed}, package_lock(A), tmp_path)
    assert ("lock-mismatch", "block") in found
    alias = renamed.replace('"^1.0.0"', '"npm:evil@^1.0.0"')
    manifest = {"package.json": '{"dependencies": {"kit": "npm:evil@^1.0.0"}}'}
    found = said({"package-lock.json": alias, **manifest}, package_lock(A), tmp_path)
    assert found == []
    packages = {"kit": ["evil@1.0.0", "", {}, f"sha512-{A}"]}
    other = {"bun.lock": json.dumps({"packages": packages})}
    assert ("lock-mismatch", "block") in said(other, bun(A), tmp_path)
    text = pnpm(A)["pnpm-lock.yaml"].replace("version: 1.0.0", "version: evil@1.0.0")
    other = {
        "pnpm-lock.yaml": text
        + "  evil@1.0.0:\n    resolution: {integrity: sha512-x}\n"
    }
    assert ("lock-mismatch", "block") in said(other, pnpm(A), tmp_path)
    text = berry(A)["yarn.lock"].replace('"kit@npm:1.0.0"', '"evil@npm:1.0.0"')
    assert said({"yarn.lock": text}, berry(A), tmp_path) == [
        ("outside-registry", "block")
    ]
    tag = {"yarn.lock": berry(A)["yarn.lock"].replace("npm:^1.0.0", "npm:latest")}
    assert said(tag, tag, tmp_path) == []


# The lock fits the manifest.
def _toml(dependencies: str) -> Files:
    return {
        "pyproject.toml": f'[project]\nname = "own"\ndependencies = [{dependencies}]\n'
    }


def _poetry_toml(kit: str) -> Files:
    return {"pyproject.toml": f'[tool.poetry.dependencies]\nkit = "{kit}"\n'}


FITS: list[tuple[Callable[[str], Files], Files, Files]] = [
    (package_lock, {"package.json": '{"dependencies": {"kit": "^1.0.0"}}'},
     {"package.json": '{"dependencies": {"kit": "^2.0.0"}}'}),
    (pnpm, {"package.json": '{"dependencies": {"kit": "^1.0.0"}}'},
     {"package.json": '{"dependencies": {"kit": "~1.0.0"}}'}),
    (yarn, {"package.json": '{"dependencies": {"kit": "^1.0.0"}}'},
     {"package.json": '{"dependencies": {"kit": "^1.1.0"}}'}),
    (berry, {"package.json": '{"dependencies": {"kit": "^1.0.0"}}'},
     {"package.json": '{"dependencies": {"kit": "^1.1.0"}}'}),
    (bun, {"package.json": '{"dependencies": {"kit": "^1.0.0"}}'},
     {"package.json": '{"dependencies": {"kit": "2"}}'}),
    (uv, _toml('"kit>=1"'), _toml('"kit>=2"')),
    (pdm, _toml('"kit~=1.0"'), _toml('"kit<1"')),
    (poetry, _poetry_toml("^1.0"), _poetry_toml("^0.9")),
    (poetry, _poetry_toml("~1.0 || ~2.0"), _poetry_toml("~1.1")),
    (pipfile, {"Pipfile": '[packages]\nkit = "*"\n'}, {"Pipfile": '[packages]\nkit = ">1"\n'}),
    (cargo, {"Cargo.toml": '[dependencies]\nkit = "1"\n'},
     {"Cargo.toml": '[dependencies]\nkit = "0.9"\n'}),
    (bundler, {"Gemfile": 'gem "kit", "~> 1.0"\n'}, {"Gemfile": 'gem "kit", "~> 1.1"\n'}),
    (composer, {"composer.json": '{"require": {"v/kit": "^1.0"}}'},
     {"composer.json": '{"require": {"v/kit": "~0.9"}}'}),
]  # fmt: skip


@each_of("number", list(range(len(FITS))))
def test_a_locked_version_outside_the_manifests_range_warns(
    number: int, tmp_path: Path
) -> None:
    lock, fitting, other = FITS[number]
    new = lock(A)
    assert said({**new, **fitting}, {}, tmp_path) == []
    found = said({**new, **other}, {}, tmp_path)
    assert set(found) == {("lock-mismatch", "warn")}
    # Only the lock changes: the manifest is the trusted side's.
    assert said(new, {}, tmp_path, base=other) == found
    # What disagreed before is not this change's.
    newer = {path: text + "\n" for path, text in new.items()}
    assert said(newer, {**new, **other}, tmp_path) == []


def test_a_manifest_that_changes_alone_is_quiet(tmp_path: Path) -> None:
    """Two commits often change manifest and lock, and ``npm ci`` refuses the first one."""
    lock, fitting, other = FITS[0]
    assert said(other, fitting, tmp_path, base=lock(A)) == []


def test_nuget_and_go(tmp_path: Path) -> None:
    lower = nuget(A)["packages.lock.json"].replace('"[1.0.0, )"', '"[1.1.0, 2.0.0)"')
    found = said({"packages.lock.json": lower}, nuget(A), tmp_path)
    assert found == [("lock-mismatch", "warn")]
    module = "module h.example/own\n\ngo 1.22\n\nrequire h.example/kit v1.0.0\n"
    more = f"{module}require h.example/two v1.0.0\n"
    fork = f"{more}replace h.example/two => h.example/fork v1.0.0\n"
    sums = go(A)["go.sum"]
    fork_sums = f"{sums}h.example/fork v1.0.0 h1:{A}=\n"
    old = {"go.mod": module}
    assert said({"go.mod": module, "go.sum": sums}, {}, tmp_path) == []
    found = said({"go.mod": more, "go.sum": sums}, old, tmp_path)
    assert found == [("lock-mismatch", "warn")]
    assert said({"go.mod": fork, "go.sum": fork_sums}, old, tmp_path) == []


def test_what_the_manifest_overrides_is_not_compared(tmp_path: Path) -> None:
    manifest = {"dependencies": {"kit": "^2.0.0"}, "resolutions": {"kit": "1.0.0"}}
    new = {**yarn(A), "package.json": json.dumps(manifest)}
    assert said(new, {}, tmp_path) == []
    overrides = _toml('"kit>=2"')["pyproject.toml"] + (
        '[tool.uv]\noverride-dependencies = ["kit<2"]\n'
    )
    assert said({**uv(A), "pyproject.toml": overrides}, {}, tmp_path) == []


def test_a_member_of_the_workspace_has_no_locked_version(tmp_path: Path) -> None:
    """npm's own repository has members, and older releases of them below other packages."""
    manifest = {"package.json": '{"dependencies": {"kit": "^2.0.0"}}'}
    content = json.loads(package_lock(A)["package-lock.json"])
    packages = content["packages"]
    packages[""]["dependencies"]["kit"] = "^2.0.0"
    packages["node_modules/a/node_modules/kit"] = packages.pop("node_modules/kit")
    lock = {"package-lock.json": json.dumps(content)}
    assert said({**lock, **manifest}, {}, tmp_path) == [("lock-mismatch", "warn")]
    packages["node_modules/kit"] = {"resolved": "packages/kit", "link": True}
    lock = {"package-lock.json": json.dumps(content)}
    assert said({**lock, **manifest}, {}, tmp_path) == []


def test_an_exact_pre_release_fits(tmp_path: Path) -> None:
    text = (
        pnpm(A)["pnpm-lock.yaml"]
        .replace("^1.0.0", "1.0.0")
        .replace("1.0.0", "1.0.0-b.1")
    )
    manifest = {"package.json": '{"dependencies": {"kit": "1.0.0-b.1"}}'}
    assert said({"pnpm-lock.yaml": text, **manifest}, {}, tmp_path) == []


def test_the_specifiers_of_a_workspace_in_uvs_lock(tmp_path: Path) -> None:
    own = (
        '\n[[package]]\nname = "own"\nversion = "0"\nsource = { virtual = "." }\n'
        'dependencies = [\n    { name = "kit" },\n]\n\n[package.metadata]\n'
        'requires-dist = [{ name = "kit", specifier = ">=1,<3" }]\n'
    )
    lock = {"uv.lock": uv(A)["uv.lock"] + own}
    assert said({**lock, **_toml('"kit<3,>=1"')}, {}, tmp_path) == []
    found = said({**lock, **_toml('"kit<4,>=1"')}, {}, tmp_path)
    assert found == [("lock-mismatch", "warn")]


TEXTS = st.text(alphabet='ab10.-@/:"{}[]=,\n \\', max_size=40)


@each_of("name", list(FORMATS))
@given(at=st.floats(0, 1), length=st.integers(0, 30), text=TEXTS)
def test_no_lock_file_crashes_the_comparison(
    name: str, at: float, length: int, text: str
) -> None:
    ((path, content),) = FORMATS[name](A).items()
    start = int(at * len(content))
    broken = content[:start] + text + content[start + length :]
    reader = reader_for(path.encode())
    assert reader is not None
    assert reader.lock is not None
    whole = reader.lock(path.encode(), content.encode())
    try:
        part = reader.lock(path.encode(), broken.encode())
    except ManifestError:
        return
    assert part.dependencies == reader.read(path.encode(), broken.encode())
    for old, new in ((whole, part), (part, whole)):
        for problem in integrity_problems(old, new):
            assert problem.case in RULES["dependencies/lock-integrity"].data["cases"]
    assert list(integrity_problems(part, part)) == []


def test_what_another_project_of_the_lock_requests_is_not_the_roots(
    tmp_path: Path,
) -> None:
    """Prometheus' change to a pnpm workspace had a warning for each of its packages."""
    text = pnpm(A)["pnpm-lock.yaml"].replace("  .:\n", "  .: {}\n  app:\n")
    app = {"app/package.json": '{"dependencies": {"kit": "^1.0.0"}}'}
    new = {"pnpm-lock.yaml": text, "package.json": "{}", **app}
    assert said(new, {}, tmp_path) == []
