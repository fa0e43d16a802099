"""Shell scripts, Makefiles and similar files: every line is a command."""

from __future__ import annotations

from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import Dependency, Text
from zt_gate.syntax.text import script_head

_LIMIT = 2 * 1024 * 1024
_SCRIPT_NAMES = (
    b"makefile",
    b"gnumakefile",
    b"justfile",
    b".justfile",
    b"procfile",
    b"jenkinsfile",
    b"vagrantfile",
    b".envrc",
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the commands; a file without a suffix needs a known name or a ``#!`` line.

    A file over 2 MB gives nothing.
    """
    name = path.rpartition(b"/")[2].lower()
    is_script = b"." in name or name in _SCRIPT_NAMES or _has_shell_shebang(data)
    if not is_script or len(data) > _LIMIT:
        return ()
    text = Text.of(data.decode("utf-8", "replace"))
    return tuple(commands.in_text(text))


def _has_shell_shebang(data: bytes) -> bool:
    first_line = script_head(data[:200]).partition(b"\n")[0]
    if not first_line:
        return False
    return any(word in first_line for word in (b"sh", b"make", b"just"))
