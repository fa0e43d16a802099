"""Reads files of a repository that may be hostile: with limits, without links."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

from zt_gate.errors import GateError

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.syntax.yaml import Version

#: Bytes of a file that is read.
_MAX_SIZE = 1 << 20


class UnreadableError(GateError):
    """A file exists and cannot be used; the message says why."""


def of_work_tree(root: Path, name: str) -> bytes | None:
    """Return the content of a file in the root folder, None if it does not exist.

    Raises UnreadableError for a link, a special file or more than 1 MB.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(root / name, flags)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreadableError(f"{name} cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise UnreadableError(f"{name} is not a regular file")
        data = file.read(_MAX_SIZE + 1)
    if len(data) > _MAX_SIZE:
        raise UnreadableError(f"{name} is larger than 1 MB")
    return data


def yaml_table(data: bytes, name: str, *, version: Version = "1.2") -> dict[str, Any]:
    """Return a YAML document that is a mapping; raises UnreadableError.

    ``version`` is the YAML version that the file's own program reads (see
    ``syntax.yaml``).
    """
    from zt_gate.syntax import yaml
    from zt_gate.syntax.document import Limits, SyntaxReadError

    limits = Limits(size=_MAX_SIZE // 2, depth=64, values=100_000)
    try:
        root = yaml.read(data, limits=limits, version=version, utf16=True).value
    except SyntaxReadError as error:
        raise UnreadableError(f"{name}: {error}") from error
    if not isinstance(root, dict):
        raise UnreadableError(f"{name} is not a YAML mapping")
    return root


def table(value: Any) -> dict[str, Any]:
    """Return the value if it is a table, else {}."""
    return value if isinstance(value, dict) else {}


def tables(value: Any) -> list[dict[str, Any]]:
    """Return the tables in the value if it is a list, else []."""
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]
