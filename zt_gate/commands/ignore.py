"""``zt-gate ignore``: write an exception into the policy, to be reviewed like any change."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import GateError, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

_DAYS = 90


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("rule", metavar="RULE", help="a rule's id, or a glob: code/*")
    parser.add_argument("path", metavar="PATH", help="a path or a glob, from the root")
    parser.add_argument(
        "--reason", required=True, metavar="TEXT", help="why it is right"
    )
    parser.add_argument(
        "--expires", metavar="DATE", help="the last day, or never (default: in 90 days)"
    )


def main(options: Namespace) -> int:
    """Append one ``[[ignore]]`` to the policy in the work tree; returns 0.

    The file is checked as a whole before anything is written.  Raises
    UsageError for what the policy would refuse.
    """
    from zt_gate.git.run import Git
    from zt_gate.policy.load import FILE, PYPROJECT, TABLE, parse, project_table
    from zt_gate.scanners import registered
    from zt_gate.system.cache import write_atomically

    root = Git.open(Path.cwd(), os.environ).root
    own, project = root / os.fsdecode(FILE), root / os.fsdecode(PYPROJECT)
    data = _read(project) if not own.exists() else None
    in_project = data is not None and project_table(data) is not None
    target = project if in_project else own
    header = f"[[{'.'.join((*TABLE, 'ignore'))}]]" if in_project else "[[ignore]]"
    before = (data if in_project else _read(own)) or b""
    entry = "\n".join(
        (
            header,
            f"rule = {_quoted(options.rule)}",
            f"path = {_quoted(options.path)}",
            f"reason = {_quoted(options.reason)}",
            *_expires(options.expires),
        )
    )
    gap = b"" if not before else b"\n" if before.endswith(b"\n") else b"\n\n"
    after = before + gap + entry.encode() + b"\n"
    table = TABLE if in_project else ()
    parse(after, target.name, table, scanners=registered(), rules=None)
    try:
        write_atomically(target, after, shared=True)
    except OSError as error:
        raise GateError(f"{target.name} cannot be written: {error.strerror}") from error
    print(f"{target.name}: one ignore added; it counts once it is on the trusted side")
    return 0


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GateError(f"{file.name} cannot be read: {error.strerror}") from error


def _expires(said: str | None) -> tuple[str, ...]:
    if said == "never":
        return ()
    if said is None:
        said = (datetime.now(UTC).date() + timedelta(days=_DAYS)).isoformat()
    return (f"expires = {_quoted(said)}",)


def _quoted(text: str) -> str:
    """Return a TOML basic string: JSON's is one, once what TOML forbids is escaped."""
    import json

    if not text.isprintable():
        raise UsageError("rule, path and reason are one line of printable text")
    return json.dumps(text, ensure_ascii=False)
