"""Proofs that a person, and not a program of the same user, gave an approval.

Any program can open a pseudo-terminal and answer ``zt-gate approve``, and it can write
the record, too.  ``[approval] proof`` asks for something that it does not have.  A proof
counts only if no program of the user can change what it is checked against: files
that belong to root.  Every scan checks the proofs again, so a forged record has no effect.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.policy.approvals import Approval, ApprovalError
from zt_gate.policy.schema import PROOFS
from zt_gate.policy.security_key_signature import SignatureFormatError, parse_base64
from zt_gate.record import asdict, dataclass
from zt_gate.system.root_owned import (
    NotRootOwnedError,
    check_root_owned,
    read_root_owned,
)

if TYPE_CHECKING:
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.finding import Finding
    from zt_gate.policy.schema import Proof

#: The namespace of the signatures: a signature for another purpose does not count.
NAMESPACE = "zt-gate-approval"
#: Days that an approval holds at most.
MAX_DAYS = 90
_PAYLOAD = "zt-gate approval 1"
_VERIFY_SECONDS = 20.0
_SSH_KEYGEN = ("/usr/bin/ssh-keygen", "/usr/local/bin/ssh-keygen")


@dataclass(frozen=True, slots=True)
class ProofPlaces:
    """The files that proofs are checked against, and the user who must not reach them.

    No variable names them: a program of the user sets variables.
    """

    user_id: int
    settings: Path = Path("/etc/zt-gate/approval.toml")
    signers: Path = Path("/etc/zt-gate/allowed_signers")
    records: Path = Path("/var/lib/zt-gate/approvals")
    helper: Path = Path("/usr/local/libexec/zt-gate-approve")


def places() -> ProofPlaces:
    """Return this machine's places, for the current user."""
    return ProofPlaces(os.geteuid())


def required_proof(from_policy: Proof, where: ProofPlaces) -> Proof:
    """Return the proof that an approval needs: the machine's, else the policy's.

    Raises ApprovalError if the machine's setting cannot be trusted or read.
    """
    try:
        data = read_root_owned(where.settings, where.user_id or -1)
    except NotRootOwnedError as error:
        raise ApprovalError(
            f"the setting for approvals is not used: {error}"
        ) from error
    if data is None:
        return from_policy
    import tomllib

    try:
        table = tomllib.loads(data.decode("utf-8"))
    except ValueError as error:
        raise ApprovalError(f"{where.settings} is not valid TOML") from error
    proof = table.get("proof")
    if table.keys() != {"proof"} or proof not in PROOFS:
        raise ApprovalError(
            f"{where.settings} must have one key, proof, with one of "
            f"{', '.join(PROOFS)}"
        )
    return from_policy if proof == "none" else proof


def proof_kind(approval: Approval) -> Proof:
    """Return the proof that an approval claims to have, ``none`` without a known one."""
    claimed = approval.proof.partition(":")[0]
    return next((proof for proof in PROOFS if proof == claimed), "none")


def setup_problem(proof: Proof, where: ProofPlaces) -> str:
    """Return why this machine cannot check the proof and how to set it up, "" if it can."""
    if proof == "none":
        return ""
    file = where.signers if proof == "ssh-sk" else where.helper
    try:
        check_root_owned(str(file), where.user_id)
    except NotRootOwnedError as error:
        return (
            f"the proof {proof!r} counts only where its secret is out of the reach of "
            f"your own programs: {error}. An administrator sets it up as "
            "docs/exceptions.md says"
        )
    return ""


def repository_identity(common_folder: str) -> str:
    """Return what names a repository in an approval: the real path of its git folder."""
    return os.path.realpath(common_folder)


def payload(approval: Approval) -> bytes:
    """Return what a signature covers: every field but the proof."""
    fields = asdict(approval)
    del fields["proof"]
    table = {"what": _PAYLOAD, **fields}
    return json.dumps(table, sort_keys=True, separators=(",", ":")).encode("ascii")


