"""A full disk, a broker that dies, a clock that jumps: denied with a reason, nothing lost."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.guard.test_hook import Guarded, guarded, is_silent, reason_of
from zt_gate.guard import log
from zt_gate.guard.sandbox import bubblewrap
from zt_gate.guard.session import records, snapshot
from zt_gate.guard.session.watch import activity_file

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["guarded"]  # the fixture

ROOT = Path(__file__).parents[2]
DAY = 86_400
#: Runs with the guard's state on a disk of 256 KB.
FULL_DISK = r"""
import json, os, sys
from pathlib import Path
from tests.guard.test_hook import Guarded
from zt_gate.guard.places import GuardPlaces
root, home = sys.argv[1:]
state = home + "/.local/state/zt-gate/guard"
guarded = Guarded(root, GuardPlaces(home, state, os.geteuid(), home + "/no"))
def codes():
    secret = guarded.read("~/.aws/credentials")
    return [secret, guarded.read("src/a.py"), guarded.write("src/b.py")]
guarded.pin("[guard]\ntask = 'develop'\n")
before = codes()
filler = open(os.path.join(guarded.places.state, "filler"), "wb", buffering=0)
try:
    while True:
        filler.write(b"x" * 512)
except OSError:
    pass
full = codes() + codes()
filler.truncate(0)
after = codes()
print(json.dumps({
    "before": [one.exit_code for one in before],
    "full": [[one.exit_code, one.stderr.decode()] for one in full],
    "after": [one.exit_code for one in after],
    "lines": [one["answer"] for one in guarded.entries()],
    "attempts": guarded.session().attempts,
    "sessions": len({one["session"] for one in guarded.entries()}),
}))
"""


@pytest.mark.skipif(not bubblewrap.program(), reason="bubblewrap is not installed")
def test_on_a_full_disk_everything_is_denied_and_nothing_is_lost(
    guarded: Guarded,
) -> None:
    os.makedirs(guarded.places.state, exist_ok=True)
    words = [
        bubblewrap.program(), "--dev-bind", "/", "/", "--size", str(256 << 10), "--tmpfs",
        guarded.places.state, sys.executable, "-c", FULL_DISK, guarded.root,
        guarded.places.home,
    ]  # fmt: skip
    done = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False
    )
    if "bwrap:" in done.stderr:
        pytest.skip(f"no file system can be made here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["before"] == [0, 0, 0]
    for code, text in said["full"]:
        assert code == 2
        assert "No space left on device" in text
        assert "The guard denies what it cannot judge" in text
    assert said["after"] == [0, 0, 0]
    assert said["lines"] == ["deny", "silent", "silent"] * 2, "the chain is whole"
    assert said["attempts"] == 2
    assert said["sessions"] == 1


@pytest.fixture
def dying_broker(guarded: Guarded, tmp_path: Path) -> Iterator[Guarded]:
    """A broker that hears a message and ends without an answer."""
    if os.geteuid() != 0:
        pytest.skip("only root can name a broker")
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "socket"))
    listener.listen()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(1 << 16)

    threading.Thread(target=serve, daemon=True).start()
    managed = Path(guarded.places.managed)
    managed.mkdir(mode=0o755)
    settings = {"owner": os.geteuid(), "socket": str(folder / "socket")}
    (managed / "broker.json").write_text(json.dumps(settings))
    yield guarded
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_a_broker_that_dies_while_it_is_asked_denies(dying_broker: Guarded) -> None:
    for answer in (dying_broker.read("src/a.py"), dying_broker.write("src/b.py")):
        text = reason_of(answer)
        assert "broker" in text
        assert "Tell the person" in text
    assert dying_broker.entries() == []


class Clock:
    """The machine's clock, which can be set; the time since its start cannot."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        real, text = time.time, time.gmtime
        monkeypatch.setattr(time, "time", lambda: real() + self.ahead)
        monkeypatch.setattr(
            time, "gmtime", lambda at=None: text(time.time() if at is None else at)
        )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.mark.parametrize("jump", [3 * 3600, 40 * DAY, -3 * 3600, -40 * DAY])
