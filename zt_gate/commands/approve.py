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

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import JudgedFinding, Report
    from zt_gate.policy.approval_proof import ProofChecker
    from zt_gate.review.run import Request

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
    parser.add_argument(
        "--key",
        metavar="FILE",
        help="SSH key of a security key that signs the approval "
        "(default: ~/.ssh/id_ed25519_sk)",
    )
    parser.add_argument("--list", action="store_true", help="list the valid approvals")
    parser.add_argument("--revoke", action="store_true", help="revoke approvals")


def main(options: Namespace) -> int:
    """List, revoke or add approvals; returns 0.

    Raises UsageError without a terminal, or where a known agent has started it.  Both
    only prevent mistakes: a program can open a terminal of its own.  A proof, if the
    policy or the machine requires one, is what a program does not have.
    """
    from zt_gate.git.run import Git
    from zt_gate.review.running_agent import refuse_agent

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
            print(_list_line(approval, git.common_folder))
        if not valid:
            print("no valid approvals for this repository on this machine")
        return 0
    refuse_agent("approve", os.environ)
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
        new = _new_approvals(terminal, options, git.common_folder)
        renewed = {approval.fingerprint for approval in new}
        unchanged = [
            approval for approval in valid if approval.fingerprint not in renewed
        ]
        approvals.write(record, [*unchanged, *new])
    expires = _date_in(options.days)
    proof = _proof_name(new[0])
    print(
        f"{len(new)} approved until {expires}, for this repository on this machine "
        f"({proof})"
    )
    return 0


def _list_line(approval: Approval, common_folder: str) -> str:
    rule = _visible(approval.rule)
    path = _visible(approval.path)
    proof = _checked_proof(approval, common_folder)
    return f"{approval.fingerprint}  until {approval.expires}  {rule} {path}  ({proof})"


def _checked_proof(approval: Approval, common_folder: str) -> str:
    """Say what proves an approval: any program of the user can write what it claims."""
    from zt_gate.policy.approval_proof import (
        ProofChecker,
        places,
        proof_kind,
        repository_identity,
    )

    kind = proof_kind(approval)
    if kind == "none":
        return "not proven"
    checker = ProofChecker(kind, repository_identity(common_folder), places())
    problem = checker.problem(approval)
    return f"not proven: {_visible(problem)}" if problem else _proof_name(approval)


def _proof_name(approval: Approval) -> str:
    kind = approval.proof.partition(":")[0]
    return f"proof: {_visible(kind)}" if kind else "not proven"


def _open_terminal() -> TextIO:
    """Open the controlling terminal; raises UsageError if there is none."""
    if sys.stdin.isatty() and sys.stderr.isatty():
        with suppress(OSError):
            return open("/dev/tty", encoding="utf-8", errors="replace")
    raise UsageError("approve asks its questions on a terminal, and there is none")


def _new_approvals(
    terminal: TextIO, options: Namespace, common_folder: str
) -> list[Approval]:
    """Scan the change and ask about its findings; raises UsageError if one is not approved."""
    from zt_gate.policy.approval_proof import (
        ProofChecker,
        places,
        repository_identity,
        required_proof,
        setup_problem,
    )
    from zt_gate.review import run

    request = _request(options)
    report = run.run(request, os.environ)
    findings = _blocking_findings(report, options)
    with run.reopened(request, os.environ) as (change, policy):
        if change.digest != report.change_digest:
            raise UsageError(
                "nothing was approved: the change differs from the one that was "
                "scanned; run approve again"
            )
        where = places()
        proof = required_proof(policy.approval_proof, where)
        problem = setup_problem(proof, where)
        if problem:
            raise UsageError(f"nothing was approved: {problem}")
        checker = ProofChecker(proof, repository_identity(common_folder), where)
        new = [
            _ask_for_approval(terminal, item, options, change, checker.repository)
            for item in findings
        ]
        return _proven(terminal, new, options, checker)


def _proven(
    terminal: TextIO,
    approvals_given: list[Approval],
    options: Namespace,
    checker: ProofChecker,
) -> list[Approval]:
    """Return the approvals with the proof that is required; raises UsageError without one."""
    if checker.proof == "none":
        return approvals_given
    from zt_gate.policy import approval_signing

    if checker.proof == "ssh-sk":
        key = options.key or approval_signing.default_key(os.environ)
        proven = []
        for approval in approvals_given:
            sys.stderr.write(
                f"touch the security key for {approval.fingerprint[:12]}\n"
            )
            proven.append(approval_signing.signed(approval, key, os.environ))
    else:
        code = _ask(terminal, "one-time code: ") if checker.proof == "totp" else ""
        helper = checker.where.helper
        proven = approval_signing.recorded(approvals_given, checker.proof, helper, code)
    for approval in proven:
        problem = checker.problem(approval)
        if problem:
            raise UsageError(f"nothing was approved: {problem}")
    return proven


def _request(options: Namespace) -> Request:
    """Return the request to scan what is to be approved; raises UsageError."""
    from zt_gate.review import run

    for word in options.fingerprints:
        if len(word) < _MIN_DIGITS or word.strip("0123456789abcdef"):
            raise UsageError(
                f"{word!a} is not a fingerprint: "
                f"give {_MIN_DIGITS} or more hexadecimal digits"
            )
    spec = options.range or ""
    return run.Request(kind="range", spec=spec) if spec else run.Request()


def _blocking_findings(report: Report, options: Namespace) -> list[JudgedFinding]:
    """Return the selected blocking findings, each fingerprint once; raises UsageError."""
    selected = {
        item.fingerprint: item
        for item in report.findings
        if _blocks(item) and _is_selected(item.fingerprint, options.fingerprints)
    }
    if not selected:
        spec = options.range
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


def _ask_for_approval(
    terminal: TextIO,
    item: JudgedFinding,
    options: Namespace,
    change: ChangeSet,
    repository: str,
) -> Approval:
    """Ask about one finding; raises UsageError if the person does not confirm it."""
    from zt_gate.policy.approval_proof import content_of
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
        repository,
        content_of(finding, change),
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
