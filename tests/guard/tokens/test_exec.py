"""``zt-gate guard exec --token``: real processes, the real sandbox, a local token server."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from zt_gate.guard.sandbox import bubblewrap
from zt_gate.guard.session import records as sessions

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.guard.tokens.conftest import Vaulted

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not bubblewrap.program(), reason="bubblewrap is not installed"),
]
ASK = (
    'python3 -c "import os; from urllib.request import Request, urlopen;'
    "print(urlopen(Request(os.environ['VAULT_ADDR'] + '/v1/auth/token/lookup-self',"
    "headers={'X-Vault-Token': os.environ['VAULT_TOKEN']})).status)\""
)


def eventually(holds: Callable[[], object]) -> bool:
    """Whether it holds within two minutes: a busy machine is no failure."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def waiting(vaulted: Vaulted, script: str) -> subprocess.Popen[str]:
    """Start a command with a token, and wait until it runs."""
    mark = vaulted.root / "runs"
    process = vaulted.start(
        "guard", "exec", "--task", "ci", "--token", "vault", "--",
        "sh", "-c", f"touch runs; {script}",
    )  # fmt: skip
    if not eventually(lambda: mark.exists() or process.poll() is not None):
        process.kill()
    assert mark.exists(), process.communicate(timeout=60)
    return process


def test_the_command_uses_its_token_and_nobody_can_afterwards(vaulted: Vaulted) -> None:
    code, output, errors = vaulted.exec(
        f"{ASK}; env | grep -c {vaulted.server.root.value}"
    )
    assert output.split() == ["200", "0"], errors
    assert code == 1, "grep's own"
    (issued,) = vaulted.server.issued
    assert issued.ttl == 1800, "the ttl of the task"
    assert issued.value not in output + errors
    assert vaulted.server.alive() == []
    assert vaulted.records() == []
    with sessions.opened(vaulted.places) as known:
        (session,) = known.known
    assert session.task == "ci"


def test_the_issuing_token_is_not_readable_inside(vaulted: Vaulted) -> None:
    _, output, _ = vaulted.exec(f"cat {vaulted.home}/.vault-token; cat ~/.vault-token")
    assert vaulted.server.root.value not in output


@pytest.mark.parametrize("fault", ["sealed", "more policies", "garbage"])
def test_without_its_token_the_command_does_not_start(
    vaulted: Vaulted, fault: str
) -> None:
    vaulted.server.fault = fault
    code, _, errors = vaulted.exec("touch ran")
    assert code == 3
    assert vaulted.server.address in errors
    assert not (vaulted.root / "ran").exists()
    assert vaulted.server.alive() == []


def test_a_task_that_asks_for_a_token_has_one_or_does_not_start(
    vaulted: Vaulted,
) -> None:
    words = ("guard", "exec", "--task", "asks")
    code, output, errors = vaulted.gate(*words, "--", "sh", "-c", ASK)
    assert (code, output.split()) == (0, ["200"]), errors
    assert len(vaulted.server.issued) == 1
    code, _, errors = vaulted.gate(*words, "--token", "aws-sts", "--", "touch", "ran")
    assert code == 2
    assert "the task 'asks' asks for a token of vault, not of aws-sts" in errors
    vaulted.server.fault = "sealed"
    code, _, errors = vaulted.gate(*words, "--", "touch", "ran")
    assert code == 3
    assert not (vaulted.root / "ran").exists()
    vaulted.configure("")
    code, _, errors = vaulted.gate(*words, "--", "touch", "ran")
    assert code == 2, errors
    assert not (vaulted.root / "ran").exists()


def test_a_server_that_is_down_starts_nothing(vaulted: Vaulted) -> None:
    vaulted.server.close()
    code, _, errors = vaulted.exec("touch ran")
    assert code == 3
    assert "no answer" in errors
    assert not (vaulted.root / "ran").exists()


