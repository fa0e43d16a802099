"""Lock files in TOML: uv.lock, poetry.lock, pdm.lock, pylock.toml (PEP 751) and Cargo.lock.

``tomllib`` needs a second for a megabyte.  What the tools write has one form,
which a line pattern checks and reads; whatever deviates from it in a single
line goes through ``tomllib``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.scanners.dependencies.manifests.base import (
    Dependency,
    Ecosystem,
    ManifestError,
    Source,
    Text,
    decoded,
    entry,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 10 * 1024 * 1024
_SLOW_LIMIT = 2 * 1024 * 1024
# Every line as the tools write it: a header, a key with a value, an item of a
# list, the end of a list.  No key can begin with a blank, so none can hide.
_PLAIN = re.compile(
    r'(?:\[\[?[\w."@/ -]++\]\]?|(?!package\b)(?:[A-Za-z0-9_-]++|"[^"\\\n]*+") = [^\n]*+|[ \t]++["{\[\]\'}#][^\n]*+'
    r"|\]|\}|#[^\n]*+|[ \t]*+)(?:\n|\Z)"
)
_HEAD = re.compile(r"\[\[?([\w.\"@/ -]+?)\]\]?\Z")
_NAME = re.compile(r'name = "([^"\\]*)"\Z')
_VALUE = re.compile(
    r'(version|source|url|path|git|file|type|reference|resolved_reference|index) = "([^"\\]*)"\Z'
)
_TABLE = re.compile(r"(source|vcs|directory|archive|wheels|sdist) = (?:\{|\[)(.*)")
_INLINE = re.compile(r"([a-z-]{1,30}) = \"([^\"\\]*)\"")
_ARTIFACT = re.compile(r'url = "([^"\\]*)"')


@dataclass(slots=True)
class _Package:
    """One ``[[package]]``: its name and place, version, and its source as a table."""

    name: str = ""
    place: tuple[int, int, int] = (1, 1, 1)
    version: str = ""
    source: str | dict[str, Any] | None = None
    artifacts: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read every package; the tool is known by the file's name."""
    name = path.rpartition(b"/")[2].lower()
    content = decoded(data, _LIMIT, "lock file").replace("\r\n", "\n")
    text = Text.of(content)
    packages = _fast(text)
    if packages is None:
        packages = _slow(data)
    ecosystem: Ecosystem = "cargo" if name == b"cargo.lock" else "pypi"
    own = [one for one in packages if _is_own(one, name)]
    direct = {wanted for one in own for wanted in one.wants}
    rest = [one for one in packages if not _is_own(one, name)]
    return tuple(_entry(ecosystem, one, name, direct) for one in rest)


def _is_own(package: _Package, name: bytes) -> bool:
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


def _entry(ecosystem: Ecosystem, package: _Package, name: bytes, direct: set[str]) -> Dependency:
    source = _source(package.source)
    if source.kind == "registry" and ecosystem == "pypi":
        source = _foreign(package.artifacts) or source
    if not package.name:
        raise ManifestError(package.place[0], "a package without a name")
    is_direct = name == b"uv.lock" and package.name in direct
    return entry(
        ecosystem, package.name, package.place, "package", package.version, source, direct=is_direct
    )


def _source(written: str | dict[str, Any] | None) -> Source:
    if written is None:
        return Source()
    if isinstance(written, str):  # Cargo: KIND+ADDRESS
        kind, _, address = written.partition("+")
        if kind in {"registry", "sparse"}:
            return _cargo_index(address)
        return Source("vcs", written)
    for key in ("git", "vcs"):
        if key in written:
            return Source("vcs", str(written[key]))
    kind = str(written.get("type", ""))
    url = str(written.get("url", ""))
    if kind in {"git", "hg"}:
        return Source("vcs", url)
    if kind == "legacy":
        return _index(url)
    if kind in {"file", "directory"}:
        return Source("path", url)
    if "registry" in written:
        return _index(str(written["registry"]))
    if url:
        return Source("url", url)
    for key in ("path", "directory", "editable", "virtual"):
        if key in written:
            return Source("path", str(written[key]))
    return Source()


def _cargo_index(address: str) -> Source:
    from zt_gate.scanners.dependencies.manifests import hosts

    # The index of crates is kept in a repository of that organisation, or is a host below it.
    own = re.match(r"https://github\.com/rust-lang/[a-z.]+-index/?\Z", address)
    known = own or hosts.is_other("cargo", hosts.origin(address))
    return Source() if known else Source("index", address)


def _index(address: str) -> Source:
    from zt_gate.scanners.dependencies.manifests import hosts

    if "://" not in address:
        return Source("path", address)
    return Source() if hosts.is_pypi(hosts.origin(address)) else Source("index", address)


