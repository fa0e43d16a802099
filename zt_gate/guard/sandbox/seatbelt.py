"""The sandbox profile of macOS for a command (``sandbox-exec``, Seatbelt).

Nobody has tried it on a Mac yet: the tests compare the text alone.  Of the rules that fit
a path the last one counts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zt_gate.guard.sandbox import bubblewrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.guard.sandbox.rights import Rights

PROGRAM = "/usr/bin/sandbox-exec"
_SYSTEM = (
    "/usr", "/bin", "/sbin", "/opt", "/System", "/Library/Apple", "/Library/Developer",
    "/Library/Frameworks", "/private/etc/ssl", "/private/etc/localtime",
    "/private/var/db/timezone", "/private/var/select", "/Applications/Xcode.app",
)  # fmt: skip
_DEVICES = ("null", "zero", "random", "urandom", "tty", "dtracehelper")


def profile(rights: Rights, own: Iterable[str]) -> str:
    """Return the profile; ``own`` are folders made for this command alone."""
    readable = [*_SYSTEM, *bubblewrap.interpreter_places(), *rights.read_only]
    writable = [*own, *(path for path in rights.writable if _is_free(path, rights))]
    protected = [path for path in rights.read_only if path != rights.root]
    lines = [
        "(version 1)",
        "(deny default)",
        '(import "system.sb")',
        "(allow process-fork process-exec)",
        "(allow sysctl-read file-read-metadata)",
        "(allow signal (target same-sandbox))",
        *(f"(allow file-read* (subpath {_quoted(path)}))" for path in readable),
        *(f"(allow file* (literal {_quoted(f'/dev/{name}')}))" for name in _DEVICES),
        *(
            f"(allow file-read* file-write* (subpath {_quoted(path)}))"
            for path in writable
        ),
        *(f"(deny file-write* (subpath {_quoted(path)}))" for path in protected),
        *(f"(deny file* (subpath {_quoted(path)}))" for path in rights.hidden),
        # A folder above a protected path must keep its name: rules are by name.
        *(
            f"(deny file-write-unlink (literal {_quoted(path)}))"
            for path in dict.fromkeys(_above((*protected, *rights.hidden), rights.root))
        ),
        "(deny network*)",
    ]
    return "\n".join(lines) + "\n"


def _is_free(path: str, rights: Rights) -> bool:
    return path not in rights.read_only or path == rights.root


def _above(paths: Iterable[str], root: str) -> Iterator[str]:
    for path in paths:
        folder = os.path.dirname(path)
        while folder.startswith(root):
            yield folder
            folder = os.path.dirname(folder)


def _quoted(path: str) -> str:
    """Return a path as a string of the profile's language."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