def content_of(finding: Finding, change: ChangeSet) -> str:
    """Return what identifies the content that a person looked at.

    That is the file's content, which a commit and a push do not change; the commit for
    a finding in the history; else the whole change.
    """
    from zt_gate.model.change import ContentUnavailableError
    from zt_gate.system.cache import sha256

    location = finding.location
    if location.kind == "commit":
        return f"commit {location.commit}"
    for file in change.files:
        if file.path == location.path and file.new is not None:
            try:
                return f"content {sha256(file.new.read())}"
            except ContentUnavailableError:
                break
    return f"change {change.digest}"


@dataclass(frozen=True, slots=True)
class ProofChecker:
    """Checks the proofs of the approvals for one repository."""

    proof: Proof
    repository: str
    where: ProofPlaces

    def problem(self, approval: Approval, content: str | None = None) -> str:
        """Return why an approval does not count, "" if it does.

        ``content`` is what the scan judges now (``content_of``), None if unknown.
        """
        if self.proof == "none":
            return ""
        if approval.repository != self.repository:
            return "it was given for another repository"
        if content is not None and approval.change != content:
            return "it was given for other content"
        if not _has_valid_dates(approval):
            return f"it does not hold for at most {MAX_DAYS} days"
        try:
            if self.proof == "ssh-sk":
                return self._signature_problem(approval)
            return self._record_problem(approval)
        except NotRootOwnedError as error:
            return f"its proof cannot be checked: {error}"

    def _signature_problem(self, approval: Approval) -> str:
        kind, _, text = approval.proof.partition(":")
        if kind != "ssh-sk":
            return "it has no signature by a security key"
        try:
            signature = parse_base64(text)
        except SignatureFormatError as error:
            return str(error)
        if not signature.touched:
            return "nobody touched the security key"
        if signature.namespace != NAMESPACE:
            return "the signature was made for another purpose"
        check_root_owned(str(self.where.signers), self.where.user_id)
        return _verification_problem(
            signature.armored(), self.where.signers, payload(approval)
        )

    def _record_problem(self, approval: Approval) -> str:
        """Check an approval that root's helper has recorded after it asked the person."""
        from zt_gate.policy.approval_helper import record_name

        name = record_name(self.where.user_id, self.repository)
        data = read_root_owned(self.where.records / name, self.where.user_id)
        try:
            table = json.loads(data or b"{}")
            rows = table.get("approvals", [])
            recorded = [row for row in rows if row.get("proof") == self.proof]
        except (ValueError, AttributeError, TypeError, RecursionError):
            return f"{self.where.records / name} is not a valid record"
        return "" if asdict(approval) in recorded else "it is not in root's record"


def _has_valid_dates(approval: Approval) -> bool:
    try:
        since = date.fromisoformat(approval.since)
        days = (date.fromisoformat(approval.expires) - since).days
    except ValueError:
        return False
    return 0 <= days <= MAX_DAYS


def _verification_problem(armored: str, signers: Path, message: bytes) -> str:
    """Let ``ssh-keygen`` check a signature; return why it is not valid, "" if it is."""
    from zt_gate.system.process import ProcessFailedError, run

    program = next((path for path in _SSH_KEYGEN if os.path.exists(path)), None)
    if program is None:
        return "its signature cannot be checked: ssh-keygen is missing"
    deadline = time.monotonic() + _VERIFY_SECONDS
    with tempfile.TemporaryDirectory(prefix="zt-gate-") as name:
        folder = Path(name)
        (folder / "signature").write_text(armored, "ascii")
        files = ("-s", str(folder / "signature"), "-f", str(signers))
        try:
            found = run(
                (program, "-Y", "find-principals", *files),
                cwd=folder,
                deadline=deadline,
                cpu_seconds=math.inf,
            )
            principal = found.stdout.decode("utf-8", "replace").split("\n")[0].strip()
            if found.returncode != 0 or not principal:
                return "its security key is not among the allowed signers"
            done = run(
                (program, "-Y", "verify", *files, "-I", principal, "-n", NAMESPACE),
                cwd=folder,
                deadline=deadline,
                stdin=message,
            )
        except (ProcessFailedError, OSError) as error:
            return f"its signature cannot be checked: {error}"
    return "" if done.returncode == 0 else "its signature is not valid"