def _foreign(artifacts: tuple[str, ...]) -> Source | None:
    """Return the source of a package of the index whose files come from another host."""
    from zt_gate.scanners.dependencies.manifests import hosts

    for url in artifacts:
        host = hosts.origin(url)
        if host and not hosts.is_pypi(host):
            return Source("url", url)
    return None


def _fast(text: Text) -> list[_Package] | None:
    """Return the packages of a file in the tools' own form, None for any other."""
    content = text.content
    if '"""' in content or "'''" in content:
        return None
    at = 0
    while at < len(content):
        match = _PLAIN.match(content, at)
        if match is None or match.end() == at:
            return None
        at = match.end()
    packages: list[_Package] = []
    package: _Package | None = None
    table = ""
    offset = 0
    artifacts: list[str] = []
    wants: list[str] = []
    inside = ""
    for line in content.split("\n"):
        start, offset = offset, offset + len(line) + 1
        if not line:
            continue
        if line[0] == "[":
            head = _HEAD.match(line)
            if head is None:
                return None
            table, inside = head[1], ""
            if table in {"package", "packages"}:
                if not line.startswith("[[") or (package is not None and not package.name):
                    return None
                if package is not None:
                    package.artifacts, package.wants = tuple(artifacts), tuple(wants)
                package, artifacts, wants = _Package(), [], []
                packages.append(package)
            continue
        if package is None:
            continue
        if line[0] in " \t]}":
            if inside == "dependencies":
                wants += _wanted(line)
            elif inside in {"wheels", "sdist", "files"}:
                artifacts += _ARTIFACT.findall(line)
            continue
        inside = line.partition(" = ")[0]
        if inside == "dependencies" or table.startswith(("package.dev-", "package.optional-")):
            wants += _wanted(line)
            inside = "dependencies"
        if table in {"package", "packages"} and not _field(package, line, text, start, artifacts):
            return None
        if table.endswith((".source", ".vcs", ".directory", ".archive")):
            _source_field(package, table, line)
    if package is not None:
        package.artifacts, package.wants = tuple(artifacts), tuple(wants)
    return packages


def _wanted(line: str) -> list[str]:
    """Return the names in a line of a package's dependencies (uv's tables, Cargo's texts)."""
    named = [match[2] for match in _INLINE.finditer(line) if match[1] == "name"]
    return named or re.findall(r'^\s+"([^"\\ ]+)', line)


def _field(package: _Package, line: str, text: Text, start: int, artifacts: list[str]) -> bool:
    """Take a line of a package's own table; False where it is in no form that is known."""
    if line.startswith("name "):
        name = _NAME.match(line)
        if name is None:
            return False
        package.name = name[1]
        package.place = text.place(start + name.start(1), start + name.end(1))
        return True
    value = _VALUE.match(line)
    if value is not None:
        if value[1] == "version":
            package.version = value[2]
        elif value[1] == "source":
            package.source = value[2]
        elif value[1] in {"git", "url", "path"}:
            package.source = {value[1]: value[2]}
        return True
    table = _TABLE.match(line)
    if table is not None and table[1] in {"wheels", "sdist"}:
        artifacts += _ARTIFACT.findall(table[2])
    elif table is not None:
        found = dict(_INLINE.findall(table[2]))
        package.source = (
            found
            if table[1] == "source"
            else {table[1]: found.get("url", found.get("path", "")), **found}
        )
    return not line.startswith(("source", "git ", "url ", "path ")) or table is not None


def _source_field(package: _Package, table: str, line: str) -> None:
    value = _VALUE.match(line)
    if value is None:
        return
    known = package.source if isinstance(package.source, dict) else {}
    key = table.rpartition(".")[2]
    package.source = (
        {**known, value[1]: value[2]}
        if key == "source"
        else {**known, key: value[2], value[1]: value[2]}
    )


def _slow(data: bytes) -> list[_Package]:
    from zt_gate.scanners.dependencies.manifests import toml_text

    document = toml_text.parse(data, _SLOW_LIMIT)
    tables = document.data.get("package", document.data.get("packages", []))
    if not isinstance(tables, list):
        raise ManifestError(0, "package is no list of tables")
    found = []
    for table in tables:
        if not isinstance(table, dict) or not isinstance(table.get("name"), str):
            raise ManifestError(0, f"{quoted(str(table))} is no package with a name")
        place = document.place(table["name"], "package")
        found.append(_Package(table["name"], place, str(table.get("version", "")),
                              _slow_source(table), tuple(_urls(table)), tuple(_wants(table))))  # fmt: skip
    return found


def _slow_source(table: dict[str, Any]) -> str | dict[str, Any] | None:
    source = table.get("source")
    if isinstance(source, str | dict):
        return source
    for key in ("vcs", "archive", "directory"):
        value = table.get(key)
        if isinstance(value, dict):
            return {key: str(value.get("url", value.get("path", ""))), **value}
    found = {key: table[key] for key in ("git", "url", "path") if isinstance(table.get(key), str)}
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