def test_a_clock_that_jumps_denies_once_and_nothing_is_forgotten(
    guarded: Guarded, clock: Clock, jump: float
) -> None:
    reason_of(guarded.read("~/.aws/credentials"))
    with records.opened(guarded.places) as sessions:
        sessions.known[-1].paused = time.time() + 600
        sessions.known[-1].paused_for = "a test"
        sessions.changed = True
    before = guarded.session()
    clock.ahead = jump
    text = reason_of(guarded.read("src/a.py"))
    assert "clock was set" in text
    assert "forward" in text if jump > 0 else "back" in text
    after = guarded.session()
    assert after.id == before.id
    assert after.denied == before.denied
    assert after.attempts == 1
    assert abs(after.started - before.started - jump) < 60
    assert b"session is paused" in guarded.write("src/b.py").stdout, "it goes on"
    assert is_silent(guarded.read("src/a.py")), "reading, too"
    clock.ahead = 0
    assert "clock was set" in reason_of(guarded.read("src/a.py"))
    assert guarded.session().id == before.id
    reason_of(guarded.read("~/.aws/credentials"))
    assert guarded.session().attempts == 2


def test_a_session_does_not_live_longer_because_the_clock_was_set_back(
    guarded: Guarded, clock: Clock
) -> None:
    guarded.pin("[guard]\ntask = 'short'\n[tasks.short]\nttl = 60\n")
    assert is_silent(guarded.read("src/a.py"))
    with records.opened(guarded.places) as sessions:
        sessions.known[-1].started -= 3000
        sessions.changed = True
    clock.ahead = -7200
    reason_of(guarded.read("src/a.py"))
    assert is_silent(guarded.read("src/a.py"))
    with records.opened(guarded.places) as sessions:
        assert 2900 < time.time() - sessions.known[-1].started < 3600


def test_what_a_session_did_lately_stays_recent(guarded: Guarded, clock: Clock) -> None:
    guarded.tool("WebFetch", url="https://a.example/x", prompt="x")
    path = activity_file(guarded.places, guarded.session().repository)
    table = json.loads(Path(path).read_bytes())
    clock.ahead = 50 * DAY
    reason_of(guarded.read("src/a.py"))
    moved = json.loads(Path(path).read_bytes())
    assert moved["hosts"]["a.example"] == table["hosts"]["a.example"] + 50
    (row,), (old,) = moved["sessions"].values(), table["sessions"].values()
    assert row["minutes"][0][0] == old["minutes"][0][0] + 50 * 1440
    assert row["new_hosts"][0][0] == old["new_hosts"][0][0] + 50 * DAY


def test_snapshots_of_known_sessions_and_logs_outlive_a_jump(
    guarded: Guarded, clock: Clock
) -> None:
    guarded.pin("[guard]\ntask = 'develop'\nkeep-days = 31\nlog-days = 1\n")
    assert is_silent(guarded.write("src/b.py"))
    first = guarded.session().id
    lines = len(guarded.entries())
    clock.ahead = 400 * DAY
    reason_of(guarded.read("src/a.py"))
    with records.opened(guarded.places) as sessions:
        other = records.Session(
            "0" * 16, guarded.root, sessions.known[-1].repository, "", 0.0, time.time()
        )
    snapshot.take(guarded.places, other)
    assert snapshot.load(guarded.places, first) is not None
    assert is_silent(guarded.read("src/a.py"))
    assert len(log.log_files(guarded.places)) == 2, "the old file was closed"
    assert len(guarded.entries()) == lines + 1


def test_a_drift_of_a_minute_is_no_jump(guarded: Guarded, clock: Clock) -> None:
    assert is_silent(guarded.read("src/a.py"))
    clock.ahead = 60
    assert is_silent(guarded.read("src/a.py"))
