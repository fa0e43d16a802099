"""Names of files that the tables of places do not describe: ``.git`` and ``/proc``."""

from __future__ import annotations

import os

from zt_gate.guard.data import load


def is_git_folder(path: str) -> bool:
    """Whether a path is in a ``.git`` folder, or is one, whatever the letter case.

    HFS+ ignores some characters in names, and Windows other spellings of the name.
    """
    for part in path.split("/"):
        plain = "".join(char for char in part if char.isprintable()).casefold()
        if plain.rstrip(" .") in {".git", "git~1"} or plain.startswith(".git:"):
            return True
    return False


def is_process(path: str) -> bool:
    """Whether a path shows a process: its memory, variables or files."""
    if not path.startswith("/proc/"):
        return False
    # ``self`` is a link to this process's own number.
    path = path.replace(f"/proc/{os.getpid()}/", "/proc/self/", 1)
    harmless = load("files.json")["harmless_proc"]
    return not any(
        path == entry.rstrip("/") or path.startswith(entry.rstrip("/") + "/")
        for entry in harmless
    )
