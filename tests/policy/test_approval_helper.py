"""Root's helper: one-time codes that count once, and the record that only root writes."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.offenders import check_each
from zt_gate.policy import approval_helper as helper
from zt_gate.policy.approval_helper import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="the helper runs as root")

USER = 65534
NOW = 1_800_000_000.0
TODAY = datetime.fromtimestamp(NOW, UTC).date().isoformat()
#: The secret of RFC 6238's test vectors.
SECRET = b"12345678901234567890"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "totp").mkdir()
    write_secret(tmp_path, base64.b32encode(SECRET).decode())
    monkeypatch.setattr(helper, "SECRETS", tmp_path / "totp")
    monkeypatch.setattr(helper, "STATE", tmp_path / "state")
    return tmp_path


def write_secret(folder: Path, text: str, mode: int = 0o600) -> None:
    file = folder / "totp" / str(USER)
    file.write_text(text)
    file.chmod(mode)


def code(now: float = NOW, steps: int = 0) -> str:
    return helper.totp(SECRET, int(now) // helper.STEP_SECONDS + steps)


def row(**changed: Any) -> dict[str, Any]:
    return {
        "fingerprint": "0" * 32, "rule": "secrets/x", "path": "a.py", "reason": "a sample",
        "by": "ada", "since": TODAY, "expires": TODAY, "repository": "/repo/.git",
        "change": "content 12", "proof": "totp", **changed,
    }  # fmt: skip


def record(now: float = NOW, text: str | None = None, **changed: Any) -> int:
    request = {
        "approvals": [row(**changed)],
        "code": code(now) if text is None else text,
    }
    return helper.record("totp", USER, request, now)


def recorded(places: Path) -> list[dict[str, Any]]:
    (file,) = (places / "state/approvals").iterdir()
    rows: list[dict[str, Any]] = json.loads(file.read_bytes())["approvals"]
    return rows


def test_codes_are_those_of_rfc_6238() -> None:
    """The vectors of its appendix B for SHA-1, the last six of their eight digits."""
    vectors = {
        59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924",
        2000000000: "279037", 20000000000: "353130",
    }  # fmt: skip
    check_each(vectors, lambda at: helper.totp(SECRET, at // 30) != vectors[at])


@needs_root
def test_a_code_records_an_approval_that_others_only_read(places: Path) -> None:
    assert record() == 1
    assert recorded(places) == [row()]
    (file,) = (places / "state/approvals").iterdir()
    assert (file.stat().st_uid, file.stat().st_mode & 0o777) == (0, 0o644)
    assert (places / "state/totp").stat().st_mode & 0o777 == 0o700
    assert record(NOW + 60, fingerprint="1" * 32) == 1
    assert len(recorded(places)) == 2


@needs_root
def test_a_code_counts_once_and_only_near_its_time(places: Path) -> None:
    def check(form: tuple[str, str]) -> None:
        with pytest.raises(RefusedError, match="wrong, too old or already used"):
            record(NOW + 300 + hash(form) % 7, text=form[1])
        helper_state = places / "state/totp" / f"{USER}.json"
        table = json.loads(helper_state.read_text())
        helper_state.write_text(json.dumps({**table, "failures": 0}))

    record(NOW + 300)
    later = NOW + 300
    forms = [
        ("the same again", code(later)),
        ("the one before", code(later, -1)),
        ("two steps old", code(later, -2)),
        ("two steps early", code(later, 2)),
        ("empty", ""),
        ("with a space", code(later, 1) + " "),
        ("with a sign", "+" + code(later, 1)[1:]),
        ("other digits", "\u0661" * 6),
        ("a word", "code"),
    ]
    check_each(forms, check)
    assert record(later, text=code(later, 1)) == 1


@needs_root
def test_codes_cannot_be_tried_one_after_the_other(places: Path) -> None:
    for _ in range(helper.MAX_FAILURES):
        with pytest.raises(RefusedError, match="wrong"):
            record(text="none")
    for moment in (NOW, NOW + 60, NOW + helper.LOCK_SECONDS - 1):
        with pytest.raises(RefusedError, match="too many"):
            record(moment)
    assert record(NOW + helper.LOCK_SECONDS + 1, since=TODAY) == 1


@needs_root
def test_a_code_is_counted_before_it_is_compared(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit on the size of files, which sudo inherits, makes every write fail."""

    def full(*_: object) -> None:
        raise OSError(27, "File too large")

    def compared(*_: object) -> str:
        raise AssertionError("the code was compared")

    right = code()
    monkeypatch.setattr(helper, "_write", full)
    monkeypatch.setattr(helper, "totp", compared)
    for text in (right, "000000", "", "x"):
        with pytest.raises(OSError, match="too large"):
            record(text=text)
    monkeypatch.undo()


