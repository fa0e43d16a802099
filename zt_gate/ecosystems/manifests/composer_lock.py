"""composer.lock: every locked package, and where it was downloaded from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import hosts
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    json_object,
    make_dependency,
    quoted,
)
from zt_gate.ecosystems.manifests.lock_content import (
    Checksum,
    LockContent,
    LockedFile,
    locked_file,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Document, Leaf

_LIMIT = 10 * 1024 * 1024
_SECTIONS = ("packages", "packages-dev")
_BRANCH = lazy_re.compile(r"(?:\Adev-|-dev\Z)")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read both lists; the file does not mark direct dependencies."""
    return lock(path, data).dependencies


def lock(path: bytes, data: bytes) -> LockContent:  # noqa: ARG001 - part of the reader signature
    """Read the packages, their checksums, and that of composer.json."""
    document = json_object(data, _LIMIT)
    tables = {section: _tables(document, section) for section in _SECTIONS}
    dependencies: list[Dependency] = []
    files: list[LockedFile] = []
    for leaf in document.leaves():
        section, *keys = leaf.names
        if section in tables and keys == ["", "name"]:
            table = next(tables[section], {})
            if leaf.value is None or table.get("name") != leaf.value:
                raise ManifestError(leaf.place[0], "package with an ambiguous name")
            dependency = _dependency(table, leaf, section)
            dependencies.append(dependency)
            files += _files(dependency, table)
    for section in _SECTIONS:
        if next(tables[section], None) is not None:
            raise ManifestError(0, f"package without a name in {section}")
    digests = {
        key: value
        for key in ("content-hash", "hash")
        if isinstance(value := document.value.get(key), str) and value
    }
    return LockContent(tuple(dependencies), tuple(files), digests=digests)


def _files(dependency: Dependency, table: dict[str, Any]) -> Iterator[LockedFile]:
    """Yield the archive of a release; a branch has another commit after each update."""
    version = dependency.constraint
    if dependency.source.kind in {"path", "url"} or _BRANCH.search(version):
        return
    checksums: set[Checksum] = set()
    for kind in ("dist", "source"):
        part = table.get(kind)
        if not isinstance(part, dict):
            continue
        for key in ("shasum", "reference"):
            value = part.get(key)
            if isinstance(value, str) and value:
                checksums.add((f"{kind}.{key}", value))
    yield locked_file(dependency, checksums)


def provided_names(data: bytes) -> frozenset[str]:
    """Return the names that locked packages provide or replace.

    Composer locks no other package for such a name.
    """
    document = json_object(data, _LIMIT)
    names: set[str] = set()
    for section in _SECTIONS:
        for package in _tables(document, section):
            for key in ("provide", "replace"):
                links = package.get(key)
                if isinstance(links, dict):
                    names.update(name.lower() for name in links)
    return frozenset(names)


def _tables(document: Document, section: str) -> Iterator[dict[str, Any]]:
    packages = document.value.get(section) or []
    if not isinstance(packages, list) or not all(
        isinstance(package, dict) for package in packages
    ):
        raise ManifestError(0, f"{section} is not a list of packages")
    return iter(packages)


def _dependency(table: dict[str, Any], leaf: Leaf, section: str) -> Dependency:
    name = leaf.value or ""
    version = table.get("version", "")
    if not isinstance(version, str):
        raise ManifestError(
            leaf.place[0], f"the version of {quoted(name)} is not a string"
        )
    return make_dependency(
        "composer",
        name,
        leaf.value_place,
        section,
        version,
        _source(table),
        direct=False,
    )


def _source(table: dict[str, Any]) -> Source:
    """Return where a package comes from.

    Composer writes the address that it notifies of installations.  Only packages
    from a registry have one; those from a repository do not.
    """
    archive_type, archive_url = _type_and_url(table.get("dist"))
    _, checkout_url = _type_and_url(table.get("source"))
    if archive_type == "path":
        return Source("path", archive_url)
    notification_url = table.get("notification-url")
    if isinstance(notification_url, str) and notification_url:
        origin = hosts.origin(notification_url)
        if hosts.is_default_registry("composer", origin):
            return _archive_source(table, archive_url, checkout_url)
        return Source("index", origin or notification_url)
    if checkout_url:
        return Source("vcs", checkout_url)
    if archive_url:
        return Source("url", archive_url)
    return Source()


def _archive_source(
    table: dict[str, Any], archive_url: str, checkout_url: str
) -> Source:
    """Return the source of a package of the registry, which has no archives of its own.

    The archive is that of a commit in the package's repository, from the same host.
    """
    dist = table.get("dist")
    reference = dist.get("reference") if isinstance(dist, dict) else None
    archive, checkout = hosts.origin(archive_url), hosts.origin(checkout_url)
    if not archive or not checkout:
        return Source()
    label, _, domain = archive.partition("://")[2].partition(".")
    host = checkout.partition("://")[2]
    if host not in {f"{label}.{domain}", domain}:
        return Source("host", archive_url)
    repository = _repository(checkout_url)
    if repository is None or domain != host:
        return Source()
    # The interface of a forge: /repos/OWNER/NAME/zipball/COMMIT
    parts = archive_url.partition("://")[2].lower().split("/")[1:]
    is_own = parts[:1] != ["repos"] or parts[1:3] == repository
    is_commit = not isinstance(reference, str) or parts[-1] == reference.lower()
    return Source() if is_own and is_commit else Source("foreign", archive_url)


def _repository(url: str) -> list[str] | None:
    """Return owner and name of a repository, None for an address of another form."""
    parts = url.partition("://")[2].lower().removesuffix(".git").split("/")[1:]
    return parts if len(parts) == 2 else None


def _type_and_url(value: object) -> tuple[str, str]:
    table = value if isinstance(value, dict) else {}
    return str(table.get("type", "")), str(table.get("url", ""))
