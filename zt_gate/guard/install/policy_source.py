"""Reads the policy that is pinned, from a side that the agent's change has not written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zt_gate.policy.schema import Policy


def read_policy(config: str, revision: str) -> tuple[Policy, bytes, str]:
    """Return a policy, its text as a file of its own, and where it was read from.

    It is the file ``config``, else the policy of ``revision`` or HEAD; outside of a
    repository, and without a policy file, the defaults with an empty text.  Raises
    UsageError, PolicyError and GitError.
    """
    from zt_gate.errors import UsageError
    from zt_gate.policy.load import FILE, PYPROJECT, load, load_file
    from zt_gate.rulebook.rule_ids import RuleIds
    from zt_gate.scanners import registered

    if config and revision:
        raise UsageError("give --config or --policy-rev, not both: each names a policy")
    scanners, rules = registered(), RuleIds(None)
    if config:
        policy = load_file(config, scanners=scanners, rules=rules)
        return (
            policy,
            _own_text(config, Path(config).read_bytes()),
            os.path.abspath(config),
        )
    contents, commit = _at_revision(revision)
    policy = load(contents.get, commit, scanners=scanners, rules=rules)
    for path in (FILE, PYPROJECT):
        data = contents.get(path)
        if policy.rev and data is not None:
            name = path.decode()
            return policy, _own_text(name, data), f"{name} at {commit[:12]}"
    return policy, b"", ""


def _at_revision(revision: str) -> tuple[dict[bytes, bytes | None], str]:
    from zt_gate.git.errors import NotARepositoryError
    from zt_gate.git.history import resolve
    from zt_gate.git.run import Git
    from zt_gate.git.trusted_files import read_file
    from zt_gate.policy.load import FILE, PYPROJECT

    try:
        git = Git.open(Path.cwd(), os.environ)
    except NotARepositoryError:
        if revision:
            raise
        return {}, ""
    commit = resolve(git, revision) if revision else git.head
    if not commit:
        return {}, ""
    return {path: read_file(git, commit, path) for path in (FILE, PYPROJECT)}, commit


def _own_text(name: str, data: bytes) -> bytes:
    """Return the policy as the text of a ``.zt-gate.toml``.

    A table of pyproject.toml keeps its lines, with the names of its tables cut.
    """
    from zt_gate.policy.load import PYPROJECT, TABLE, find_table

    if os.path.basename(name) != PYPROJECT.decode():
        return data
    import tomllib

    table = find_table(tomllib.loads(data.decode()), TABLE)
    return _toml(table if isinstance(table, dict) else {}).encode()


def _toml(table: dict[str, object]) -> str:
    """Return values as TOML; every table is written inline, so the order is kept."""
    return "".join(f"{_key(key)} = {_literal(value)}\n" for key, value in table.items())


def _key(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def _literal(value: object) -> str:
    import json

    if isinstance(value, dict):
        inner = ", ".join(
            f"{_key(key)} = {_literal(item)}" for key, item in value.items()
        )
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(_literal(item) for item in value)}]"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for characters beyond the first plane.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return str(value)  # a date
