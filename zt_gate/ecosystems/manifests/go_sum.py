"""go.sum: the checksums of the modules that the go command downloads.

Only names are read, no versions: a go.sum also keeps checksums of versions that are
not built, and go.mod selects the one that is.  Before Go 1.17 indirect dependencies
are listed nowhere else.
"""

from __future__ import annotations

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    decode_manifest,
    make_dependency,
)
from zt_gate.ecosystems.manifests.lock_content import (
    LockContent,
    LockedFile,
    locked_file,
)

_LIMIT = 10 * 1024 * 1024
_LINE = lazy_re.compile(
    r"(\S{1,500}) (v[\w.+-]{1,200})(/go\.mod)? (h\d{1,2}):([A-Za-z0-9+/=]{1,200})\Z"
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the module checksums; a checksum of a go.mod file alone brings no code."""
    return lock(path, data).dependencies


def lock(path: bytes, data: bytes) -> LockContent:  # noqa: ARG001 - part of the reader signature
    """Read the modules and every checksum."""
    modules: dict[str, Dependency] = {}
    files: list[LockedFile] = []
    for number, raw_line in enumerate(
        decode_manifest(data, _LIMIT, "go.sum").split("\n"), 1
    ):
        line = raw_line.strip()
        if not line:
            continue
        match = _LINE.match(line)
        if match is None:
            raise ManifestError(number, "not a valid go.sum line")
        name, is_go_mod_only = match[1], match[3] is not None
        start = raw_line.index(name)
        place = (number, start + 1, start + len(name) + 1)
        entry = make_dependency("golang", name, place, "go.sum", direct=False)
        file = "go.mod" if is_go_mod_only else "module"
        checksum = (match[4], match[5])
        files.append(locked_file(entry, (checksum,), file=file, version=match[2]))
        if not is_go_mod_only:
            modules.setdefault(name, entry)
    return LockContent(tuple(modules.values()), tuple(files))
