"""Lock files in TOML: uv.lock, poetry.lock, pdm.lock, pylock.toml (PEP 751) and Cargo.lock.

``tomllib`` takes a second for each megabyte.  The tools write one form, which
``toml_lines`` checks and reads; a file with any other line is read with ``tomllib``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import pypi_files, toml_lines
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
_PATH_KEYS = ("path", "directory", "editable", "virtual")
_PARSER_LIMIT = 2 * 1024 * 1024
# The index of crates.io: a repository, or a host below that of the registry.
_CRATES_INDEX = lazy_re.compile(r"https://github\.com/rust-lang/[a-z.]+-index/?\Z")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read every package; the file's name tells which tool wrote it."""
    file_name = path.rpartition(b"/")[2].lower()
    content = decode_manifest(data, _LIMIT, "lock file").replace("\r\n", "\n")
    packages = toml_lines.read_packages(Text.of(content))
    if packages is None:
        packages = _read_with_parser(data)
    direct: set[str] = set()
    locked: list[LockedPackage] = []
    for package in packages:
        if _is_own(package, file_name):
            direct.update(package.wants)
        else:
            locked.append(package)
    return tuple(_dependency(package, file_name, direct) for package in locked)


def _is_own(package: LockedPackage, file_name: bytes) -> bool:
    """Return whether a package is the project itself or a member of its workspace."""
    source = package.source
    if file_name == b"cargo.lock":
        return source is None
    if file_name != b"uv.lock" or not isinstance(source, dict):
        return False
    if "editable" not in source and "virtual" not in source:
        return False
    path = str(source.get("editable", source.get("virtual", "")))
    return not path.startswith("..")


def _dependency(
    package: LockedPackage, file_name: bytes, direct: set[str]
) -> Dependency:
    ecosystem = "cargo" if file_name == b"cargo.lock" else "pypi"
    source = _source(package.source)
    if source.kind == "registry" and ecosystem == "pypi":
        source = _foreign_source(package.artifacts) or source
    if source.kind in {"registry", "index"} and ecosystem == "pypi":
        foreign = _foreign_archive(package)
        source = Source("foreign", foreign) if foreign else source
    if not package.name:
        raise ManifestError(package.place[0], "package without a name")
    version = package.version
    if ecosystem == "cargo" and version:
        # For Cargo a bare version is a range, but a lock file holds exact versions.
        version = f"={version}"
    is_direct = file_name == b"uv.lock" and package.name in direct
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
        if kind in {"registry", "sparse"}:
            return cargo_index(address)
        return Source("vcs", written)
    return _table_source(written)


def _table_source(table: dict[str, Any]) -> Source:
    """Return the source of a table as uv, poetry, pdm and PEP 751 write it."""
    kind, url = str(table.get("type", "")), str(table.get("url", ""))
    url_of_repository = url if kind in {"git", "hg"} else None
    repository = table.get("git", table.get("vcs", url_of_repository))
    if repository is not None:
        return Source("vcs", str(repository))
    if kind in {"file", "directory"}:
        return Source("path", url)
    index = table.get("registry", url if kind == "legacy" else None)
    if index is not None:
        return _index(str(index))
    if url:
        return Source("url", url)
    for key in _PATH_KEYS:
        if key in table:
            return Source("path", str(table[key]))
    return Source()


def cargo_index(address: str) -> Source:
    """Return the source of a registry of Cargo: that of crates.io is no other one."""
    from zt_gate.ecosystems.manifests import hosts

    is_default = _CRATES_INDEX.match(address) is not None
    if is_default or hosts.is_default_registry("cargo", hosts.origin(address)):
        return Source()
    return Source("index", address)


def _index(address: str) -> Source:
    from zt_gate.ecosystems.manifests import hosts

    if "://" not in address:
        return Source("path", address)
    if hosts.is_pypi(hosts.origin(address)):
        return Source()
    return Source("index", address)


def _foreign_source(artifacts: Sequence[str]) -> Source | None:
    """Return the source of an index's package whose files come from another host."""
    from zt_gate.ecosystems.manifests import hosts

    for url in artifacts:
        origin = hosts.origin(url)
        if origin and not hosts.is_pypi(origin):
            return Source("url", url)
    return None


def _foreign_archive(package: LockedPackage) -> str:
    """Return the address of a file that is another project's or version's, "" for none."""
    for address in package.artifacts:
        if not pypi_files.is_file_of(address, package.name, package.version):
            return address
    return ""


def _read_with_parser(data: bytes) -> list[LockedPackage]:
    """Return the packages of a file in any notation of TOML; raises ManifestError."""
    from zt_gate.syntax import toml

    document = parse_manifest(toml.read, data, _PARSER_LIMIT)
    section = "package" if "package" in document.value else "packages"
    tables = document.value.get(section, [])
    if not isinstance(tables, list):
        raise ManifestError(0, "package is not a list of tables")
    packages: list[LockedPackage] = []
    for number, table in enumerate(tables):
        if not isinstance(table, dict) or not isinstance(table.get("name"), str):
            raise ManifestError(
                0, f"package entry without a name: {quoted(str(table))}"
            )
        packages.append(
            LockedPackage(
                name=table["name"],
                place=document.place((section, number, "name")),
                version=str(table.get("version", "")),
                source=_parsed_source(table),
                artifacts=list(_artifact_urls(table)),
                wants=list(_dependency_names(table)),
            )
        )
    return packages


def _parsed_source(table: dict[str, Any]) -> str | dict[str, Any] | None:
    source = table.get("source")
    if isinstance(source, str | dict):
        return source
    for key in ("vcs", "archive", "directory"):
        value = table.get(key)
        if isinstance(value, dict):
            address = str(value.get("url", value.get("path", "")))
            return {key: address, **value}
    fields: dict[str, Any] = {}
    for key in ("git", "url", "path"):
        if isinstance(table.get(key), str):
            fields[key] = table[key]
    return fields or None


def _artifact_urls(table: dict[str, Any]) -> Iterator[str]:
    wheels = table.get("wheels", [])
    artifacts = [*wheels] if isinstance(wheels, list) else []
    for artifact in (*artifacts, table.get("sdist")):
        if isinstance(artifact, dict) and isinstance(artifact.get("url"), str):
            yield artifact["url"]


def _dependency_names(table: dict[str, Any]) -> Iterator[str]:
    """Yield the names in all groups of a package's dependencies."""
    groups: list[Any] = [table.get("dependencies", [])]
    for key in ("dev-dependencies", "optional-dependencies"):
        named_groups = table.get(key)
        if isinstance(named_groups, dict):
            groups += named_groups.values()
    for group in groups:
        for dependency in group if isinstance(group, list) else ():
            if isinstance(dependency, dict) and "name" in dependency:
                yield str(dependency["name"])
            elif isinstance(dependency, str):
                yield dependency.partition(" ")[0]
