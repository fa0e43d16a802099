"""Gemfile.lock: the specs by their source, and what the Gemfile asked for."""

from __future__ import annotations

import re

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    decode_manifest,
    make_dependency,
)

_LIMIT = 4 * 1024 * 1024
_SPEC = re.compile(r"    ([^\s(!]+)(?: \(([^)\n]{1,100})\))?\Z")
_WANTED = re.compile(r"  ([^\s(!]+)(?: \([^)\n]{1,200}\))?!?\Z")
_REMOTE = re.compile(r"  remote: (\S+)\Z")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the sections GEM, GIT, PATH and PLUGIN SOURCE."""
    text = Text.of(decode_manifest(data, _LIMIT, "Gemfile.lock").replace("\r\n", "\n"))
    lines = text.content.split("\n")
    direct = set(_direct(lines))
    found: list[Dependency] = []
    section, remote = "", ""
    for number, line in enumerate(lines, 1):
        if line.startswith(("<<<<<<<", "=======", ">>>>>>>")):
            raise ManifestError(number, "unresolved merge conflict marker")
        if line and not line[0].isspace():
            section, remote = line.strip(), ""
        elif (match := _REMOTE.match(line)) is not None:
            remote = match[1]
        elif section in {"GEM", "GIT", "PATH", "PLUGIN SOURCE"} and (
            spec := _SPEC.match(line)
        ):
            place = (number, spec.start(1) + 1, spec.end(1) + 1)
            source = _source(section, remote)
            found.append(
                make_dependency(
                    "gem",
                    spec[1],
                    place,
                    section,
                    spec[2] or "",
                    source,
                    direct=spec[1] in direct,
                )
            )
    return tuple(found)


def _direct(lines: list[str]) -> list[str]:
    inside = False
    found = []
    for line in lines:
        if line and not line[0].isspace():
            inside = line.strip() == "DEPENDENCIES"
        elif inside and (match := _WANTED.match(line)):
            found.append(match[1])
    return found


def _source(section: str, remote: str) -> Source:
    if section == "GIT":
        return Source("vcs", remote)
    if section == "PATH":
        return Source("path", remote)
    from zt_gate.ecosystems.manifests import hosts

    host = hosts.origin(remote)
    return (
        Source()
        if not host or hosts.is_default_registry("gem", host)
        else Source("index", remote)
    )
