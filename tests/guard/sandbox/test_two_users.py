"""Two users on one machine, each against the other: state, sockets, proxy, processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from zt_gate.guard.sandbox import bubblewrap, landlock

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE, OTHER = 61_101, 61_102
ROOT = Path(__file__).parents[3]
SECRET = "the first user's own value"
IMPORTS = "import zt_gate.guard.sandbox.run, zt_gate.guard.hook"


def started(user: int, python: str, program: str, *words: str) -> subprocess.Popen[str]:
    """Start a program of Python as a user, with this source and an environment of its own."""
    return subprocess.Popen(
        [python, "-c", program, *words],
        user=user,
        group=user,
        extra_groups=[],
        cwd="/",
        env={
            "PATH": os.defpath,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AI_ACCESSIBLE_VALUE": SECRET,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def python_for_all() -> str:
    """Return a Python that a user without rights can start with this source, "" if none."""
    for python in dict.fromkeys((os.path.realpath(sys.executable), "/usr/bin/python3")):
        try:
            process = started(ONE, python, IMPORTS)
        except OSError:
            continue
        process.communicate()
        if process.returncode == 0:
            return python
    return ""


@pytest.fixture(scope="module")
def python() -> str:
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("only root becomes two other users")
    found = python_for_all()
    if not found:
        pytest.skip("no Python that another user can start with this source")
    return found


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder with a home and a project of each user."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    folder.chmod(0o755)
    for user in (ONE, OTHER):
        home = folder / str(user)
        (home / "project" / "src").mkdir(parents=True)
        (home / "project" / "src" / "plan").write_text(SECRET)
        for path in (home, *home.rglob("*")):
            os.chown(path, user, user)
        home.chmod(0o700)
    yield folder
    shutil.rmtree(folder)


HOOK = """
import json, os, sys
from zt_gate.guard import hook
from zt_gate.guard.places import GuardPlaces
home, root, label, *record = sys.argv[1:]
places = GuardPlaces(home, home + "/.local/state/zt-gate/guard", os.getuid(), home + "/no")
event = {"hook_event_name": "PreToolUse", "session_id": label, "cwd": root,
         "permission_mode": "default", "tool_name": "Read",
         "tool_input": {"file_path": root + "/src/plan"},
         "transcript_path": record[0] if record else None}
hook.handle("claude-code", json.dumps(event).encode(), {}, places=places)
print(open(places.sessions + "/sessions.json").read())
"""
EXEC = """
import os, sys
from zt_gate.guard.sandbox import run
from zt_gate.guard.sandbox.rights import rights_of
from zt_gate.guard.task import Task
root, layer = sys.argv[1:]
task = Task("t", may_write=True, network=("a.example",))
rights = rights_of(task, root, root, {"PATH": os.defpath, "V": "VALUE"}, "/nonexistent")
script = "echo > src/ready; while [ ! -e src/stop ]; do sleep 0.1; done"
sys.exit(run.run(rights, ["sh", "-c", script], layer=layer))
""".replace("VALUE", SECRET)
#: Prints what the second user can do to the first: nothing.
TRIES = """
import json, os, signal, socket, sys
from contextlib import suppress
given = json.loads(sys.argv[1])
done = []
def tries(name, what):
    with suppress(OSError):
        what()
        done.append(name)
