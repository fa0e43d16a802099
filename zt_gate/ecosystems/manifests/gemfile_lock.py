"""Gemfile.lock: the specs by their source, and the direct dependencies."""

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
)
from zt_gate.ecosystems.manifests.lock_content import (
    LockContent,
    LockedFile,
    LockedRequirement,
    locked_file,
)

if TYPE_CHECKING:
    import re

_LIMIT = 4 * 1024 * 1024
_SPEC = lazy_re.compile(r"    ([^\s(!]+)(?: \(([^)\n]{1,100})\))?\Z")
_DIRECT = lazy_re.compile(r"  ([^\s(!]+)(?: \(([^)\n]{1,200})\))?!?\Z")
_CHECKSUM = lazy_re.compile(
    r"  ([^\s(!]{1,200}) \(([^)\n]{1,100})\)(?: ([a-z0-9]{1,20})=([0-9a-fA-F]{1,200}))?\Z"
)
_REMOTE = lazy_re.compile(r"  remote: (\S+)\Z")
_CONFLICT_MARKERS = ("<<<<<<<", "=======", ">>>>>>>")
_SECTIONS = frozenset(("GEM", "GIT", "PATH", "PLUGIN SOURCE"))


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the sections GEM, GIT, PATH and PLUGIN SOURCE."""
    return lock(path, data).dependencies


def lock(path: bytes, data: bytes) -> LockContent:  # noqa: ARG001 - part of the reader signature
    """Read the gems, their checksums, and what the Gemfile requests."""
    text = Text.of(decode_manifest(data, _LIMIT, "Gemfile.lock").replace("\r\n", "\n"))
    lines = text.content.split("\n")
    requirements = _requirements(lines)
    direct = {requirement.name for requirement in requirements}
    dependencies: list[Dependency] = []
    files: list[LockedFile] = []
    section, remote = "", ""
    for number, line in enumerate(lines, 1):
        if line.startswith(_CONFLICT_MARKERS):
            raise ManifestError(number, "unresolved merge conflict marker")
        if line and not line[0].isspace():
            section, remote = line.strip(), ""
            continue
        remote_line = _REMOTE.match(line)
        if remote_line is not None:
            # Of several, the one that is not the default registry counts.
            remote = _other(section, remote, remote_line[1])
            continue
        checksum = _CHECKSUM.match(line) if section == "CHECKSUMS" else None
        if checksum is not None:
            files.append(_file(checksum, number))
            continue
        spec = _SPEC.match(line) if section in _SECTIONS else None
        if spec is None:
            continue
        name, version = spec[1], spec[2] or ""
        place = (number, spec.start(1) + 1, spec.end(1) + 1)
        source = _source(section, remote)
        dependencies.append(
            make_dependency(
                "gem", name, place, section, version, source, direct=name in direct
            )
        )
    return LockContent(
        tuple(dependencies), tuple(files), requirements, frozenset(("",))
    )


def _file(checksum: re.Match[str], number: int) -> LockedFile:
    """Return the checksum of a gem; the version has the platform after it."""
    name, version = checksum[1], checksum[2]
    values = [(checksum[3], checksum[4].lower())] if checksum[3] else []
    place = (number, checksum.start(1) + 1, checksum.end(1) + 1)
    entry = make_dependency("gem", name, place, "CHECKSUMS", version)
    return locked_file(entry, values)


def _other(section: str, known: str, remote: str) -> str:
    return known if known and _source(section, known).kind == "index" else remote


def _requirements(lines: list[str]) -> tuple[LockedRequirement, ...]:
    """Return the requirements in the section DEPENDENCIES, which the Gemfile declares."""
    requirements: list[LockedRequirement] = []
    in_section = False
    for number, line in enumerate(lines, 1):
        if line and not line[0].isspace():
            in_section = line.strip() == "DEPENDENCIES"
            continue
        match = _DIRECT.match(line) if in_section else None
        if match is not None:
            place = (number, match.start(1) + 1, match.end(1) + 1)
            requirements.append(
                LockedRequirement("", "DEPENDENCIES", match[1], match[2] or "", place)
            )
    return tuple(requirements)


def _source(section: str, remote: str) -> Source:
    if section == "GIT":
        return Source("vcs", remote)
    if section == "PATH":
        return Source("path", remote)
    from zt_gate.ecosystems.manifests import hosts

    origin = hosts.origin(remote)
    if not origin or hosts.is_default_registry("gem", origin):
        return Source()
    return Source("index", remote)
