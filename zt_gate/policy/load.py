"""The policy from its file: found on the trusted side, read with limits, checked.

Where a policy comes from is the caller's choice; here a ``read`` function
gives the files of that side.  Nothing of the change that is judged is read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zt_gate.policy.schema import Policy, PolicyError
from zt_gate.policy.typed_reader import InvalidError
from zt_gate.policy.validate import policy_of
from zt_gate.syntax import toml
from zt_gate.syntax.document import Document, Limits, SyntaxReadError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Mapping

    from zt_gate.model.scanner import ScannerInfo

FILE = b".zt-gate.toml"
PYPROJECT = b"pyproject.toml"
TABLE = ("tool", "zt-gate")

MAX_BYTES = 64 * 1024
#: pyproject.toml holds the settings of other tools as well.
MAX_PYPROJECT_BYTES = 512 * 1024

_WORD = TABLE[-1].encode()


def parse(
    data: bytes,
    name: str,
    table: tuple[str, ...] = (),
    *,
    scanners: Mapping[str, ScannerInfo],
    rules: Collection[str] | None = None,
) -> Policy:
    """Return the policy that ``data`` says; ``name`` stands in error messages.

    ``table`` is where in the document the policy is (``TABLE`` in a
    pyproject.toml); where it is not there, the result is the defaults.
    ``scanners`` are the registered ones by name; ``rules`` the rule ids that exist,
    where the caller knows them.  Raises PolicyError with the file, the line and how to mend it.
    """
    limit = MAX_PYPROJECT_BYTES if table else MAX_BYTES
    document = _read(data, name, limit)
    found = find_table(document.value, table)
    if found is None:
        return Policy()
    try:
        if not isinstance(found, dict):
            raise InvalidError((), f"[{'.'.join(table)}] is a table")
        policy = policy_of(found, scanners=scanners, rules=rules)
    except InvalidError as error:
        line = document.line((*table, *error.path))
        raise PolicyError(f"policy {name}:{line}: {error}") from error
    return replace(policy, digest=digest_of(found))


def load(
    read: Callable[[bytes], bytes | None],
    rev: str,
    *,
    scanners: Mapping[str, ScannerInfo],
    rules: Collection[str] | None = None,
) -> Policy:
    """Return the policy of the side that ``read`` reads, or the defaults where it has none.

    ``read(path)`` gives the content of a file in the root of that side, None
    where it does not exist; ``rev`` says which side it is.  Raises PolicyError,
    also where there is a ``.zt-gate.toml`` beside a ``[tool.zt-gate]``.
    """
    own, project = read(FILE), read(PYPROJECT)
    in_project = project is not None and project_table(project) is not None
    if own is not None and in_project:
        raise PolicyError(
            "policy: there is a .zt-gate.toml, and a [tool.zt-gate] in pyproject.toml; keep one"
        )
    if own is not None:
        policy = parse(own, FILE.decode(), scanners=scanners, rules=rules)
    elif in_project and project is not None:
        policy = parse(
            project, PYPROJECT.decode(), TABLE, scanners=scanners, rules=rules
        )
    else:
        return Policy()
    return replace(policy, rev=rev)


def load_file(
    path: str | os.PathLike[str],
    *,
    scanners: Mapping[str, ScannerInfo],
    rules: Collection[str] | None = None,
) -> Policy:
    """Return the policy of one file that the user names (``--config``).

    A file called pyproject.toml must have a ``[tool.zt-gate]``.  Its ``rev`` is
    ``file:`` and the name.  Raises PolicyError.
    """
    import os

    full = os.fsdecode(path)
    name = os.path.basename(full)
    try:
        with open(full, "rb") as file:
            data = file.read(MAX_PYPROJECT_BYTES + 1)
    except OSError as error:
        raise PolicyError(
            f"policy {full} could not be read: {error.strerror}"
        ) from error
    except ValueError as error:
        raise PolicyError("policy: the name of the file holds a NUL") from error
    table = TABLE if name == PYPROJECT.decode() else ()
    if (
        table
        and find_table(_read(data, full, MAX_PYPROJECT_BYTES).value, table) is None
    ):
        raise PolicyError(f"policy {full}: there is no [tool.zt-gate] in it")
    policy = parse(data, full, table, scanners=scanners, rules=rules)
    return replace(policy, rev=f"file:{name}")


def digest_of(table: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a policy's table says, however it is written."""
    import hashlib
    import json

    # Dates are written as strings: both spellings of ``expires`` mean the same.
    canonical = json.dumps(table, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def find_table(document: Mapping[str, Any], table: tuple[str, ...]) -> Any:
    """Return what stands at ``table`` in a document, None where there is nothing."""
    found: Any = document
    for key in table:
        if not isinstance(found, dict) or key not in found:
            return None
        found = found[key]
    return found


def project_table(data: bytes) -> Any:
    """Return ``[tool.zt-gate]`` of a pyproject.toml, None where there is none.

    A file that is broken concerns the gate only if it speaks of the gate: then
    this raises PolicyError.
    """
    # Spares the parser files that cannot hold the table; a quoted key may use escapes.
    speaks = _WORD in data
    if not speaks and b"\\" not in data:
        return None
    try:
        document = _read(data, PYPROJECT.decode(), MAX_PYPROJECT_BYTES).value
    except PolicyError:
        if speaks:
            raise
        return None
    return find_table(document, TABLE)


def _read(data: bytes, name: str, limit: int) -> Document:
    """Decode and parse one document; raises PolicyError with file and line."""
    if len(data) > limit:
        raise PolicyError(f"policy {name} is larger than {limit // 1024} KB")
    try:
        return toml.read(data, limits=Limits(size=limit))
    except SyntaxReadError as error:
        place = f"{name}:{error.line}" if error.line else name
        detail = f": {error.detail}" if error.detail else ""
        raise PolicyError(f"policy {place}: {error.reason}{detail}") from error