def connects(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(path)
for path in given["folders"]:
    tries("lists " + path, lambda: os.listdir(path))
    tries("writes in " + path, lambda: open(path + "/new", "w"))
for path in given["files"]:
    tries("reads " + path, lambda: open(path).read())
    tries("changes " + path, lambda: open(path, "a"))
    tries("removes " + path, lambda: os.unlink(path))
for path in given["sockets"]:
    tries("connects to " + path, lambda: connects(path))
for number in given["processes"]:
    for name in ("environ", "cwd/src/plan", "root/etc/passwd", "mem"):
        path = "/proc/%d/%s" % (number, name)
        tries("reads " + path, lambda: open(path, "rb").read(1))
    tries("ends %d" % number, lambda: os.kill(number, signal.SIGTERM))
    tries("lists its files", lambda: os.listdir("/proc/%d/fd" % number))
for port in given["ports"]:
    tries("connects to %d" % port, lambda: socket.create_connection(("127.0.0.1", port), 2))
print(json.dumps(done))
"""


def attempts(python: str, user: int, given: dict[str, Any]) -> list[str]:
    process = started(user, python, TRIES, json.dumps(given))
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    found: list[str] = json.loads(output)
    return found


def everything_of(folder: Path) -> dict[str, Any]:
    paths = [folder, *folder.rglob("*")]
    return {
        "folders": [str(path) for path in paths if path.is_dir()],
        "files": [str(path) for path in paths if path.is_file()],
        "sockets": [str(path) for path in paths if path.is_socket()],
        "processes": [],
        "ports": [],
    }


def processes_of(user: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and os.path.exists(f"/proc/{name}"):
            with open(f"/proc/{name}/status", encoding="ascii", errors="replace") as f:
                uids = next(line for line in f if line.startswith("Uid:")).split()
            if str(user) in uids[1:]:
                found.append(int(name))
    return found


def listening_ports(user: int) -> list[int]:
    """Return the TCP ports of this machine on which a user listens."""
    found = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and int(fields[7]) == user:
            found.append(int(fields[1].rpartition(":")[2], 16))
    return found


@pytest.mark.slow
def test_the_state_of_one_user_is_closed_to_the_other(python: str, base: Path) -> None:
    for user in (ONE, OTHER):
        home = base / str(user)
        process = started(
            user, python, HOOK, str(home), str(home / "project"), "same-label"
        )
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        # The same client's label names another session for each user.
        assert len(json.loads(output)["sessions"]) == 1
    state = base / str(ONE) / ".local/state/zt-gate"
    given = everything_of(state)
    assert given["files"]
    (base / str(ONE)).chmod(0o755)  # a home that others may pass through
    before = {path: Path(path).read_bytes() for path in given["files"]}
    assert attempts(python, OTHER, given) == []
    assert {path: Path(path).read_bytes() for path in given["files"]} == before


@pytest.mark.slow
@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_a_session_whose_record_is_the_other_users_is_not_resumed(
    python: str, base: Path, mode: int
) -> None:
    """``claude --resume ID`` with the other user's folder of settings, open or closed."""
    record = base / str(ONE) / "session.jsonl"
    record.write_text("{}\n")
    os.chown(record, ONE, ONE)
    (base / str(ONE)).chmod(mode)
    own = base / str(OTHER) / "session.jsonl"
    own.write_text("{}\n")
    os.chown(own, OTHER, OTHER)
    home, project = str(base / str(OTHER)), str(base / str(OTHER) / "project")
    labels, answers = [], []
    for name, path in (("theirs", record), ("mine", own), ("new", base / "none")):
        process = started(OTHER, python, HOOK, home, project, name, str(path))
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        labels = [
            one for row in json.loads(output)["sessions"] for one in row["labels"]
        ]
        log = Path(home) / ".local/state/zt-gate/guard/log/guard.jsonl"
        answers.append(json.loads(log.read_bytes().splitlines()[-1])["concerns"])
    assert labels == ["claude-code:mine", "claude-code:new"]
    theirs, mine, new = answers
    assert theirs[0]["control"] == "session/other-account"
    assert not mine
    assert not new


SESSION = """
import sys
from zt_gate import cli
from zt_gate.guard.places import GuardPlaces
import zt_gate.guard.places, zt_gate.commands.guard_session, os
zt_gate.commands.guard_session.user_name = lambda: "no account has this number"
home = sys.argv[1]
places = GuardPlaces(home, home + "/.local/state/zt-gate/guard", os.getuid(), home + "/no")
zt_gate.guard.places.guard_places = lambda: places
print([cli.main(["guard", "session", *words.split()]) for words in sys.argv[2:]])
"""


@pytest.mark.slow
def test_commands_know_no_session_of_another_user(python: str, base: Path) -> None:
    home = base / str(ONE)
    process = started(ONE, python, HOOK, str(home), str(home / "project"), "s")
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    (session,) = json.loads(output)["sessions"]
    name = session["id"]
    words = [f"{verb} {name}" for verb in ("show", "report", "contain", "rollback")]
    for folder, code, expected in (
        (base / str(OTHER), 2, f"no session '{name}'"),
        (home, 3, "Permission denied"),
    ):
        process = started(OTHER, python, SESSION, str(folder), *words)
        output, errors = process.communicate(timeout=120)
        assert output.split("\n")[-2] == str([code] * 4), errors
        assert errors.count(expected) == 4, errors
        assert str(home / "project") not in output + errors


@pytest.mark.slow
def test_a_state_folder_that_another_user_made_is_not_used(
    python: str, base: Path
) -> None:
    """Its owner could take out what was denied."""
    home = base / str(ONE)
    sessions = home / ".local/state/zt-gate/guard/sessions"
    sessions.mkdir(parents=True)
    for path in (home, *home.rglob("*")):
        os.chown(path, ONE, ONE)
    os.chown(sessions, OTHER, OTHER)
    sessions.chmod(0o777)
    program = HOOK.replace("hook.handle(", "print(hook.handle(").replace(
        "places=places)\n", "places=places).stderr)\nsys.exit(0)\n", 1
    )
    process = started(ONE, python, program, str(home), str(home / "project"), "s")
    output, errors = process.communicate(timeout=120)
    assert "other users can change it" in output + errors


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["bubblewrap", "landlock"])
def test_the_sandbox_of_one_user_is_closed_to_the_other(
    python: str, base: Path, layer: str
) -> None:
    if layer == "bubblewrap" and not bubblewrap.program():
        pytest.skip("bubblewrap is not installed")
    if layer == "landlock" and landlock.version() < landlock.NEEDED:
        pytest.skip("this kernel has no Landlock of the needed version")
    project = base / str(ONE) / "project"
    known = set(Path(tempfile.gettempdir()).glob("zt-gate-*"))
    process = started(ONE, python, EXEC, str(project), layer)
    try:
        deadline = time.monotonic() + 120
        while not (project / "src/ready").exists() and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert process.poll() is None, process.communicate()
        made = [
            path
            for path in Path(tempfile.gettempdir()).glob("zt-gate-*")
            if path not in known and path.stat().st_uid == ONE
        ]
        assert len(made) == 1
        given = everything_of(made[0])
        assert [Path(path).name for path in given["sockets"]] == ["proxy"]
        given["processes"] = processes_of(ONE)
        assert len(given["processes"]) >= 3
        given["ports"] = listening_ports(ONE)
        assert given["ports"] == []
        assert attempts(python, OTHER, given) == []
    finally:
        (project / "src/stop").touch()
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert not made[0].exists()
    assert processes_of(ONE) == []


def test_what_one_user_puts_into_the_others_state_is_not_believed(
    python: str, base: Path
) -> None:
    """A home that everyone can write: the guard denies, and believes nothing in it."""
    home = base / str(ONE)
    state = home / ".local/state/zt-gate/guard"
    (state / "pins").mkdir(parents=True)
    (state / "pins/all.json").write_text("{}")
    for path in (home, *home.rglob("*")):
        os.chown(path, ONE, ONE)
    os.chown(state / "pins/all.json", OTHER, OTHER)
    program = HOOK.replace("hook.handle(", "print(hook.handle(").replace(
        "places=places)\n", "places=places).stderr)\nsys.exit(0)\n", 1
    )
    process = started(ONE, python, program, str(home), str(home / "project"), "s")
    output, errors = process.communicate(timeout=120)
    assert "other users can write it" in output + errors
