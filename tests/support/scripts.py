"""The programs in ``scripts/``, which are in no package, as modules."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

from tests.support.lock import ROOT

if TYPE_CHECKING:
    from types import ModuleType


def load(name: str) -> ModuleType:
    """Import ``scripts/NAME.py``."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their own module up by its name.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
