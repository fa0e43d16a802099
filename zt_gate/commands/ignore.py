"""``zt-gate ignore``: add an ignore entry to the policy file in the work tree."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import GateError, UsageError
from zt_gate.model.scanner import OWN_RULE_PREFIX

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

#: Days after which an entry expires if no date is given.
_DEFAULT_DAYS = 90


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "rule", metavar="RULE", help="rule id, or a glob such as code/*"
    )
    parser.add_argument(
        "path", metavar="PATH", help="path or glob, relative to the root"
    )
    parser.add_argument(
        "--reason", required=True, metavar="TEXT", help="why the finding is acceptable"
    )
    parser.add_argument(
        "--expires",
        metavar="DATE",
        help=f"last valid day, or never (default: in {_DEFAULT_DAYS} days)",
    )


def main(options: Namespace) -> int:
    """Append an ``[[ignore]]`` entry to the policy in the work tree; returns 0.

    The new file is validated before it is written.  Raises UsageError for an
    entry that the policy does not accept or a known agent, GateError for a file error.
    """
    from zt_gate.git.run import Git
    from zt_gate.policy.load import FILE, PYPROJECT, TABLE, parse, project_table
    from zt_gate.review.running_agent import refuse_agent
    from zt_gate.scanners import registered
    from zt_gate.system.cache import write_atomically

    refuse_agent("ignore", os.environ)
    _check(options)
    root = Git.open(Path.cwd(), os.environ).root
    target = root / os.fsdecode(FILE)
    pyproject = root / os.fsdecode(PYPROJECT)
    table: tuple[str, ...] = ()
    if not target.exists():
        project_data = _read(pyproject)
        if project_data is not None and project_table(project_data) is not None:
            target = pyproject
            table = TABLE
    before = _read(target) or b""
    after = before + _separator(before) + _entry(options, table).encode()
    parse(after, target.name, table, scanners=registered(), rules=None)
    try:
        write_atomically(target, after, shared=True)
    except OSError as error:
        raise GateError(f"{target.name} cannot be written: {error.strerror}") from error
    print(
        f"Added to {target.name}. Takes effect after it is merged into the base branch "
        "(locally: committed)."
    )
    return 0


def _check(options: Namespace) -> None:
    """Raise UsageError for a rule that does not exist, and for a day that has passed."""
    from zt_gate.policy.rule_globs import GlobError, rule_matches
    from zt_gate.policy.typed_reader import near
    from zt_gate.rulebook.rule_ids import RuleIds
    from zt_gate.scanners import registered

    today = datetime.now(UTC).date().isoformat()
    # Only a date compares with a date: the policy's reader refuses everything else.
    if options.expires and options.expires[:1].isdigit() and options.expires < today:
        raise UsageError(f"--expires {options.expires!a} has passed; give a later day")
    own_rules = tuple(
        f"{name}/{OWN_RULE_PREFIX}"
        for name, info in registered().items()
        if info.takes_own_rules
    )
    if options.rule.startswith(own_rules):
        return
    rules = RuleIds(None)
    try:
        if any(rule_matches(options.rule, rule) for rule in rules):
            return
    except GlobError as error:
        raise UsageError(f"{options.rule!a}: {error}") from error
    raise UsageError(
        f"no rule matches {options.rule!a}{near(options.rule, rules)}; "
        "list them with: zt-gate rules"
    )


def _entry(options: Namespace, table: tuple[str, ...]) -> str:
    """Return the entry as TOML; ``table`` holds the policy in the file."""
    lines = [
        f"[[{'.'.join((*table, 'ignore'))}]]",
        f"rule = {_quoted(options.rule)}",
        f"path = {_quoted(options.path)}",
        f"reason = {_quoted(options.reason)}",
    ]
    expires = options.expires
    if expires is None:
        today = datetime.now(UTC).date()
        expires = (today + timedelta(days=_DEFAULT_DAYS)).isoformat()
    if expires != "never":
        lines.append(f"expires = {_quoted(expires)}")
    return "\n".join(lines) + "\n"


def _separator(before: bytes) -> bytes:
    """Return what puts an empty line between the old content and the entry."""
    if not before:
        return b""
    return b"\n" if before.endswith(b"\n") else b"\n\n"


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GateError(f"{file.name} cannot be read: {error.strerror}") from error


def _quoted(text: str) -> str:
    """Return a TOML basic string; a JSON string of printable text is one."""
    import json

    if not text.isprintable():
        raise UsageError(
            "rule, path and reason must each be one line of printable text"
        )
    return json.dumps(text, ensure_ascii=False)
