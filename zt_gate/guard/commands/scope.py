"""The paths of a task: gitignore patterns below the root of the project."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def is_in_patterns(path: str, patterns: Sequence[str], *, is_folder: bool) -> bool:
    """Whether one of the patterns names a path, or a folder that it is in.

    Raises GlobError for an invalid pattern.
    """
    from zt_gate.syntax.globs import compile_glob

    names = [path, f"{path}/x"] if is_folder else [path]
    return any(
        compile_glob(pattern).matches(os.fsencode(name))
        for pattern in patterns
        for name in names
    )


def contains_restricted(root: str, path: str, patterns: Sequence[str]) -> bool:
    """Whether a folder has a restricted path in it that is there."""
    for pattern in patterns:
        plain = pattern.strip("/")
        if any(char in plain for char in "*?[\\"):
            continue
        place = os.path.join(root, plain)
        if place.startswith(path.rstrip("/") + "/") and os.path.lexists(place):
            return True
    return False
