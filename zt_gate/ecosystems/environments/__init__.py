"""Installed packages: what an environment holds, read without running anything from it.

A new kind of environment is one file here and one line in the tuple.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.ecosystems.environments.base import Environment

_MODULES: tuple[str, ...] = ("python", "node")


def read_environment(path: Path) -> Environment | None:
    """Return what is installed in a folder, or for a Python interpreter.

    None if the path is no environment.  Raises OSError if it cannot be read.
    """
    for name in _MODULES:
        module = import_module(f"{__name__}.{name}")
        environment: Environment | None = module.read(path)
        if environment is not None:
            return environment
    return None
