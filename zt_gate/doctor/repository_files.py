"""Files of the repository as the doctor reads them: with limits, no links, no surprises."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

from zt_gate.errors import GateError

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.syntax.yaml import Version

_LIMIT = 1 << 20


class UnreadableError(GateError):
    """A file is there and cannot be used; the text says why."""


def of_work_tree(root: Path, name: str) -> bytes | None:
    """Return a file in the root folder, None where there is none; raises UnreadableError."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(root / name, flags)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreadableError(f"{name} cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise UnreadableError(f"{name} is no regular file")
        data = file.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        raise UnreadableError(f"{name} is larger than 1 MB")
    return data


def yaml_table(data: bytes, name: str, *, version: Version = "1.2") -> dict[str, Any]:
    """Return a YAML document that is a table; raises UnreadableError.

    ``version`` is what the program of the file reads (see ``syntax.yaml``).
    """
    from zt_gate.syntax import yaml
    from zt_gate.syntax.document import Limits, SyntaxReadError

    limits = Limits(size=_LIMIT // 2, depth=64, values=100_000)
    try:
        root = yaml.read(data, limits=limits, version=version, utf16=True).value
    except SyntaxReadError as error:
        raise UnreadableError(f"{name}: {error}") from error
    if not isinstance(root, dict):
        raise UnreadableError(f"{name} is no table")
    return root


def table(value: Any) -> dict[str, Any]:
    """Return a value that should be a table; {} where it is none."""
    return value if isinstance(value, dict) else {}


def tables(value: Any) -> list[dict[str, Any]]:
    """Return the tables of a value that should be a list of them."""
    return (
        [item for item in value if isinstance(item, dict)]
        if isinstance(value, list)
        else []
    )
