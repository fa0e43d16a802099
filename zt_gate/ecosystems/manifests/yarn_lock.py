"""yarn.lock, classic and berry: blocks of a descriptor line and indented fields.

Neither form is YAML or another format of ``zt_gate.syntax``: yarn reads both with its
own parser.  Any other line makes the file unreadable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    decode_manifest,
    make_dependency,
    valid_name,
)
from zt_gate.ecosystems.manifests.lock_content import (
    FROM_REGISTRY,
    Checksum,
    LockContent,
    LockedFile,
    locked_file,
    subresource_checksums,
)
from zt_gate.ecosystems.manifests.npm_spec import (
    locked_source,
    parse_spec,
    split_version,
)
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 10 * 1024 * 1024
_HEAD = lazy_re.compile(r"(?![#\s])([^\n]{1,20000}):[ \t]*\Z")
_FIELD = lazy_re.compile(
    r'  ("?)(version|resolution|resolved|integrity|checksum|conditions|cacheKey)\1'
    r':? "?([^"\n]{1,5000}?)"?[ \t]*\Z'
)
_SHA1 = lazy_re.compile(r"[0-9a-f]{40}\Z")
# YAML's explicit keys: ``? "a long descriptor"``, with the colon on the next line.
_EXPLICIT_KEY = lazy_re.compile(r'\? "([^"\n]{1,200000})"\Z')


@dataclass(slots=True)
class _Block:
    """One block: its descriptor line with the line's offset, and its fields."""

    head: str
    start: int
    version: str = ""
    resolution: str = ""
    resolved: str = ""
    integrity: str = ""
    checksum: str = ""
    conditions: str = ""
    #: In the metadata only.
    cacheKey: str = ""  # noqa: N815 - the name of the field


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read every block except the metadata."""
    return lock(path, data).dependencies


def lock(path: bytes, data: bytes) -> LockContent:  # noqa: ARG001 - part of the reader signature
    """Read the packages and their checksums."""
    text = Text.of(decode_manifest(data, _LIMIT, "yarn.lock").replace("\r\n", "\n"))
    dependencies: list[Dependency] = []
    files: list[LockedFile] = []
    descriptors: set[tuple[str, str]] = set()
    members: set[str] = set()
    cache_key = ""
    for block in _blocks(text):
        cache_key = block.cacheKey or cache_key
        descriptors.update(_descriptors(block.head))
        if "@workspace:" in block.resolution:
            members.add(block.resolution.rpartition("@workspace:")[0])
        dependency = _dependency(text, block)
        if dependency is not None:
            dependencies.append(dependency)
            files += _files(dependency, block, cache_key)
    return LockContent(
        tuple(dependencies),
        tuple(files),
        descriptors=frozenset(descriptors),
        overridden=frozenset(members),
    )


def _descriptors(head: str) -> Iterator[tuple[str, str]]:
    """Yield name and range of each descriptor, without the protocol of the registry."""
    for written in head.split(","):
        name, version_range = split_version(written.strip().strip('"'))
        if version_range.startswith("npm:") and "@" not in version_range[5:]:
            version_range = version_range[4:]
        yield name, version_range


def _files(
    dependency: Dependency, block: _Block, cache_key: str
) -> Iterator[LockedFile]:
    """Yield the archive of a block; a patched package has a checksum of its own."""
    kind, version = dependency.source.kind, dependency.constraint
    if kind not in FROM_REGISTRY or not version:
        return
    checksums = set(subresource_checksums(block.integrity))
    _, separator, fragment = block.resolved.partition("#")
    if separator and _SHA1.match(fragment):
        checksums.add(("sha1 fragment", fragment))
    if block.checksum:
        checksums.add(_berry_checksum(block.checksum, cache_key))
    yield locked_file(
        dependency,
        checksums,
        is_optional=bool(block.conditions),
        has_address=bool(block.resolved or block.resolution),
    )


def _berry_checksum(text: str, cache_key: str) -> Checksum:
    """Return berry's checksum: that of an archive which yarn makes itself.

    The key says how: the version of the cache, and the compression.  Only checksums with
    the same key can be compared.
    """
    key, separator, value = text.rpartition("/")
    return f"yarn {key if separator else cache_key}", value


def _blocks(text: Text) -> Iterator[_Block]:
    block: _Block | None = None
    offset = 0
    for number, line in enumerate(text.content.split("\n"), 1):
        line_start = offset
        offset += len(line) + 1
        if not line.strip() or line.lstrip()[0] == "#" or line in {":", "---"}:
            continue
        if line[0] in " \t:":
            if block is None:
                raise ManifestError(number, "indented line without a package")
            field = _FIELD.match(line)
            if field is not None:
                setattr(block, field[2], field[3])
            continue
        head = _HEAD.match(line) or _EXPLICIT_KEY.match(line)
        if head is None:
            raise ManifestError(number, "not a valid yarn.lock line")
        if block is not None:
            yield block
        block = _Block(head[1], line_start + head.start(1))
    if block is not None:
        yield block


def _dependency(text: Text, block: _Block) -> Dependency | None:
    """Return the package of a block, None for the metadata and for workspace members."""
    if block.head == "__metadata":
        return None
    descriptor = block.head.split(",")[0].strip().strip('"')
    if "@" not in descriptor[1:]:
        raise ManifestError(text.line(block.start), "package without a version range")
    name, version_range = split_version(descriptor)
    quote_width = 1 if block.head.startswith('"') else 0
    start = block.start + quote_width
    place = text.place(start, start + len(name))
    if block.resolution:
        package, version, source = _berry_resolution(block.resolution)
        if source.target == "workspace":
            return None
        if source.kind in {"registry", "index"} and _is_renamed(block.head, package):
            source = Source("foreign", block.resolution)
        if source.kind == "path" and not valid_name("npm", package):
            return None  # a folder may have a name that no registry accepts
    else:
        package, _, source = parse_spec(name, version_range)
        version = block.version
        if block.resolved:
            is_requested = "://" in version_range or "/" in version_range
            source = locked_source(
                block.resolved, package, version, is_requested=is_requested
            )
    return make_dependency(
        "npm", package, place, "yarn.lock", version, source, direct=False
    )


def _is_renamed(head: str, package: str) -> bool:
    """Return whether a descriptor asks for a package of another name than the locked one."""
    for written in head.split(","):
        name, version_range = split_version(written.strip().strip('"'))
        protocol, _, reference = version_range.partition(":")
        if protocol == "npm":
            # Without a second name it is a range or a tag of the same package.
            is_alias = "@" in reference[1:]
            requested = split_version(reference)[0] if is_alias else name
            if requested != package:
                return True
    return False


def _berry_resolution(resolution: str) -> tuple[str, str, Source]:
    """Return the package, version and source of a berry file's ``resolution``."""
    at = resolution.find("@", 1)
    name, locator = resolution[:at], resolution[at + 1 :]
    protocol, _, reference = locator.partition(":")
    if protocol == "npm":
        from urllib.parse import unquote

        version, _, archive_url = reference.partition("::__archiveUrl=")
        if not archive_url:
            return name, version, Source()
        return name, version, locked_source(unquote(archive_url), name, version)
    if protocol == "workspace":
        return name, "", Source("path", "workspace")
    if protocol == "patch":
        return name, "", Source()
    _, version, source = parse_spec(name, locator)
    return name, version, source
