"""go.sum: the modules whose content the go command trusts.

Names without versions: a go.sum also keeps the sums of versions that are not
built, and which one is built stands in go.mod.  Before Go 1.17 what is needed
only indirectly stands nowhere else.
"""

from __future__ import annotations

import re

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    decode_manifest,
    make_dependency,
)

_LIMIT = 10 * 1024 * 1024
_LINE = re.compile(
    r"(\S{1,500}) (v[\w.+-]{1,200})(/go\.mod)? h\d{1,2}:[A-Za-z0-9+/=]{1,200}\Z"
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the sums of modules; that of a go.mod alone brings no code."""
    found: dict[str, Dependency] = {}
    for number, line in enumerate(
        decode_manifest(data, _LIMIT, "go.sum").split("\n"), 1
    ):
        text = line.strip()
        if not text:
            continue
        match = _LINE.match(text)
        if match is None:
            raise ManifestError(number, "not a valid go.sum line")
        name = match[1]
        if match[3] is None and name not in found:
            start = line.index(name)
            place = (number, start + 1, start + len(name) + 1)
            found[name] = make_dependency("golang", name, place, "go.sum", direct=False)
    return tuple(found.values())
