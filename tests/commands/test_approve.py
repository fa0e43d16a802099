"""``zt-gate approve`` with a proof, in real repositories.

The places of root's files are a folder of the test; the test's user is somebody else
for the gate.  The security key is tests/support/security_key.py behind ``ssh-keygen``.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.offenders import check_each
from tests.support.repo import GIT_ENV, Repo
from tests.support.security_key import SecurityKey
from tests.test_cli import gate
from zt_gate.commands import approve
from zt_gate.errors import GateError
from zt_gate.git.run import Git
from zt_gate.policy import approval_helper, approval_proof, approval_signing, approvals
from zt_gate.policy.approval_proof import ProofPlaces
from zt_gate.review import run
from zt_gate.system import ancestors as process_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.report import JudgedFinding

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can make root's files"),
    pytest.mark.skipif(
        not os.path.exists("/usr/bin/ssh-keygen"), reason="no ssh-keygen"
    ),
]

USER = 65534
KEY = "AKIA" + "QYLPMN5HHHFPZAM2"
ROOT = Path(__file__).resolve().parents[2]
SIGN = """\
#!{python} -I
import base64, sys
sys.path[:0] = [{root!r}, {packages!r}]
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.security_key import SecurityKey
key = SecurityKey(_ed25519=Ed25519PrivateKey.from_private_bytes(bytes.fromhex({secret!r})))
blob = base64.b64encode(key.sign(sys.stdin.buffer.read(), flags={flags})).decode()
print("-----BEGIN SSH SIGNATURE-----", blob, "-----END SSH SIGNATURE-----", sep="\\n")
"""


class Desk:
    """A repository with a staged key, a machine, and a person who answers."""

    def __init__(
        self, folder: Path, repo: Repo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.folder, self.repo, self.monkeypatch = folder, repo, monkeypatch
        self.environ = {**GIT_ENV, "HOME": str(repo.path.parent)}
        self.key = SecurityKey()
        self.where = ProofPlaces(
            USER, folder / "approval.toml", folder / "allowed_signers",
            folder / "state/approvals", folder / "helper",
        )  # fmt: skip

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o644)

    def require(self, proof: str) -> None:
        self.write("approval.toml", f'proof = "{proof}"\n')

    def security_key(self, flags: int = 1) -> None:
        """Put a ``ssh-keygen`` on the PATH whose key is touched, or not."""
        program = self.repo.path.parent / "bin/ssh-keygen"
        program.parent.mkdir(exist_ok=True)
        secret = self.key._ed25519.private_bytes_raw().hex()
        packages = str(Path(sys.modules["cryptography"].__file__ or "").parents[1])
        program.write_text(
            SIGN.format(
                python=sys.executable,
                root=str(ROOT),
                packages=packages,
                secret=secret,
                flags=flags,
            )
        )
        program.chmod(0o755)
        self.monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    def approve(self, *, answers: str = "a sample\nID\n", **options: Any) -> int:
        digits = self.finding().fingerprint[:4]
        typed = answers.replace("ID", digits)
        self.monkeypatch.setattr(approve, "_open_terminal", lambda: io.StringIO(typed))
        values = {"fingerprints": [], "range": None, "reason": None, "days": 1, "key": None,
                  "list": False, "revoke": False, **options}  # fmt: skip
        if not options.get("key"):
            values["key"] = "unused"
        return approve.main(argparse.Namespace(**values))

    def finding(self) -> JudgedFinding:
        request = run.Request(folder=self.repo.path, only=("secrets",))
        report = run.run(request, self.environ)
        (found,) = [
            one for one in report.findings if one.finding.rule.startswith("secrets/aws")
        ]
        return found

    def record(self) -> Path:
        git = str(self.repo.path / ".git")
        file = approvals.record_path(self.environ, git, [self.repo.path])
        assert file is not None
        return file


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    folder = Path(tempfile.mkdtemp(prefix="zt-gate-test-"))
    folder.chmod(0o755)
    repo = Repo.create(tmp_path / "repository")
    repo.write("README", "nothing\n")
    repo.commit()
    repo.write("a.py", f"key = '{KEY}'\n")
    repo.git("add", "-A")
    made = Desk(folder, repo, monkeypatch)
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    for name in ("CI", "GITHUB_ACTIONS", "CLAUDECODE", "CODEX_SANDBOX", "CURSOR_AGENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(repo.path)
    monkeypatch.setattr(process_tree, "ancestors", lambda: ())
    monkeypatch.setattr(approval_proof, "places", lambda: made.where)
    yield made
    shutil.rmtree(folder)


def test_a_touched_security_key_approves_a_finding(desk: Desk, capsys: Any) -> None:
    desk.require("ssh-sk")
    desk.write("allowed_signers", desk.key.signers_line())
    desk.security_key()
    assert desk.approve() == 0
    assert "(proof: ssh-sk)" in capsys.readouterr().out
    assert desk.finding().state == "approved"
    desk.repo.write("b.py", "x = 1\n")
    desk.repo.git("add", "-A")
    assert desk.finding().state == "approved"
    desk.repo.write("a.py", f"key = '{KEY}'\nprint(key)\n")
    desk.repo.git("add", "-A")
    after = desk.finding()
    assert (after.state, "other content" in after.state_reason) == ("active", True)


def test_the_policy_of_the_trusted_side_can_require_it(desk: Desk) -> None:
    desk.repo.git("rm", "-q", "--cached", "a.py")
    desk.repo.write(".zt-gate.toml", '[approval]\nproof = "ssh-sk"\n')
    desk.repo.git("add", ".zt-gate.toml")
    desk.repo.git("commit", "-q", "-m", "Require a proof")
    desk.repo.git("add", "-A")
    with pytest.raises(GateError, match="out of the reach of your own programs"):
        desk.approve()
    desk.write("allowed_signers", desk.key.signers_line())
    desk.security_key()
    assert desk.approve() == 0
    assert desk.finding().state == "approved"


def test_without_the_proof_nothing_is_approved_or_counts(desk: Desk) -> None:
    assert desk.approve() == 0  # before anything was required
    assert desk.finding().state == "approved"
    unproven = desk.record().read_text()

    def machine() -> None:
        desk.record().unlink(missing_ok=True)
        desk.require("ssh-sk")
        desk.write("allowed_signers", desk.key.signers_line())
        desk.security_key()

    def not_touched() -> None:
        desk.security_key(flags=0)

    def no_signers() -> None:
        desk.where.signers.unlink()

    def other_key() -> None:
        desk.write("allowed_signers", SecurityKey().signers_line())

    def signers_of_the_user() -> None:
        os.chown(desk.where.signers, USER, USER)

    def no_program() -> None:
        desk.monkeypatch.setattr(shutil, "which", lambda *_, **__: None)

    def a_file_key() -> None:
        desk.monkeypatch.setenv("PATH", os.defpath)
        name = str(desk.repo.path.parent / "file-key")
        command = ["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", name]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        public = Path(f"{name}.pub").read_text()
        desk.write("allowed_signers", f"ada {public}")

    def check(change: Any) -> None:
        machine()
        change()
        key = str(desk.repo.path.parent / "file-key") if change is a_file_key else None
        with pytest.raises(GateError, match="nothing was approved"):
            desk.approve(key=key)
        assert not desk.record().exists()

    forms = (
        not_touched,
        no_signers,
        other_key,
        signers_of_the_user,
        a_file_key,
        no_program,
    )
    check_each(forms, check, name=lambda one: one.__name__)
    machine()
    desk.record().write_text(unproven)
    desk.record().chmod(0o600)
    found = desk.finding()
    assert found.state == "active"
    assert "no signature by a security key" in found.state_reason


def test_a_forged_record_is_ignored_with_a_note(desk: Desk, capsys: Any) -> None:
    desk.require("ssh-sk")
    desk.write("allowed_signers", desk.key.signers_line())
    desk.security_key()
    assert desk.approve() == 0
    (good,) = approvals.read(desk.record())
    other = replace(good, repository="/other/.git")
    stranger = SecurityKey()
    forms: dict[str, approvals.Approval] = {
        "no proof": replace(good, proof=""),
        "a later end": replace(good, expires="2999-01-01"),
        "a stranger's key": replace(
            good, proof=stranger.proof(approval_proof.payload(good))
        ),
        "an untouched key": replace(
            good, proof=desk.key.proof(approval_proof.payload(good), flags=0)
        ),
        "for another repository": replace(
            other, proof=desk.key.proof(approval_proof.payload(other))
        ),
        "a record of root's that is none": replace(good, proof="polkit"),
    }

    def check(name: str) -> None:
        approvals.write(desk.record(), [forms[name]])
        found = desk.finding()
        assert found.state == "active"
        assert "the approval on this machine has no effect" in found.state_reason
        capsys.readouterr()
        desk.approve(list=True)
        assert "(not proven" in capsys.readouterr().out

    check_each(forms, check)
    approvals.write(desk.record(), [good])
    assert desk.finding().state == "approved"
    desk.approve(list=True)
    assert "(proof: ssh-sk)" in capsys.readouterr().out


def test_root_asks_for_a_code_and_records_the_approval(desk: Desk) -> None:
    """The helper runs in this process: sudo would start it with the user's number."""
    desk.require("totp")
    desk.write("helper", "")
    (desk.folder / "totp").mkdir()
    secret = desk.folder / "totp" / str(USER)
    secret.write_text("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    secret.chmod(0o600)
    desk.monkeypatch.setattr(approval_helper, "SECRETS", desk.folder / "totp")
    desk.monkeypatch.setattr(approval_helper, "STATE", desk.folder / "state")

    class Sudo:
        DEVNULL = subprocess.DEVNULL

        @staticmethod
        def run(words: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
            assert words == ["/usr/bin/sudo", "-n", str(desk.where.helper), "totp"]
            request = json.loads(options["input"])
            try:
                approval_helper.record(
                    "totp", USER, request, datetime.now(UTC).timestamp()
                )
            except approval_helper.RefusedError:
                return subprocess.CompletedProcess(words, 1)
            return subprocess.CompletedProcess(words, 0)

    desk.monkeypatch.setattr(approval_signing, "subprocess", Sudo)
    with pytest.raises(GateError, match="the proof was refused"):
        desk.approve(answers="a sample\nID\n000\n")
    assert desk.finding().state == "active"
    step = int(datetime.now(UTC).timestamp()) // 30
    code = approval_helper.totp(b"12345678901234567890", step)
    assert desk.approve(answers=f"a sample\nID\n{code}\n") == 0
    assert desk.finding().state == "approved"
    (good,) = approvals.read(desk.record())
    desk.record().unlink()
    with pytest.raises(GateError, match="the proof was refused"):
        desk.approve(answers=f"a sample\nID\n{code}\n")
    forged = asdict(good) | {"expires": "2999-01-01"}
    approvals.write(desk.record(), [approvals.Approval(**forged)])
    assert desk.finding().state == "active"


def test_a_change_that_was_modified_after_the_scan_is_not_approved(desk: Desk) -> None:
    real = run.run

    def scan(*words: Any, **options: Any) -> Any:
        report = real(*words, **options)
        desk.repo.write("a.py", f"key = '{KEY}'\nx = '{report.change_digest}'\n")
        desk.repo.git("add", "-A")
        return report

    desk.finding()
    desk.monkeypatch.setattr(run, "run", scan)
    with pytest.raises(GateError, match="differs from the one that was scanned"):
        desk.approve()


@pytest.mark.parametrize("state", ["never", "expired", "revoked", "of another"])
def test_the_list_says_that_there_is_nothing(state: str, tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repository")
    home = {"HOME": str(tmp_path)}
    if state != "never":
        place = repo if state != "of another" else Repo.create(tmp_path / "another")
        environ = {**GIT_ENV, **home}
        git = Git.open(place.path, environ)
        record = approvals.record_path(environ, git.common_folder, [git.root])
        assert record is not None
        last_day = "2026-01-01" if state == "expired" else "2999-01-01"
        approval = approvals.Approval(
            fingerprint="1" * 32, rule="code/x", path="a.py", reason="x",
            expires=last_day, by="Ada", since="2025-12-31",
        )  # fmt: skip
        approvals.write(record, [approval])
        if state == "revoked":
            approvals.write(record, [])
    done = gate("approve", "--list", cwd=repo.path, **home)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "no valid approvals for this repository on this machine\n"
