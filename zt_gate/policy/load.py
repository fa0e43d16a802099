"""Loads the policy from its file on the trusted side.

The caller chooses the side and passes a ``read`` function for its files; this module
reads nothing of the change that is judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.policy.schema import Policy, PolicyError
from zt_gate.policy.typed_reader import InvalidError
from zt_gate.policy.validate import policy_of
from zt_gate.record import replace

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Mapping

    from zt_gate.model.scanner import ScannerInfo
    from zt_gate.syntax.document import Document

FILE = b".zt-gate.toml"
PYPROJECT = b"pyproject.toml"
TABLE = ("tool", "zt-gate")

MAX_BYTES = 64 * 1024
#: pyproject.toml also has the settings of other tools.
MAX_PYPROJECT_BYTES = 512 * 1024

_GATE_NAME = TABLE[-1].encode()


def parse(
    data: bytes,
    name: str,
    table: tuple[str, ...] = (),
    *,
    scanners: Mapping[str, ScannerInfo],
    rules: Collection[str] | None = None,
) -> Policy:
    """Return the policy in ``data``; ``name`` is the file name for error messages.

    ``table`` is the path of the policy's table in the document (``TABLE`` in a
    pyproject.toml); without that table the result has the defaults.  ``scanners`` are
    the registered ones by name, ``rules`` the existing rule ids, None if unknown.
    Raises PolicyError with the file, the line and the fix.
    """
    limit = MAX_PYPROJECT_BYTES if table else MAX_BYTES
    document = _read(data, name, limit)
    values = find_table(document.value, table)
    if values is None:
        return Policy()
    try:
        if not isinstance(values, dict):
            raise InvalidError((), f"[{'.'.join(table)}] must be a table")
        policy = policy_of(values, scanners=scanners, rules=rules)
    except InvalidError as error:
        line = document.line((*table, *error.path))
        raise PolicyError(f"policy {name}:{line}: {error}") from error
    return replace(policy, digest=digest_of(values))


def load(
    read: Callable[[bytes], bytes | None],
    rev: str,
    *,
    scanners: Mapping[str, ScannerInfo],
    rules: Collection[str] | None = None,
) -> Policy:
    """Return the policy of the side that ``read`` reads, or the defaults.

    ``read(path)`` returns the content of a file in the root of that side, None if it
    does not exist; ``rev`` names the side.  Raises PolicyError, also if both a
    ``.zt-gate.toml`` and a ``[tool.zt-gate]`` exist.
    """
    own = read(FILE)
    project = read(PYPROJECT)
    if project is not None and project_table(project) is None:
        project = None
    if own is not None and project is not None:
        raise PolicyError(
            "policy: .zt-gate.toml and [tool.zt-gate] in pyproject.toml both exist; "
            "remove one of them"
        )
    if own is not None:
        policy = parse(own, FILE.decode(), scanners=scanners, rules=rules)
    elif project is not None:
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
    """Return the policy of the file that the user names (``--config``).

    A file named pyproject.toml must have a ``[tool.zt-gate]``.  The policy's ``rev``
    is ``file:`` and the name.  Raises PolicyError.
    """
    import os

    file_path = os.fsdecode(path)
    name = os.path.basename(file_path)
    try:
        with open(file_path, "rb") as file:
            data = file.read(MAX_PYPROJECT_BYTES + 1)
    except OSError as error:
        raise PolicyError(
            f"policy {file_path} cannot be read: {error.strerror}"
        ) from error
    except ValueError as error:
        raise PolicyError("policy: the file name contains a NUL character") from error
    table: tuple[str, ...] = ()
    if name == PYPROJECT.decode():
        table = TABLE
        document = _read(data, file_path, MAX_PYPROJECT_BYTES)
        if find_table(document.value, table) is None:
            raise PolicyError(f"policy {file_path} has no [tool.zt-gate]")
    policy = parse(data, file_path, table, scanners=scanners, rules=rules)
    return replace(policy, rev=f"file:{name}")


def digest_of(table: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the values of a policy's table, whatever its spelling."""
    import hashlib
    import json

    # Dates become strings: both spellings of ``expires`` are equal.
    canonical = json.dumps(table, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def find_table(document: Mapping[str, Any], table: tuple[str, ...]) -> Any:
    """Return the value at the path ``table`` of a document, None if it has none."""
    value: Any = document
    for key in table:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


def project_table(data: bytes) -> Any:
    """Return ``[tool.zt-gate]`` of a pyproject.toml, None if it has none.

    Raises PolicyError for invalid TOML that mentions the gate.
    """
    # Do not parse files that cannot have the table.  A quoted key may use escapes.
    mentions_gate = _GATE_NAME in data
    if not mentions_gate and b"\\" not in data:
        return None
    try:
        document = _read(data, PYPROJECT.decode(), MAX_PYPROJECT_BYTES).value
    except PolicyError:
        if mentions_gate:
            raise
        return None
    return find_table(document, TABLE)


def _read(data: bytes, name: str, limit: int) -> Document:
    """Parse one document; raises PolicyError with file and line."""
    if len(data) > limit:
        raise PolicyError(f"policy {name} is larger than {limit // 1024} KB")
    # Only here: most repositories have no policy, and each commit would pay for it.
    from zt_gate.syntax import toml
    from zt_gate.syntax.document import Limits, SyntaxReadError

    try:
        return toml.read(data, limits=Limits(size=limit))
    except SyntaxReadError as error:
        message = f"policy {name}"
        if error.line:
            message += f":{error.line}"
        message += f": {error.reason}"
        if error.detail:
            message += f": {error.detail}"
        raise PolicyError(message) from error
