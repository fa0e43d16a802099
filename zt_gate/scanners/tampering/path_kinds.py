"""In which files a command starts checks, and in which a mark of a scanner has an effect."""

from __future__ import annotations

from zt_gate.syntax.paths import is_any


def decides_what_runs(path: bytes) -> bool:
    """Whether a forge, a build system or git reads the file to know what to run."""
    return is_any(path, "ci", "hook", "hook-folder")


def runs_checks(path: bytes) -> bool:
    """Whether checks are started from the file."""
    return is_any(path, "ci", "hook", "hook-folder", "script")


def is_program(path: bytes) -> bool:
    """Whether the file is run or compiled, and no data, which may quote anything."""
    return runs_checks(path) or is_any(
        path, "program", "shell", "build", "query", "page", "environment"
    )


def is_code(path: bytes) -> bool:
    """Whether a program reads the file, so that a scanner's mark in it has an effect."""
    return is_program(path) or is_any(path, "infrastructure", "settings")


def is_make(path: bytes) -> bool:
    """Whether a dash at the start of a command means that its failure does not count."""
    return is_any(path, "make")
