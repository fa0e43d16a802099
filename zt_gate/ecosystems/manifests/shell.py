"""Shell scripts, Makefiles and similar files: every line is a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import Dependency, Text
from zt_gate.syntax.paths import is_any
from zt_gate.syntax.text import script_head

if TYPE_CHECKING:
    from collections.abc import Callable

# Interpreters in the first line of a file without a suffix.
_INTERPRETERS = {
    b"python": "python",
    b"uv run": "python",
    b"pipx run": "python",
    b"pypy": "python",
    b"node": "javascript",
    b"deno": "javascript",
    b"bun ": "javascript",
    b"tsx": "javascript",
    b"zx": "javascript",
}
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

    Hooks of husky and others have no such line.  A script of another language, by that
    line, is read as one.

    A file over 2 MB gives nothing.
    """
    language = _other_language(data)
    if language:
        return reader_of_language(language)(path, data)
    name = path.rpartition(b"/")[2].lower()
    is_script = b"." in name or name in _SCRIPT_NAMES or _has_shell_shebang(data)
    if not is_script and not data.startswith(b"#!"):
        is_script = is_any(path, "hook")
    if not is_script or len(data) > _LIMIT:
        return ()
    text = Text.of(data.decode("utf-8", "replace"))
    return tuple(commands.in_text(text))


def _other_language(data: bytes) -> str:
    """Return the format of a script of Python or JavaScript, "" for any other file."""
    first_line = script_head(data[:200]).partition(b"\n")[0]
    for interpreter, format_name in _INTERPRETERS.items():
        if interpreter in first_line:
            return format_name
    return ""


def reader_of_language(
    format_name: str,
) -> Callable[[bytes, bytes], tuple[Dependency, ...]]:
    """Return the reader of a programming language."""
    if format_name == "python":
        from zt_gate.ecosystems.manifests import python

        return python.read
    from zt_gate.ecosystems.manifests import javascript

    return javascript.read


def _has_shell_shebang(data: bytes) -> bool:
    first_line = script_head(data[:200]).partition(b"\n")[0]
    if not first_line:
        return False
    return any(word in first_line for word in (b"sh", b"make", b"just"))
