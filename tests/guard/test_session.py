"""Which session an event belongs to, and what holds in it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.guard.test_policy import places_in
from zt_gate.guard.private_file import GuardStateError, locked
from zt_gate.guard.repository import ProjectPlace, own_branch, surroundings
from zt_gate.guard.session import identity, records
from zt_gate.guard.session.other_account import problem_of_transcript
from zt_gate.system.ancestors import Ancestor, ancestors

if TYPE_CHECKING:
    from zt_gate.guard.session.records import Session

PLACE = ProjectPlace("/repo", "/repo/.git", "/repo/.git")
OTHER = ProjectPlace("/other", "/other/.git", "/other/.git")


def session_of(
    folder: Path,
    keys: tuple[str, ...],
    label: str = "s",
    place: ProjectPlace = PLACE,
    task: str = "develop",
) -> Session:
    with records.opened(places_in(folder)) as sessions:
        session = sessions.of_event("claude-code", label, keys, place, "/nowhere")
        session.task = session.task or task
        return session


def test_the_hook_knows_its_client_process() -> None:
    """The keys of the real process tree: the same for two hooks of one client."""
    code = (
        "from zt_gate.guard.session.identity import process_keys; print(process_keys())"
    )
    said = {
        subprocess.run(
            ["/bin/sh", "-c", f'"{sys.executable}" -c "{code}"; true'],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    }
    (keys,) = said
    assert f":{os.getpid()}:" in keys.split(",")[0]


def test_ancestors_have_their_start() -> None:
    parent = ancestors()[0]
    assert parent.pid == os.getppid()
    assert parent.started > 0


def test_shells_between_the_client_and_the_hook_do_not_count() -> None:
    chain = (
        Ancestor("sh", ("/bin/sh", "-c", "zt-gate guard hook"), 12, 120),
        Ancestor("node", ("node", "/opt/claude/cli.js"), 11, 110),
        Ancestor("bash", ("-bash",), 10, 100),
    )
    keys = identity.process_keys(chain)
    assert [key.split(":", 1)[1] for key in keys] == ["11:110", "10:100"]


def test_clear_gives_a_new_label_and_the_same_session(tmp_path: Path) -> None:
    first = session_of(tmp_path, ("m:11:1", "m:10:1"), "one")
    again = session_of(tmp_path, ("m:11:1", "m:10:1"), "two")
    assert again.id == first.id
    assert again.labels == ["claude-code:one", "claude-code:two"]


def test_resume_in_a_new_process_is_the_same_session(tmp_path: Path) -> None:
    first = session_of(tmp_path, ("m:11:1",), "one")
    assert session_of(tmp_path, ("m:99:7",), "one").id == first.id


def test_a_nested_client_is_part_of_the_session_that_started_it(tmp_path: Path) -> None:
    first = session_of(tmp_path, ("m:11:1", "m:10:1"), "one")
    nested = ("m:30:3", "m:11:1", "m:10:1")
    inner = session_of(tmp_path, nested, "inner", OTHER, "deploy")
    assert inner.id == first.id
    assert inner.task == "develop"
    assert inner.root == "/repo"


def test_many_nested_clients_do_not_push_the_outer_one_out(tmp_path: Path) -> None:
    first = session_of(tmp_path, ("m:11:1", "m:10:1"), "one")
    for number in range(100):
        nested = (f"m:{number + 100}:1", "m:11:1", "m:10:1")
        assert session_of(tmp_path, nested, f"inner{number}").id == first.id
    assert session_of(tmp_path, ("m:11:1", "m:10:1"), "two").id == first.id
    assert session_of(tmp_path, ("m:999:1",), "one").id == first.id


def test_two_clients_in_one_terminal_are_two_sessions(tmp_path: Path) -> None:
    first = session_of(tmp_path, ("m:11:1", "m:10:1"), "one")
    assert session_of(tmp_path, ("m:20:2", "m:10:1"), "two").id != first.id


def test_a_detached_client_in_the_repository_gets_what_was_denied(
    tmp_path: Path,
) -> None:
    places = places_in(tmp_path)
    running = _own_key()
    with records.opened(places) as sessions:
        session = sessions.of_event("claude-code", "one", (running,), PLACE, "/nowhere")
        session.remember_denied(["read:/home/ada/.netrc"])
        session.remember_denied(["read:/home/ada/.netrc"])
    detached = session_of(tmp_path, ("m:77:7",), "other")
    assert detached.denied == ["read:/home/ada/.netrc"]
    assert detached.attempts == 2
    elsewhere = session_of(tmp_path, ("m:78:7",), "third", OTHER)
    assert elsewhere.denied == []


def _own_key() -> str:
    fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    return f"m:{os.getpid()}:{fields[19].decode()}"


def test_a_contained_session_contains_its_repository(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    session_of(tmp_path, ("m:11:1",), "one")
    with records.opened(places) as sessions:
        sessions.known[0].contain("three attempts")
        sessions.changed = True
    detached = session_of(tmp_path, ("m:77:7",), "other")
    elsewhere = session_of(tmp_path, ("m:78:7",), "third", OTHER)
    with records.opened(places) as sessions:
        by_id = {session.id: session for session in sessions.known}
        assert sessions.containing(by_id[detached.id]) == sessions.known[:1]
        assert sessions.containing(by_id[elsewhere.id]) == []


def test_a_session_of_long_ago_is_forgotten_unless_it_is_contained(
    tmp_path: Path,
) -> None:
    places = places_in(tmp_path)
    for number in range(2):
        session_of(tmp_path, (f"m:{number + 10}:1",), str(number))
    with records.opened(places) as sessions:
        for session in sessions.known:
            session.seen = time.time() - 40 * 86_400
        sessions.known[1].contain("x")
        sessions.changed = True
    with records.opened(places) as sessions:
        assert [session.labels for session in sessions.known] == [["claude-code:1"]]


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    session_of(tmp_path, ("m:11:1",))
    file = Path(places_in(tmp_path).sessions, records.FILE)
    file.write_text("{")
    with pytest.raises(GuardStateError, match="is damaged"):
        session_of(tmp_path, ("m:11:1",))


def test_the_repository_is_found_by_its_files(tmp_path: Path) -> None:
    repo, work = tmp_path / "repo", tmp_path / "work"
    run = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*run, "init", "-q", "-b", "main", str(repo)], check=True)
    subprocess.run(
        [*run, "commit", "-q", "--allow-empty", "-m", "x"], cwd=repo, check=True
    )
    subprocess.run(
        [*run, "worktree", "add", "-q", "-b", "topic/a", str(work)],
        cwd=repo,
        check=True,
    )
    (work / "sub").mkdir()
    inside = surroundings(str(work / "sub"))
    assert inside.root == str(work.resolve())
    assert inside.key == surroundings(str(repo)).key == str((repo / ".git").resolve())
    assert own_branch(inside) == "topic/a"
    assert own_branch(surroundings(str(repo))) == ""


def test_a_folder_without_a_repository_is_its_own_project(tmp_path: Path) -> None:
    assert surroundings(str(tmp_path)).key == str(tmp_path.resolve())


def test_a_record_of_another_account_is_not_resumed(tmp_path: Path) -> None:
    own = tmp_path / "own.jsonl"
    own.write_text("{}\n")
    link = tmp_path / "link.jsonl"
    link.symlink_to(own)
    other = os.geteuid() + 1
    for path, user, expected in (
        ("", other, ""),
        (str(own), os.geteuid(), ""),
        (str(link), os.geteuid(), ""),
        (str(tmp_path / "new.jsonl"), other, ""),
        (str(own / "below"), other, ""),
        (str(own), other, f"belongs to the account {os.geteuid()}"),
        (str(link), other, f"belongs to the account {os.geteuid()}"),
        ("a\0b", other, "cannot be seen"),
        ("x" * 5000, other, "cannot be seen"),
    ):
        problem = problem_of_transcript(path, user)
        assert expected in problem, path
        assert bool(problem) == bool(expected), path


def test_a_state_folder_that_others_can_write_is_not_used(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root opens what it is told to; tests/guard/sandbox has two users")
    folder = tmp_path / "sessions"
    folder.mkdir()
    folder.chmod(0o777)
    with (
        pytest.raises(GuardStateError, match="other users can change it"),
        locked(str(folder)),
    ):
        pass
