"""Classifies files by whether commands in them run checks, and scanners' marks count."""

from __future__ import annotations

from zt_gate.syntax.paths import is_any


def decides_what_runs(path: bytes) -> bool:
    """Whether a forge, a build system or git reads the file to know what to run."""
    return is_any(path, "ci", "hook", "hook-folder")


def runs_checks(path: bytes) -> bool:
    """Whether commands in the file can run checks."""
    return is_any(path, "ci", "hook", "hook-folder", "script")


def is_program(path: bytes) -> bool:
    """Whether the file is run or compiled; data files can quote any command."""
    return runs_checks(path) or is_any(
        path, "program", "shell", "build", "query", "page", "environment"
    )


def is_code(path: bytes) -> bool:
    """Whether a suppression mark of a scanner has an effect in the file."""
    return is_program(path) or is_any(path, "infrastructure", "settings")


def is_make(path: bytes) -> bool:
    """Whether the file is a makefile, where a leading dash ignores a command's failure."""
    return is_any(path, "make")
