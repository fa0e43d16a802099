"""``zt-gate approve``: approve findings of a change interactively."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.policy import approvals
from zt_gate.policy.approvals import Approval, ApprovalError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from typing import TextIO

    from zt_gate.model.report import JudgedFinding

#: Hexadecimal digits of a fingerprint that identify a finding.
_MIN_DIGITS = 8
_MAX_DAYS = 90


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "fingerprints",
        nargs="*",
        metavar="ID",
        help="fingerprint, or its first 8 or more digits (default: all)",
    )
    parser.add_argument(
        "--range", metavar="A..B", help="findings of a range (default: staged)"
    )
    parser.add_argument(
        "--reason", metavar="TEXT", help="reason; zt-gate asks for it if missing"
    )
    parser.add_argument(
        "--days",
        type=int,
        default=1,
        metavar="N",
        help="days until the approval expires (default: 1)",
    )
    parser.add_argument("--list", action="store_true", help="list the valid approvals")
    parser.add_argument("--revoke", action="store_true", help="revoke approvals")


def main(options: Namespace) -> int:
    """List, revoke or add approvals; returns 0.

    Raises UsageError without a terminal: a program that commits on its own must
    not be able to answer for a person.
    """
    from zt_gate.git.run import Git

    if not 1 <= options.days <= _MAX_DAYS:
        raise UsageError(f"--days takes 1 to {_MAX_DAYS}")
    git = Git.open(Path.cwd(), os.environ)
    record = approvals.record_path(os.environ, git.common_folder, [git.root])
    if record is None:
        raise ApprovalError(
            "no folder outside the repository to store approvals in; "
            "set HOME or XDG_STATE_HOME"
        )
    today = _date_in(days=0)
    valid = [approval for approval in approvals.read(record) if approval.holds(today)]
    if options.list:
        for approval in valid:
            print(_list_line(approval))
        return 0
    with _open_terminal() as terminal:
        if options.revoke:
            remaining = [
                approval
                for approval in valid
                if not _is_selected(approval.fingerprint, options.fingerprints)
            ]
            approvals.write(record, remaining)
            print(f"{len(valid) - len(remaining)} revoked")
            return 0
        new = _ask_for_approvals(terminal, _blocking_findings(options), options)
        renewed = {approval.fingerprint for approval in new}
        unchanged = [
            approval for approval in valid if approval.fingerprint not in renewed
        ]
        approvals.write(record, [*unchanged, *new])
    expires = _date_in(options.days)
    print(f"{len(new)} approved until {expires}, for this repository on this machine")
    return 0


def _list_line(approval: Approval) -> str:
    rule = _visible(approval.rule)
    path = _visible(approval.path)
    return f"{approval.fingerprint}  until {approval.expires}  {rule} {path}"


def _open_terminal() -> TextIO:
    """Open the controlling terminal; raises UsageError if there is none."""
    if sys.stdin.isatty() and sys.stderr.isatty():
        with suppress(OSError):
            return open("/dev/tty", encoding="utf-8", errors="replace")
    raise UsageError(
        "approve needs a terminal, because a person must confirm each finding"
    )


def _blocking_findings(options: Namespace) -> list[JudgedFinding]:
    """Scan the change; return its selected blocking findings, each fingerprint once."""
    from zt_gate.review import run

    for word in options.fingerprints:
        if len(word) < _MIN_DIGITS or word.strip("0123456789abcdef"):
            raise UsageError(
                f"{word!a} is not a fingerprint: "
                f"give {_MIN_DIGITS} or more hexadecimal digits"
            )
    spec = options.range or ""
    request = run.Request(kind="range", spec=spec) if spec else run.Request()
    report = run.run(request, os.environ)
    selected = {
        item.fingerprint: item
        for item in report.findings
        if _blocks(item) and _is_selected(item.fingerprint, options.fingerprints)
    }
    if not selected:
        change = f"the range {_visible(spec)}" if spec else "the staged change"
        which = " with such an ID" if options.fingerprints else ""
        raise UsageError(f"{change} has no blocking finding{which}")
    return list(selected.values())


def _blocks(item: JudgedFinding) -> bool:
    from zt_gate.review.judge import UNVERIFIED

    blocking = item.level.value == "block" or item.finding.rule == UNVERIFIED
    return item.state == "active" and blocking


def _is_selected(fingerprint: str, prefixes: Sequence[str]) -> bool:
    """Whether one of the prefixes fits; without prefixes everything is selected."""
    return not prefixes or fingerprint.startswith(tuple(prefixes))


def _ask_for_approvals(
    terminal: TextIO, findings: Sequence[JudgedFinding], options: Namespace
) -> list[Approval]:
    """Ask about each finding; raises UsageError if the person does not confirm one."""
    return [_ask_for_approval(terminal, finding, options) for finding in findings]


def _ask_for_approval(
    terminal: TextIO, item: JudgedFinding, options: Namespace
) -> Approval:
    from zt_gate.reports.summary import location_text

    finding = item.finding
    sys.stderr.write(f"\n{location_text(finding.location)}  {finding.rule}\n")
    sys.stderr.write(f"{_visible(finding.message)}\n")
    if finding.why:
        sys.stderr.write(f"why: {_visible(finding.why)}\n")
    reason = options.reason or _ask(terminal, "reason: ")
    if not reason.strip():
        raise UsageError("nothing was approved: a reason is required")
    digits = item.fingerprint[:4]
    if _ask(terminal, f"type {digits} to approve: ") != digits:
        raise UsageError("nothing was approved: the digits do not match")
    path = finding.location.path
    return Approval(
        item.fingerprint,
        finding.rule,
        "" if path is None else os.fsdecode(path),
        reason.strip(),
        _user_name(),
        _date_in(days=0),
        _date_in(options.days),
    )


def _user_name() -> str:
    """Return the name of the current user, or the user id if it has no name."""
    import getpass

    with suppress(KeyError, OSError, ImportError):
        return getpass.getuser()
    return str(os.getuid())


def _ask(terminal: TextIO, question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return terminal.readline().strip()


def _visible(text: str) -> str:
    from zt_gate.reports.escape import visible

    return visible(text)


def _date_in(days: int) -> str:
    """Return the date (UTC) that many days from today, in ISO format."""
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()
