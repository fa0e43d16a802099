"""A proof of an approval, checked against what only root can write.

No security key is at hand: tests/support/security_key.py signs as one would.
"""

from __future__ import annotations

import base64
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.changes import change_of, commit
from tests.support.offenders import check_each
from tests.support.security_key import (
    ECDSA,
    ED25519,
    PRESENT,
    VERIFIED,
    SecurityKey,
    file_key_signature,
)
from zt_gate.model.finding import Confidence, Finding, Location, Severity
from zt_gate.policy import approval_proof as proofs
from zt_gate.policy.approval_proof import ProofChecker, ProofPlaces
from zt_gate.policy.approvals import Approval, ApprovalError
from zt_gate.policy.security_key_signature import (
    SignatureFormatError,
    parse,
    parse_armored,
    parse_base64,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can make files that belong to root"
)
needs_ssh = pytest.mark.skipif(
    not any(map(os.path.exists, ("/usr/bin/ssh-keygen", "/usr/local/bin/ssh-keygen"))),
    reason="ssh-keygen is not installed",
)
USER = 65534
APPROVAL = Approval(
    "0" * 32, "secrets/x", "a.py", "a sample", "ada", "2026-11-01", "2026-11-02",
    "/repo/.git", "content 12",
)  # fmt: skip


@dataclass
class Machine:
    """A folder as /etc/zt-gate: root's, and no program of the user can write it."""

    folder: Path

    def checker(self, proof: Any = "ssh-sk", user_id: int = USER) -> ProofChecker:
        return ProofChecker(proof, "/repo/.git", self.places(user_id))

    def places(self, user_id: int = USER) -> ProofPlaces:
        return ProofPlaces(
            user_id,
            self.folder / "approval.toml",
            self.folder / "allowed_signers",
            self.folder / "approvals",
            self.folder / "helper",
        )

    def allow(self, line: str) -> None:
        self.write("allowed_signers", line)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o644)


@pytest.fixture
def machine() -> Iterator[Machine]:
    folder = Path(tempfile.mkdtemp(prefix="zt-gate-test-"))
    folder.chmod(0o755)
    yield Machine(folder)
    shutil.rmtree(folder)


def proven(key: SecurityKey, approval: Approval = APPROVAL, **options: Any) -> Approval:
    return replace(approval, proof=key.proof(proofs.payload(approval), **options))


@needs_root
@needs_ssh
def test_a_touched_security_key_proves_an_approval(machine: Machine) -> None:
    def check(form: tuple[bytes, bytes, int, str]) -> None:
        kind, application, flags, options = form
        key = SecurityKey(kind, application)
        machine.allow(
            "# people\n"
            + SecurityKey().signers_line("bob")
            + key.signers_line("ada", options)
        )
        approval = proven(key, flags=flags)
        assert machine.checker().problem(approval, "content 12") == ""
        assert machine.checker().problem(approval) == ""

    forms = [
        (ED25519, b"ssh:", PRESENT, ""),
        (ECDSA, b"ssh:", PRESENT, ""),
        (ED25519, b"ssh:work", PRESENT | VERIFIED, ""),
        (ECDSA, b"ssh:", PRESENT | VERIFIED, 'namespaces="zt-gate-approval"'),
        (ED25519, b"ssh:", PRESENT, 'valid-after="20200101",valid-before="20990101"'),
    ]
    check_each(forms, check)


@needs_root
@needs_ssh
def test_a_signature_that_no_person_gave_for_this_does_not_count(
    machine: Machine,
) -> None:
    """OpenSSH itself accepts a signature by a key that nobody touched."""
    key = SecurityKey()
    machine.allow(key.signers_line())
    good = proven(key)
    assert machine.checker().problem(good) == ""
    file_line, file_proof = file_key_signature(proofs.payload(APPROVAL))
    armored = parse_base64(good.proof[7:]).armored()
    other = SecurityKey(ECDSA)
    forms: dict[str, Approval] = {
        "no proof": replace(good, proof=""),
        "only the word": replace(good, proof="ssh-sk"),
        "another method": replace(good, proof="totp"),
        "an empty signature": replace(good, proof="ssh-sk:"),
        "an armored signature": replace(good, proof=f"ssh-sk:{armored}"),
        "not touched": proven(key, flags=0),
        "a PIN and no touch": proven(key, flags=VERIFIED),
        "the touch was added later": proven(key, flags=0, claimed_flags=PRESENT),
        "another namespace": proven(key, namespace=b"git"),
        "a namespace with a suffix": proven(key, namespace=b"zt-gate-approval2"),
        "a key that nobody allowed": proven(SecurityKey()),
        "another key of the other type": proven(other),
        "a file key": replace(APPROVAL, proof=file_proof),
        "data at the end": proven(key, suffix=b"\0"),
        "another fingerprint": replace(good, fingerprint="1" * 32),
        "another rule": replace(good, rule="secrets/y"),
        "another path": replace(good, path="b.py"),
        "another reason": replace(good, reason="because"),
        "another person": replace(good, by="bob"),
        "another beginning": replace(good, since="2026-11-02"),
        "a later end": replace(good, expires="2026-11-03"),
        "another repository": replace(good, repository="/other/.git"),
        "another change": replace(good, change="content 13"),
    }
    check_each(forms, lambda name: machine.checker().problem(forms[name]) == "")
    machine.allow(key.signers_line() + file_line)
    assert "not one of a security key" in machine.checker().problem(forms["a file key"])


