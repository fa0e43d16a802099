"""A Python index in a local directory, as pip accepts one (``file:``)."""

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
    """Look for the directory of a normalised name; raises RegistryError.

    The user chose its content, so it counts as old enough.
    """
    parts = urlsplit(index.url)
    if parts.netloc not in {"", "localhost"}:
        raise RegistryError("is a directory on another machine")
    directory = os.path.join(unquote(parts.path), key)
    try:
        with os.scandir(directory) as entries:
            has_files = next(entries, None) is not None
    except FileNotFoundError:
        return Missing()
    except OSError as error:
        raise RegistryError("is a directory that cannot be read") from error
    return Project(0.0) if has_files else Project(None, "empty")
