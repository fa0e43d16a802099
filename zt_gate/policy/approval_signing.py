"""Makes the proof of an approval: a signature by a security key, or root's record."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.policy.approval_proof import NAMESPACE, payload
from zt_gate.policy.security_key_signature import SignatureFormatError, parse_armored
from zt_gate.record import asdict, replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from zt_gate.policy.approvals import Approval

#: The names that ``ssh-keygen -t ed25519-sk`` and ``-t ecdsa-sk`` give to a key.
_DEFAULT_KEYS = ("id_ed25519_sk", "id_ecdsa_sk")
_SUDO = "/usr/bin/sudo"
_PKEXEC = "/usr/bin/pkexec"


def default_key(environ: Mapping[str, str]) -> str:
    """Return the user's own key of a security key; raises UsageError without one."""
    folder = os.path.join(environ.get("HOME", ""), ".ssh")
    for name in _DEFAULT_KEYS:
        key = os.path.join(folder, name)
        if os.path.isabs(key) and os.path.isfile(key):
            return key
    raise UsageError(
        "nothing was approved: no key of a security key in ~/.ssh; name it with --key, "
        "or make one: ssh-keygen -t ed25519-sk"
    )


def signed(approval: Approval, key: str, environ: Mapping[str, str]) -> Approval:
    """Return the approval with a signature; the person touches the security key.

    Raises UsageError if there is none.  Whether it counts is checked afterwards.
    """
    program = shutil.which("ssh-keygen", path=environ.get("PATH"))
    if program is None:
        raise UsageError("nothing was approved: ssh-keygen is missing")
    done = subprocess.run(
        [os.path.abspath(program), "-Y", "sign", "-n", NAMESPACE, "-f", key],
        input=payload(approval),
        stdout=subprocess.PIPE,
        env=dict(environ),
        check=False,
    )
    if done.returncode != 0:
        raise UsageError("nothing was approved: ssh-keygen made no signature")
    try:
        signature = parse_armored(done.stdout.decode("ascii", "replace"))
    except SignatureFormatError as error:
        raise UsageError(f"nothing was approved: {error}") from error
    text = base64.b64encode(signature.blob).decode("ascii")
    return replace(approval, proof=f"ssh-sk:{text}")


def recorded(
    approvals: Sequence[Approval], method: str, helper: Path, code: str = ""
) -> list[Approval]:
    """Let root's helper check the person and record the approvals; raises UsageError.

    ``method`` is ``totp``, with the person's ``code``, or ``polkit``.
    """
    proven = [replace(approval, proof=method) for approval in approvals]
    request = {"approvals": [asdict(approval) for approval in proven], "code": code}
    start = [_SUDO, "-n"] if method == "totp" else [_PKEXEC]
    try:
        done = subprocess.run(
            [*start, str(helper), method],
            input=json.dumps(request).encode("ascii"),
            stdout=subprocess.DEVNULL,
            check=False,
        )
    except OSError as error:
        raise UsageError(
            f"nothing was approved: {start[0]} could not be started: {error.strerror}"
        ) from error
    if done.returncode != 0:
        raise UsageError("nothing was approved: the proof was refused")
    return proven