@needs_root
def test_a_failed_write_says_nothing_about_the_code(places: Path) -> None:
    record()
    before = recorded(places)
    program = (
        "import resource, sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from zt_gate.policy import approval_helper as helper\n"
        "helper.SECRETS, helper.STATE = Path(sys.argv[2]), Path(sys.argv[3])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "sys.exit(helper.main(['totp']))\n"
    )
    today = datetime.now(UTC).date().isoformat()
    step = int(datetime.now(UTC).timestamp()) // helper.STEP_SECONDS
    said = set()
    for text in ("none", helper.totp(SECRET, step), helper.totp(SECRET, step + 1)):
        request = {"approvals": [row(since=today, expires=today)], "code": text}
        root = str(Path(helper.__file__).parents[2])
        words = (root, str(places / "totp"), str(places / "state"))
        done = subprocess.run(
            [sys.executable, "-I", "-c", program, *words],
            input=json.dumps(request).encode(), env={"SUDO_UID": str(USER)},
            capture_output=True, check=False,
        )  # fmt: skip
        said.add((done.returncode, done.stdout, done.stderr))
    assert len(said) == 1
    assert next(iter(said))[0] == 1
    assert recorded(places) == before


@needs_root
def test_a_secret_that_others_can_read_or_that_is_short_is_refused(
    places: Path,
) -> None:
    long = base64.b32encode(SECRET).decode()

    def other_owner() -> None:
        os.chown(places / "totp" / str(USER), USER, USER)

    def link() -> None:
        file = places / "totp" / str(USER)
        file.rename(places / "secret")
        file.symlink_to(places / "secret")

    forms: dict[str, Callable[[], None]] = {
        "readable by all": lambda: write_secret(places, long, 0o644),
        "readable by a group": lambda: write_secret(places, long, 0o640),
        "of another user": other_owner,
        "short": lambda: write_secret(places, "MFRGG"),
        "not base32": lambda: write_secret(places, "0189" * 10),
        "empty": lambda: write_secret(places, ""),
        "a link": link,
        "missing": (places / "totp" / str(USER)).unlink,
    }

    def check(name: str) -> None:
        (places / "totp" / str(USER)).unlink(missing_ok=True)
        write_secret(places, long)
        forms[name]()
        with pytest.raises(RefusedError):
            record()

    check_each(forms, check)


@needs_root
def test_an_approval_that_is_not_one_is_not_recorded(places: Path) -> None:
    forms: list[dict[str, Any]] = [
        {"fingerprint": "x" * 32}, {"fingerprint": "0" * 31}, {"reason": " "}, {"rule": 7},
        {"repository": ""}, {"proof": "polkit"}, {"proof": ""}, {"expires": "2999-01-01"},
        {"since": "2020-01-01"}, {"since": "x"}, {"path": "a" * 5000}, {"further": "x"},
    ]  # fmt: skip

    def check(changed: dict[str, Any]) -> None:
        with pytest.raises(RefusedError):
            record(**changed)

    check_each(forms, check)
    for request in ({}, {"approvals": []}, {"approvals": "x"}, {"approvals": [7]}):
        with pytest.raises(RefusedError):
            helper.record("totp", USER, request, NOW)
    two = {"approvals": [row(), row(repository="/other")], "code": code()}
    with pytest.raises(RefusedError, match="several repositories"):
        helper.record("totp", USER, two, NOW)
    assert not (places / "state/approvals").exists()


@needs_root
def test_the_caller_is_the_user_that_sudo_or_polkit_names() -> None:
    assert helper.calling_user("totp", {"SUDO_UID": "1000"}) == 1000
    assert helper.calling_user("totp", {"PKEXEC_UID": "1000"}) == 1000
    assert helper.calling_user("polkit", {"PKEXEC_UID": "1000"}) == 1000
    refused: list[tuple[str, dict[str, str]]] = [
        ("polkit", {"SUDO_UID": "1000"}),
        ("polkit", {"SUDO_UID": "1000", "PKEXEC_UID": "1000"}),
        ("polkit", {}),
        ("totp", {}),
        ("totp", {"SUDO_UID": "0"}),
        ("totp", {"SUDO_UID": "-1"}),
        ("totp", {"SUDO_UID": "1 000"}),
        ("", {"SUDO_UID": "1000"}),
        ("none", {"PKEXEC_UID": "1000"}),
    ]

    def check(form: tuple[str, dict[str, str]]) -> None:
        with pytest.raises(RefusedError):
            helper.calling_user(*form)

    check_each(refused, check)


@needs_root
def test_wrong_input_ends_with_one_sentence(
    tmp_path: Path,
) -> None:
    script = str(Path(helper.__file__))

    def run(
        *words: str, data: bytes = b"", **options: Any
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-I", script, *words],
            input=data, capture_output=True, check=False, cwd=tmp_path, **options,
        )  # fmt: skip

    as_root = run("totp", data=b"{}", env={"SUDO_UID": str(USER)})
    assert (as_root.returncode, b"no approvals" in as_root.stderr) == (1, True)
    for data in (b"", b"[", b"[]", b"7", b"[" * 100_000):
        done = run("totp", data=data, env={"SUDO_UID": str(USER)})
        assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)


@pytest.mark.skipif(
    os.geteuid() != 0 or not os.path.exists("/usr/bin/python3"),
    reason="needs root, to become another user, and the system's Python",
)
def test_a_user_who_starts_it_alone_is_refused() -> None:
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-", "totp"],
        input=Path(helper.__file__).read_bytes(),
        env={"SUDO_UID": "1000"},
        cwd="/",
        user=USER,
        group=USER,
        extra_groups=[],
        capture_output=True,
        check=False,
    )
    assert (done.returncode, b"must run as root" in done.stderr) == (1, True)
