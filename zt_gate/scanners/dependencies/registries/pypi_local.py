"""A Python index that is a folder of this machine, as pip takes one (``file:``)."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from zt_gate.scanners.dependencies.registries.base import Fault, Missing, Project

if TYPE_CHECKING:
    from zt_gate.scanners.dependencies.registries.base import Answer, Index

_MOST_FILES = 10_000


def project(index: Index, key: str) -> Answer:
    """Look for the folder of a normalised name; its oldest file tells the age.  Raises Fault."""
    parts = urlsplit(index.url)
    if parts.netloc not in {"", "localhost"}:
        raise Fault("is a folder of another machine")
    folder = os.path.join(unquote(parts.path), key)
    try:
        with os.scandir(folder) as found:
            times = [entry.stat().st_mtime for entry in islice(found, _MOST_FILES)]
    except FileNotFoundError:
        return Missing()
    except OSError as error:
        raise Fault("is a folder that cannot be read") from error
    return Project(min(times)) if times else Project(None, "empty")