@needs_root
@needs_ssh
def test_a_signature_counts_for_its_content_repository_and_days(
    machine: Machine,
) -> None:
    key = SecurityKey()
    machine.allow(key.signers_line())
    checker = machine.checker()
    assert "other content" in checker.problem(proven(key), "content 13")
    elsewhere = proven(key, replace(APPROVAL, repository="/other/.git"))
    assert "another repository" in checker.problem(elsewhere)
    for expires in ("2999-01-01", "2026-10-31", "never", ""):
        too_long = proven(key, replace(APPROVAL, expires=expires))
        assert "90 days" in checker.problem(too_long)


@needs_root
@needs_ssh
def test_allowed_signers_that_do_not_allow_the_key_are_followed(
    machine: Machine,
) -> None:
    key = SecurityKey()
    forms = (
        "",
        "garbage\n",
        key.signers_line(options="no-touch-required"),
        key.signers_line(options='namespaces="git"'),
        key.signers_line(options='valid-before="20200101"'),
        key.signers_line(options="cert-authority"),
        SecurityKey(ECDSA).signers_line(),
    )

    def check(line: str) -> None:
        machine.allow(line)
        assert machine.checker().problem(proven(key)) != ""

    check_each(forms, check)


@needs_root
@needs_ssh
def test_a_secret_in_reach_of_the_user_proves_nothing(machine: Machine) -> None:
    key = SecurityKey()
    signers = machine.folder / "allowed_signers"

    def own_file(_: Path) -> None:
        os.chown(signers, USER, USER)

    def writable_file(_: Path) -> None:
        signers.chmod(0o666)

    def writable_by_a_group(_: Path) -> None:
        signers.chmod(0o664)

    def own_folder(folder: Path) -> None:
        os.chown(folder, USER, USER)

    def writable_folder(folder: Path) -> None:
        folder.chmod(0o777)

    def link(folder: Path) -> None:
        own = folder / "own"
        own.mkdir()
        signers.rename(own / "signers")
        os.chown(own, USER, USER)
        signers.symlink_to(own / "signers")

    def missing(_: Path) -> None:
        signers.unlink()

    def check(change: Callable[[Path], None]) -> None:
        os.chown(machine.folder, 0, 0)
        machine.folder.chmod(0o755)
        signers.unlink(missing_ok=True)
        machine.allow(key.signers_line())
        assert machine.checker().problem(proven(key)) == ""
        assert proofs.setup_problem("ssh-sk", machine.places()) == ""
        change(machine.folder)
        assert "cannot be checked" in machine.checker().problem(proven(key))
        assert "administrator" in proofs.setup_problem("ssh-sk", machine.places())

    forms = (
        own_file,
        writable_file,
        writable_by_a_group,
        writable_folder,
        missing,
        own_folder,
        link,
    )
    check_each(forms, check, name=lambda one: one.__name__)


@needs_root
def test_nothing_is_out_of_the_reach_of_root(machine: Machine) -> None:
    key = SecurityKey()
    machine.allow(key.signers_line())
    assert "root" in machine.checker(user_id=0).problem(proven(key))
    assert "root" in proofs.setup_problem("ssh-sk", machine.places(0))


@needs_root
def test_the_machine_can_require_a_proof_and_no_policy_lowers_it(
    machine: Machine,
) -> None:
    where = machine.places()
    assert proofs.required_proof("none", where) == "none"
    assert proofs.required_proof("ssh-sk", where) == "ssh-sk"
    machine.write("approval.toml", 'proof = "totp"\n')
    assert proofs.required_proof("none", where) == "totp"
    assert proofs.required_proof("ssh-sk", where) == "totp"
    machine.write("approval.toml", 'proof = "none"\n')
    assert proofs.required_proof("ssh-sk", where) == "ssh-sk"


