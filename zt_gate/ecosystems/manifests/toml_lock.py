"""Lock files in TOML: uv.lock, poetry.lock, pdm.lock, pylock.toml (PEP 751) and Cargo.lock.

``tomllib`` needs a second for a megabyte.  What the tools write has one form,
which a line pattern checks and reads; whatever deviates from it in a single
line goes through ``tomllib``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests import toml_lines
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    decode_manifest,
    make_dependency,
    parse_manifest,
    quoted,
)
from zt_gate.ecosystems.manifests.toml_lines import LockedPackage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LIMIT = 10 * 1024 * 1024
_PATHS = ("path", "directory", "editable", "virtual")
_SLOW_LIMIT = 2 * 1024 * 1024


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read every package; the tool is known by the file's name."""
    name = path.rpartition(b"/")[2].lower()
    content = decode_manifest(data, _LIMIT, "lock file").replace("\r\n", "\n")
    text = Text.of(content)
    packages = toml_lines.read_packages(text)
    if packages is None:
        packages = _read_with_parser(data)
    ecosystem: str = "cargo" if name == b"cargo.lock" else "pypi"
    own = [one for one in packages if _is_own(one, name)]
    direct = {wanted for one in own for wanted in one.wants}
    rest = [one for one in packages if not _is_own(one, name)]
    return tuple(_entry(ecosystem, one, name, direct) for one in rest)


def _is_own(package: LockedPackage, name: bytes) -> bool:
    """Say whether a package is the project itself or a part of its workspace."""
    if name == b"cargo.lock":
        return package.source is None
    source = package.source
    keys = source if isinstance(source, dict) else {}
    return (
        name == b"uv.lock"
        and bool({"editable", "virtual"} & keys.keys())
        and not str(keys.get("editable", keys.get("virtual", ""))).startswith("..")
    )


def _entry(
    ecosystem: str, package: LockedPackage, name: bytes, direct: set[str]
) -> Dependency:
    source = _source(package.source)
    if source.kind == "registry" and ecosystem == "pypi":
        source = _foreign(package.artifacts) or source
    if not package.name:
        raise ManifestError(package.place[0], "package without a name")
    is_direct = name == b"uv.lock" and package.name in direct
    # A bare version of Cargo's is a range; a lock holds exact ones.
    version = (
        f"={package.version}"
        if ecosystem == "cargo" and package.version
        else package.version
    )
    return make_dependency(
        ecosystem,
        package.name,
        package.place,
        "package",
        version,
        source,
        direct=is_direct,
    )


def _source(written: str | dict[str, Any] | None) -> Source:
    if written is None:
        return Source()
    if isinstance(written, str):  # Cargo: KIND+ADDRESS
        kind, _, address = written.partition("+")
        own = kind in {"registry", "sparse"}
        return _cargo_index(address) if own else Source("vcs", written)
    kind, url = str(written.get("type", "")), str(written.get("url", ""))
    repository = written.get(
        "git", written.get("vcs", url if kind in {"git", "hg"} else None)
    )
    if repository is not None:
        return Source("vcs", str(repository))
    if kind in {"file", "directory"}:
        return Source("path", url)
    index = written.get("registry", url if kind == "legacy" else None)
    if index is not None:
        return _index(str(index))
    if url:
        return Source("url", url)
    path = next((written[key] for key in _PATHS if key in written), None)
    return Source() if path is None else Source("path", str(path))


def _cargo_index(address: str) -> Source:
    from zt_gate.ecosystems.manifests import hosts

    # The index of crates is kept in a repository of that organisation, or is a host below it.
    own = re.match(r"https://github\.com/rust-lang/[a-z.]+-index/?\Z", address)
    known = own or hosts.is_default_registry("cargo", hosts.origin(address))
    return Source() if known else Source("index", address)


def _index(address: str) -> Source:
    from zt_gate.ecosystems.manifests import hosts

    if "://" not in address:
        return Source("path", address)
    return (
        Source() if hosts.is_pypi(hosts.origin(address)) else Source("index", address)
    )


def _foreign(artifacts: Sequence[str]) -> Source | None:
    """Return the source of a package of the index whose files come from another host."""
    from zt_gate.ecosystems.manifests import hosts

    for url in artifacts:
        host = hosts.origin(url)
        if host and not hosts.is_pypi(host):
            return Source("url", url)
    return None


def _read_with_parser(data: bytes) -> list[LockedPackage]:
    from zt_gate.syntax import toml

    document = parse_manifest(toml.read, data, _SLOW_LIMIT)
    section = "package" if "package" in document.value else "packages"
    tables = document.value.get(section, [])
    if not isinstance(tables, list):
        raise ManifestError(0, "package is not a list of tables")
    found = []
    for number, table in enumerate(tables):
        if not isinstance(table, dict) or not isinstance(table.get("name"), str):
            raise ManifestError(
                0, f"package entry without a name: {quoted(str(table))}"
            )
        place = document.place((section, number, "name"))
        version, source = str(table.get("version", "")), _slow_source(table)
        urls, wants = list(_urls(table)), list(_wants(table))
        found.append(LockedPackage(table["name"], place, version, source, urls, wants))
    return found


def _slow_source(table: dict[str, Any]) -> str | dict[str, Any] | None:
    source = table.get("source")
    if isinstance(source, str | dict):
        return source
    for key in ("vcs", "archive", "directory"):
        value = table.get(key)
        if isinstance(value, dict):
            return {key: str(value.get("url", value.get("path", ""))), **value}
    found = {
        key: table[key]
        for key in ("git", "url", "path")
        if isinstance(table.get(key), str)
    }
    return found or None


def _urls(table: dict[str, Any]) -> Iterator[str]:
    wheels, sdist = table.get("wheels", []), table.get("sdist")
    for one in [*(wheels if isinstance(wheels, list) else []), sdist]:
        if isinstance(one, dict) and isinstance(one.get("url"), str):
            yield one["url"]


def _wants(table: dict[str, Any]) -> Iterator[str]:
    groups: list[Any] = [table.get("dependencies", [])]
    for key in ("dev-dependencies", "optional-dependencies"):
        groups += list(table[key].values()) if isinstance(table.get(key), dict) else []
    for group in groups:
        for one in group if isinstance(group, list) else []:
            if isinstance(one, dict) and "name" in one:
                yield str(one["name"])
            elif isinstance(one, str):
                yield one.partition(" ")[0]
