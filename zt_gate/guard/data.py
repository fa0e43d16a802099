"""The guard's data: JSON files in ``rules/guard``, which cost a hook little to read."""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def folder() -> str:
    """Return the folder of the guard's data: in the package, or next to it in a checkout."""
    package = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    installed = os.path.join(package, "_rules", "guard")
    if os.path.isdir(installed):
        return installed
    return os.path.join(os.path.dirname(package), "rules", "guard")


def load(name: str) -> dict[str, Any]:
    """Return a data file of the guard; raises OSError, ValueError or TypeError."""
    with open(os.path.join(folder(), name), encoding="utf-8") as file:
        content = json.load(file)
    if not isinstance(content, dict):
        raise TypeError(f"{name} is no table")
    return content