@needs_root
def test_a_setting_of_the_machine_that_cannot_be_trusted_is_an_error(
    machine: Machine,
) -> None:
    def check(text: str) -> None:
        machine.write("approval.toml", text)
        with pytest.raises(ApprovalError):
            proofs.required_proof("none", machine.places())

    forms = (
        "",
        "proof",
        'proof = "fido"',
        "proof = 1",
        'proof = "totp"\nother = 1',
        "\udcff",
    )
    check_each(forms[:-1], check)
    machine.write("approval.toml", 'proof = "none"\n')
    os.chown(machine.folder / "approval.toml", USER, USER)
    with pytest.raises(ApprovalError, match="does not belong to root"):
        proofs.required_proof("ssh-sk", machine.places())


@needs_root
def test_a_record_of_roots_helper_proves_an_approval(machine: Machine) -> None:
    import json
    from dataclasses import asdict

    from zt_gate.policy.approval_helper import record_name

    given = replace(APPROVAL, proof="totp")
    (machine.folder / "approvals").mkdir()
    name = f"approvals/{record_name(USER, '/repo/.git')}"
    checker = machine.checker("totp")
    assert "root's record" in checker.problem(given)
    machine.write(name, json.dumps({"version": 1, "approvals": [asdict(given)]}))
    assert checker.problem(given, "content 12") == ""
    assert "other content" in checker.problem(given, "content 13")
    assert machine.checker("polkit").problem(given) != ""
    forms: dict[str, Approval] = {
        "another fingerprint": replace(given, fingerprint="1" * 32),
        "a later end": replace(given, expires="2026-12-01"),
        "no proof": replace(given, proof=""),
        "another method": replace(given, proof="polkit"),
        "another reason": replace(given, reason="because"),
    }
    check_each(forms, lambda form: checker.problem(forms[form]) == "")

    def check(text: str) -> None:
        machine.write(name, text)
        assert checker.problem(given) != ""

    check_each(
        ("", "[]", "{", '{"approvals": 1}', '{"approvals": [1]}', "[" * 9999), check
    )
    machine.write(name, json.dumps({"version": 1, "approvals": [asdict(given)]}))
    os.chown(machine.folder / name, USER, USER)
    assert "cannot be checked" in checker.problem(given)


def test_what_was_approved_is_the_content_and_not_where_it_comes_from() -> None:
    def finding(location: Location) -> Finding:
        return Finding("secrets/x", location, "m", Severity.HIGH, Confidence.HIGH)

    line = finding(Location("line", b"a.py", 1))
    staged = change_of({"a.py": "x = 1\n", "b.py": "y\n"})
    pushed = change_of({"a.py": "x = 1\n"}, commits=(commit("Work"),))
    edited = change_of({"a.py": "x = 2\n"})
    content = proofs.content_of(line, staged)
    assert content == proofs.content_of(line, pushed)
    assert content != proofs.content_of(line, edited)
    in_history = finding(Location("commit", b"a.py", 1, commit="c" * 40))
    assert proofs.content_of(in_history, pushed) == f"commit {'c' * 40}"
    whole = finding(Location("change"))
    assert proofs.content_of(whole, staged) == f"change {staged.digest}"


@given(st.binary(max_size=300))
def test_any_bytes_are_a_signature_or_an_error(data: bytes) -> None:
    for blob in (data, b"SSHSIG" + data, b"SSHSIG\0\0\0\1" + data):
        with pytest.raises(SignatureFormatError):
            parse(blob)


_SIGNED = SecurityKey().sign(b"message")


@given(st.integers(0, len(_SIGNED) - 1), st.integers(1, 255))
def test_a_changed_byte_is_an_error_or_stays_what_it_says(
    position: int, change: int
) -> None:
    blob = bytearray(_SIGNED)
    blob[position] ^= change
    try:
        parsed = parse(bytes(blob))
    except SignatureFormatError:
        return
    assert parsed.blob == bytes(blob)
    assert parse_armored(parsed.armored()) == parsed


@given(st.text(max_size=80))
def test_any_text_is_a_signature_or_an_error(text: str) -> None:
    for read in (parse_base64, parse_armored):
        with pytest.raises(SignatureFormatError):
            read(text)
    with pytest.raises(SignatureFormatError):
        parse_base64(base64.b64encode(_SIGNED).decode() + text + "=")
