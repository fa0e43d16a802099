"""``zt-gate approve``: a person says yes to findings of a change, at a terminal."""

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

_LEAST = 8
_MOST_DAYS = 90


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "fingerprints", nargs="*", metavar="ID", help="8 digits of it or more"
    )
    parser.add_argument(
        "--range", metavar="A..B", help="findings of a range (default: staged)"
    )
    parser.add_argument("--reason", metavar="TEXT", help="why; asked for otherwise")
    parser.add_argument(
        "--days", type=int, default=1, metavar="N", help="how long (default: 1)"
    )
    parser.add_argument(
        "--list", action="store_true", help="show what is approved here"
    )
    parser.add_argument("--revoke", action="store_true", help="take approvals back")


def main(options: Namespace) -> int:
    """Show, take back or add approvals; returns 0.

    Raises UsageError without a terminal: a program that commits on its own must
    not be able to answer for a person.
    """
    from zt_gate.git.run import Git

    if not 1 <= options.days <= _MOST_DAYS:
        raise UsageError(f"--days takes 1 to {_MOST_DAYS}")
    git = Git.open(Path.cwd(), os.environ)
    record = approvals.record_path(os.environ, git.common_folder, [git.root])
    if record is None:
        raise ApprovalError(
            "there is no place outside the repository for approvals; set HOME or XDG_STATE_HOME"
        )
    today = _day(0)
    held = [one for one in approvals.read(record) if one.holds(today)]
    if options.list:
        for one in held:
            print(
                f"{one.fingerprint}  until {one.expires}  {_plain(one.rule)} {_plain(one.path)}"
            )
        return 0
    with _terminal() as terminal:
        if options.revoke:
            gone = {one.fingerprint for one in held if _named(one.fingerprint, options)}
            approvals.write(
                record, [one for one in held if one.fingerprint not in gone]
            )
            print(f"{len(gone)} taken back")
            return 0
        new = _asked(terminal, _wanted(options), options)
        known = {one.fingerprint for one in new}
        approvals.write(
            record, [*(one for one in held if one.fingerprint not in known), *new]
        )
    print(
        f"{len(new)} approved until {_day(options.days)}, for this repository on this machine"
    )
    return 0


def _terminal() -> TextIO:
    """Open the terminal that a person types at; raises UsageError where there is none."""
    if sys.stdin.isatty() and sys.stderr.isatty():
        with suppress(OSError):
            return open("/dev/tty", encoding="utf-8", errors="replace")
    raise UsageError("approve needs a terminal: a person has to answer")


def _wanted(options: Namespace) -> list[JudgedFinding]:
    """Scan the change; return the blocking findings that are named, or all of them."""
    from zt_gate.review import run
    from zt_gate.review.judge import UNVERIFIED

    for word in options.fingerprints:
        if len(word) < _LEAST or word.strip("0123456789abcdef"):
            raise UsageError(
                f"{word!a} is no fingerprint: give 8 hexadecimal digits or more"
            )
    spec = options.range or ""
    request = run.Request(kind="range", spec=spec) if spec else run.Request()
    report = run.run(request, os.environ)
    open_ = [
        item
        for item in report.findings
        if item.state == "active"
        and (item.level.value == "block" or item.finding.rule == UNVERIFIED)
    ]
    found = [item for item in open_ if _named(item.fingerprint, options)]
    if not found:
        what = f"the range {_plain(spec)}" if spec else "the staged change"
        raise UsageError(
            f"{what} has no such finding that blocks"
            if options.fingerprints
            else f"nothing in {what} blocks"
        )
    return list({item.fingerprint: item for item in found}.values())


def _named(fingerprint: str, options: Namespace) -> bool:
    words: Sequence[str] = options.fingerprints
    return not words or any(fingerprint.startswith(word) for word in words)


def _asked(
    terminal: TextIO, findings: Sequence[JudgedFinding], options: Namespace
) -> list[Approval]:
    """Ask for each finding; raises UsageError where the person does not say yes."""
    from zt_gate.reports.summary import location_text

    approved = []
    for item in findings:
        finding = item.finding
        sys.stderr.write(
            f"\n{location_text(finding.location)}  {finding.rule}\n{_plain(finding.message)}\n"
        )
        if finding.why:
            sys.stderr.write(f"why: {_plain(finding.why)}\n")
        reason = options.reason or _answer(terminal, "reason: ")
        if not reason.strip():
            raise UsageError("nothing was approved: an approval needs a reason")
        word = item.fingerprint[:4]
        if _answer(terminal, f"type {word} to approve: ") != word:
            raise UsageError("nothing was approved")
        path = (
            "" if finding.location.path is None else os.fsdecode(finding.location.path)
        )
        approved.append(
            Approval(item.fingerprint, finding.rule, path, reason.strip(), _user(),
                     _day(0), _day(options.days))
        )  # fmt: skip
    return approved


def _user() -> str:
    """Return who is at the terminal; the number where a container has no name for it."""
    import getpass

    with suppress(KeyError, OSError, ImportError):
        return getpass.getuser()
    return str(os.getuid())


def _answer(terminal: TextIO, question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return terminal.readline().strip()


def _plain(text: str) -> str:
    from zt_gate.reports.escape import visible

    return visible(text)


def _day(later: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=later)).isoformat()
