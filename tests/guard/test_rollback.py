"""The snapshot before a session changes something, and the way back to it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.guard.test_hook import Guarded, guarded, is_silent
from tests.support.repo import Repo
from zt_gate.guard.private_file import GuardStateError
from zt_gate.guard.session import rollback, snapshot
from zt_gate.guard.session.rollback import RollbackError, RollbackStep
from zt_gate.guard.session.snapshot import folder_of, load

__all__ = ["guarded"]  # the fixture

Tree = dict[str, tuple[int, bytes]]


def tree_of(root: str) -> Tree:
    """Everything of a work tree: modes and bytes; of a link its target."""
    found: Tree = {}
    for folder, names, files in os.walk(root):
        if folder == root:
            names.remove(".git")
        for name in [
            *files,
            *[one for one in names if os.path.islink(f"{folder}/{one}")],
        ]:
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            is_link = stat.S_ISLNK(mode)
            data = (
                os.fsencode(os.readlink(path)) if is_link else Path(path).read_bytes()
            )
            found[os.path.relpath(path, root)] = mode, data
    return found


@pytest.fixture
def begun(guarded: Guarded) -> Guarded:
    """A session in a repository with work that is not committed, before its first write."""
    root = Path(guarded.root)
    repo = Repo(root)
    repo.write("docs/long name \u00e9.md", "text\n")
    repo.write("run.sh", "#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("src/a.py")
    repo.write(".gitignore", "ignored/\n")
    repo.commit("two")
    (root / "src/a.py").write_text("changed by a person\n")
    (root / "staged.py").write_text("staged\n")
    repo.git("add", "staged.py")
    (root / "notes.txt").write_bytes(b"\xff\x00untracked\r\n")
    (root / "notes.txt").chmod(0o600)
    (root / "docs/gone.md").write_text("x")
    repo.git("add", "docs/gone.md")
    (root / "docs/gone.md").unlink()
    assert is_silent(guarded.write("src/first.py"))
    return guarded


def wreck(root: Path) -> None:
    """What a bad session could do to the files."""
    (root / "src/a.py").write_text("by the session\n")
    (root / "src/first.py").write_text("by the session\n")
    (root / "staged.py").unlink()
    (root / "notes.txt").write_text("by the session\n")
    (root / "run.sh").chmod(0o644)
    (root / "link").unlink()
    (root / "link").write_text("no link\n")
    (root / "docs" / "long name \u00e9.md").unlink()
    for name in list((root / "docs").iterdir()):
        name.unlink()
    (root / "docs").rmdir()
    (root / "docs").symlink_to("/tmp")
    (root / "new/deep").mkdir(parents=True)
    (root / "new/deep/x.py").write_text("new\n")


def test_the_tree_comes_back_byte_for_byte(begun: Guarded) -> None:
    root = Path(begun.root)
    before = tree_of(begun.root)
    wreck(root)
    wrecked = tree_of(begun.root)
    session = begun.session()
    plan = rollback.plan(begun.places, session)
    assert tree_of(begun.root) == wrecked, "a plan changes nothing"
    done = rollback.apply(begun.places, session, plan)
    assert tree_of(begun.root) == before
    assert not (root / "new").exists()
    assert {step.action for step in done.steps} == {"restore", "mode", "remove"}
    assert not rollback.plan(begun.places, session).steps
    saved = {path: data for path, (_, data) in tree_of_saved(done.saved).items()}
    for path, (_, data) in wrecked.items():
        if before.get(path, (0, b""))[1] != data:
            assert saved[path] == data, path


def tree_of_saved(saved: str) -> Tree:
    folder = os.path.join(saved, "files")
    os.makedirs(os.path.join(folder, ".git"), exist_ok=True)
    return tree_of(folder)


def test_commits_of_the_session_change_nothing_about_it(begun: Guarded) -> None:
    root, repo = Path(begun.root), Repo(Path(begun.root))
    before = tree_of(begun.root)
    wreck(root)
    repo.git("add", "-A")
    repo.git("commit", "-q", "--no-verify", "-m", "by the session")
    session = begun.session()
    rollback.apply(begun.places, session, rollback.plan(begun.places, session))
    assert tree_of(begun.root) == before


def test_a_file_that_gitignore_hid_is_found_when_it_is_back(begun: Guarded) -> None:
    root = Path(begun.root)
    before = tree_of(begun.root)
    (root / ".gitignore").write_text("*\n")
    (root / "hidden.py").write_text("hidden\n")
    session = begun.session()
    done = rollback.apply(begun.places, session, rollback.plan(begun.places, session))
    assert tree_of(begun.root) == before
    assert RollbackStep("remove", "hidden.py", "it was not there") in done.steps


def test_filters_hooks_and_attributes_of_the_repository_do_not_run(
    begun: Guarded,
) -> None:
    root, repo = Path(begun.root), Repo(Path(begun.root))
    before = tree_of(begun.root)
    mark = root.parent / "mark"
    for key in ("filter.x.smudge", "filter.x.clean", "core.fsmonitor"):
        repo.git("config", key, f"touch {mark}; cat")
    hook = root / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
    hook.chmod(0o755)
    (root / ".gitattributes").write_text("* filter=x eol=crlf\n")
    (root / "src/a.py").write_text("by the session\n")
    session = begun.session()
    rollback.apply(begun.places, session, rollback.plan(begun.places, session))
    assert tree_of(begun.root) == before
    assert not mark.exists()


def test_nothing_is_done_if_the_files_changed_since_they_were_shown(
    begun: Guarded,
) -> None:
    root = Path(begun.root)
    (root / "src/a.py").write_text("by the session\n")
    session = begun.session()
    plan = rollback.plan(begun.places, session)
    (root / "notes.txt").write_text("by a person\n")
    with pytest.raises(RollbackError, match="have changed since"):
        rollback.apply(begun.places, session, plan)
    assert (root / "src/a.py").read_text() == "by the session\n"


def test_a_link_in_place_of_a_folder_is_not_followed(
    begun: Guarded, tmp_path: Path
) -> None:
    root = Path(begun.root)
    before = tree_of(begun.root)
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "a.py").write_text("not ours\n")
    for name in (root / "src").iterdir():
        name.unlink()
    (root / "src").rmdir()
    (root / "src").symlink_to(victim)
    session = begun.session()
    rollback.apply(begun.places, session, rollback.plan(begun.places, session))
    assert (victim / "a.py").read_text() == "not ours\n"
    assert tree_of(begun.root) == before


def test_a_folder_in_place_of_a_file_is_saved_with_what_is_ignored_in_it(
    begun: Guarded,
) -> None:
    root = Path(begun.root)
    before = tree_of(begun.root)
    (root / "run.sh").unlink()
    (root / "run.sh/ignored").mkdir(parents=True)
    (root / "run.sh/ignored/x").write_text("x")
    session = begun.session()
    done = rollback.apply(begun.places, session, rollback.plan(begun.places, session))
    assert tree_of(begun.root) == before
    assert Path(done.saved, "files/run.sh/ignored/x").read_text() == "x"


def test_a_damaged_copy_is_no_content(begun: Guarded) -> None:
    session = begun.session()
    (copy, *_) = Path(folder_of(begun.places, session.id), "files").iterdir()
    copy.write_bytes(b"something else")
    for name in ("src/a.py", "notes.txt", "staged.py"):
        (Path(begun.root) / name).write_text("by the session\n")
    with pytest.raises(RollbackError, match="was changed"):
        rollback.apply(begun.places, session, rollback.plan(begun.places, session))


def test_a_snapshot_is_private_bounded_and_named_in_the_log(
    begun: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = begun.session()
    folder = Path(folder_of(begun.places, session.id))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    loaded = load(begun.places, session.id)
    assert loaded is not None
    found, digest = loaded
    assert found.branch.startswith("refs/heads/")
    assert [entry.get("snapshot") for entry in begun.entries()] == [digest]
    begun.write("src/second.py")
    assert "snapshot" not in begun.entries()[-1], "one for a session"
    monkeypatch.setattr(snapshot, "LARGEST", 10)
    monkeypatch.setattr(snapshot, "MOST_COPIED", 30)
    other = begun.session()
    other.id = "0" * 16
    snapshot.take(begun.places, other)
    bounded = load(begun.places, other.id)
    assert bounded is not None
    reasons = {
        kept.reason.split()[0] for kept in bounded[0].files.values() if kept.reason
    }
    assert reasons == {"it"}
    (Path(begun.root) / "notes.txt").write_text("by the session\n")
    steps = rollback.plan(begun.places, other).steps
    assert any(
        step.action == "cannot"
        and step.path == "notes.txt"
        and "no copy" in step.reason
        for step in steps
    )


def test_a_snapshot_that_is_not_complete_removes_nothing(
    begun: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = begun.session()
    session.id = "1" * 16
    monkeypatch.setattr(snapshot, "MOST_FILES", 2)
    snapshot.take(begun.places, session)
    (Path(begun.root) / "zz.py").write_text("new\n")
    steps = rollback.plan(begun.places, session).steps
    assert [step.action for step in steps if step.path == "zz.py"] == ["cannot"]


def test_a_damaged_manifest_or_none_is_an_error(begun: Guarded) -> None:
    session = begun.session()
    manifest = Path(folder_of(begun.places, session.id), "manifest.json")
    manifest.write_text(json.dumps({"version": 9}))
    with pytest.raises(GuardStateError, match="damaged"):
        rollback.plan(begun.places, session)
    session.id = "2" * 16
    with pytest.raises(RollbackError, match="no snapshot"):
        rollback.plan(begun.places, session)


def test_reading_takes_no_snapshot(guarded: Guarded) -> None:
    guarded.read("src/a.py")
    assert load(guarded.places, guarded.session().id) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_whose_permissions_were_taken_away_comes_back(begun: Guarded) -> None:
    before = tree_of(begun.root)
    (Path(begun.root) / "src/a.py").chmod(0)
    session = begun.session()
    rollback.apply(begun.places, session, rollback.plan(begun.places, session))
    assert tree_of(begun.root) == before