def test_a_revocation_that_fails_is_said_and_done_at_the_next_start(
    vaulted: Vaulted,
) -> None:
    vaulted.server.fault = "keeps it"
    code, _, errors = vaulted.exec("true")
    assert code == 3
    assert "still exists" in errors
    assert len(vaulted.server.alive()) == 1
    code, _, errors = vaulted.gate("guard", "exec", "--task", "ci", "--", "true")
    assert code == 0, errors
    assert "may still be valid" in errors, "the server still lies"
    vaulted.server.fault = ""
    code, _, errors = vaulted.gate("guard", "exec", "--task", "ci", "--", "true")
    assert (code, errors) == (0, "")
    assert vaulted.server.alive() == []
    assert vaulted.records() == []


def test_a_sandbox_that_cannot_be_had_leaves_no_token(vaulted: Vaulted) -> None:
    vaulted.configure(
        (vaulted.home / ".config/zt-gate/config.toml").read_text()
        + 'token-file = "/usr/share/zt-gate-test-token"\n'
    )
    code, _, errors = vaulted.exec("touch ran")
    assert code == 3, errors
    assert "cannot be read" in errors
    assert vaulted.server.issued == []


def test_a_signal_ends_the_command_and_its_token(vaulted: Vaulted) -> None:
    with waiting(vaulted, "sleep 600") as process:
        assert len(vaulted.server.alive()) == 1
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
    assert process.returncode == 143
    assert vaulted.server.alive() == []
    assert vaulted.records() == []


def test_after_a_crash_the_next_start_revokes(vaulted: Vaulted) -> None:
    with waiting(vaulted, "sleep 600") as process:
        process.kill()
        process.communicate(timeout=120)
    assert len(vaulted.server.alive()) == 1
    assert len(vaulted.records()) == 1
    code, _, errors = vaulted.gate("guard", "exec", "--task", "ci", "--", "true")
    assert (code, errors) == (0, "")
    assert vaulted.server.alive() == []
    assert vaulted.records() == []


BACKGROUND = (
    "(setsid nohup sh -c 'sleep 5; echo late > late' >/dev/null 2>&1 &); "
    "trap '' TERM HUP; sleep 600"
)


def test_containment_ends_the_command_what_it_left_in_the_background_and_the_token(
    vaulted: Vaulted,
) -> None:
    with waiting(vaulted, BACKGROUND) as process:
        (record,) = vaulted.records()
        code, output, errors = vaulted.gate(
            "guard", "session", "contain", record.session, "--reason", "a test"
        )
        assert code == 0, errors
        assert "tokens: 1" in output
        process.communicate(timeout=120)
    assert process.returncode == 137
    assert vaulted.server.alive() == []
    assert vaulted.records() == []
    assert "lookup-accessor" in vaulted.server.calls[-1], "and it was asked"
    time.sleep(6)
    assert not (vaulted.root / "late").exists()
    code, _, errors = vaulted.exec("touch later")
    assert code == 2
    assert "is contained: a test" in errors
    assert not (vaulted.root / "later").exists()
    assert len(vaulted.server.issued) == 1
    code, _, errors = vaulted.gate(
        "guard", "session", "release", record.session, "--reason", "x"
    )
    assert code == 2
    assert "person" in errors


def test_containment_while_the_server_is_down_ends_the_processes_and_says_the_rest(
    vaulted: Vaulted,
) -> None:
    with waiting(vaulted, BACKGROUND) as process:
        (record,) = vaulted.records()
        vaulted.server.fault = "sealed"
        code, output, errors = vaulted.gate(
            "guard", "session", "contain", record.session
        )
        assert code == 3, output
        assert "may be valid until" in errors
        assert "sealed" in errors
        process.communicate(timeout=120)
    assert process.returncode == 3, "exec could not revoke either"
    assert len(vaulted.server.alive()) == 1
    vaulted.server.fault = ""
    code, _, errors = vaulted.gate("guard", "session", "contain", record.session)
    assert (code, errors) == (0, "")
    assert vaulted.server.alive() == []
