"""A Python index that is a folder of this machine, as pip takes one (``file:``)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from zt_gate.ecosystems.registries.base import Missing, Project
from zt_gate.ecosystems.registries.package_index import RegistryError

if TYPE_CHECKING:
    from zt_gate.ecosystems.registries.base import LookupResult
    from zt_gate.ecosystems.registries.package_index import Index


def project(index: Index, key: str) -> LookupResult:
    """Look for the folder of a normalised name; raises RegistryError.

    What is there the user put there: of its age nothing is asked.
    """
    parts = urlsplit(index.url)
    if parts.netloc not in {"", "localhost"}:
        raise RegistryError("is a directory on another machine")
    folder = os.path.join(unquote(parts.path), key)
    try:
        with os.scandir(folder) as found:
            filled = next(found, None) is not None
    except FileNotFoundError:
        return Missing()
    except OSError as error:
        raise RegistryError("is a directory that cannot be read") from error
    return Project(0.0) if filled else Project(None, "empty")
