"""Shell scripts, Makefiles and the like: every line is a command."""

from __future__ import annotations

from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import Dependency, Text

_LIMIT = 2 * 1024 * 1024
_NAMED = (b"makefile", b"gnumakefile", b"justfile", b".justfile", b"procfile", b"jenkinsfile",
          b"vagrantfile", b".envrc")  # fmt: skip


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the commands; a file without an extension only if it begins as a script does."""
    name = path.rpartition(b"/")[2].lower()
    if b"." not in name and name not in _NAMED and not _is_shell(data):
        return ()
    if len(data) > _LIMIT:
        return ()
    text = Text.of(data.decode("utf-8", "replace"))
    return tuple(commands.in_text(text))


def _is_shell(data: bytes) -> bool:
    first = data[:200].partition(b"\n")[0]
    return first.startswith(b"#!") and any(
        word in first for word in (b"sh", b"make", b"just")
    )
