"""Gemfile.lock: the specs by their source, and the direct dependencies."""

from __future__ import annotations

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    decode_manifest,
    make_dependency,
)

_LIMIT = 4 * 1024 * 1024
_SPEC = lazy_re.compile(r"    ([^\s(!]+)(?: \(([^)\n]{1,100})\))?\Z")
_DIRECT = lazy_re.compile(r"  ([^\s(!]+)(?: \([^)\n]{1,200}\))?!?\Z")
_REMOTE = lazy_re.compile(r"  remote: (\S+)\Z")
_CONFLICT_MARKERS = ("<<<<<<<", "=======", ">>>>>>>")
_SECTIONS = frozenset(("GEM", "GIT", "PATH", "PLUGIN SOURCE"))


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the sections GEM, GIT, PATH and PLUGIN SOURCE."""
    text = Text.of(decode_manifest(data, _LIMIT, "Gemfile.lock").replace("\r\n", "\n"))
    lines = text.content.split("\n")
    direct = _direct_names(lines)
    dependencies: list[Dependency] = []
    section, remote = "", ""
    for number, line in enumerate(lines, 1):
        if line.startswith(_CONFLICT_MARKERS):
            raise ManifestError(number, "unresolved merge conflict marker")
        if line and not line[0].isspace():
            section, remote = line.strip(), ""
            continue
        remote_line = _REMOTE.match(line)
        if remote_line is not None:
            remote = remote_line[1]
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
    return tuple(dependencies)


def _direct_names(lines: list[str]) -> set[str]:
    """Return the names in the section DEPENDENCIES, which the Gemfile declares."""
    names: set[str] = set()
    in_section = False
    for line in lines:
        if line and not line[0].isspace():
            in_section = line.strip() == "DEPENDENCIES"
            continue
        match = _DIRECT.match(line) if in_section else None
        if match is not None:
            names.add(match[1])
    return names


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
