"""yarn.lock, classic and berry: blocks of a descriptor line and indented fields.

Neither form is YAML or any other format of ``zt_gate.syntax``: the classic one only
looks like it, and yarn reads both with a parser of its own.  A line of another
shape makes the file unreadable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    decode_manifest,
    make_dependency,
)
from zt_gate.ecosystems.manifests.npm_spec import archive_source, parse_spec

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 10 * 1024 * 1024
_HEAD = re.compile(r"(?![#\s])([^\n]{1,20000}):[ \t]*\Z")
_FIELD = re.compile(
    r'  ("?)(version|resolution|resolved)\1:? "?([^"\n]{1,5000}?)"?[ \t]*\Z'
)
# ``? "a long descriptor"`` and the colon on a line of its own: YAML's explicit keys.
_LONG = re.compile(r'\? "([^"\n]{1,200000})"\Z')


@dataclass(slots=True)
class _Block:
    """One block: its descriptors, and its fields as they come."""

    head: str
    start: int
    version: str = ""
    resolution: str = ""
    resolved: str = ""


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every block but that of the metadata."""
    text = Text.of(decode_manifest(data, _LIMIT, "yarn.lock").replace("\r\n", "\n"))
    return tuple(one for block in _blocks(text) for one in _entries(text, block))


def _blocks(text: Text) -> Iterator[_Block]:
    block: _Block | None = None
    offset = 0
    for number, line in enumerate(text.content.split("\n"), 1):
        start, offset = offset, offset + len(line) + 1
        if not line.strip() or line.lstrip()[0] == "#" or line in {":", "---"}:
            continue
        if line[0] in " \t:":
            if block is None:
                raise ManifestError(number, "indented line without a package")
            field = _FIELD.match(line)
            if field is not None:
                setattr(block, field[2], field[3])
            continue
        head = _HEAD.match(line) or _LONG.match(line)
        if head is None:
            raise ManifestError(number, "not a valid yarn.lock line")
        if block is not None:
            yield block
        block = _Block(head[1], start + head.start(1))
    if block is not None:
        yield block


def _entries(text: Text, block: _Block) -> Iterator[Dependency]:
    if block.head == "__metadata":
        return
    first = block.head.split(",")[0].strip().strip('"')
    at = first.find("@", 1)
    if at < 0:
        raise ManifestError(
            text.place(block.start, block.start)[0], "package without a version range"
        )
    name, wanted = first[:at], first[at + 1 :]
    shift = 1 if block.head.startswith('"') else 0
    place = text.place(block.start + shift, block.start + shift + len(name))
    if block.resolution:
        real, version, source = _berry(block.resolution)
        if source.target == "workspace":
            return
    else:
        real, _, source = parse_spec(name, wanted)
        version = block.version
        source = archive_source(block.resolved) if block.resolved else source
    yield make_dependency(
        "npm", real, place, "yarn.lock", version, source, direct=False
    )


def _berry(resolution: str) -> tuple[str, str, Source]:
    at = resolution.find("@", 1)
    name, locator = resolution[:at], resolution[at + 1 :]
    protocol, _, rest = locator.partition(":")
    if protocol == "npm":
        version, _, extra = rest.partition("::__archiveUrl=")
        from urllib.parse import unquote

        return name, version, archive_source(unquote(extra)) if extra else Source()
    if protocol == "workspace":
        return name, "", Source("path", "workspace")
    if protocol == "patch":
        return name, "", Source()
    return name, *parse_spec(name, locator)[1:]
