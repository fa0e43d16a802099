from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.opened import added, by_path, canary, environ, opened, removed
from tests.support.repo import Repo
from zt_gate.git.run import Git
from zt_gate.model.change import (
    MODE_EXECUTABLE,
    MODE_FILE,
    MODE_SUBMODULE,
    MODE_SYMLINK,
)
from zt_gate.sources import staged

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "r")
    made.write("a.py", "one\ntwo\nthree\n")
    made.commit()
    return made


def test_nothing_staged(repo: Repo) -> None:
    change = staged.read(opened(repo))
    assert (change.kind, change.base, change.head, change.files) == (
        "staged",
        repo.head(),
        "index",
        (),
    )


def test_unborn_head_adds_everything(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    repo.write("a.py", "x\n")
    repo.git("add", "-A")
    git = opened(repo)
    change = staged.read(git)
    assert change.base == git.empty_tree
    assert added(by_path(change)[b"a.py"]) == [b"x"]


def test_only_what_is_staged_counts(repo: Repo) -> None:
    repo.write("a.py", "one\nstaged\nthree\n")
    repo.git("add", "-A")
    repo.write("a.py", "one\nnot staged\nthree\n")
    (file,) = staged.read(opened(repo)).files
    (hunk,) = file.hunks
    assert (hunk.old_start, hunk.new_start) == (2, 2)
    assert (removed(file), added(file)) == ([b"two"], [b"staged"])
    assert file.old is not None
    assert file.new is not None
    assert (file.old.read(), file.new.read()) == (
        b"one\ntwo\nthree\n",
        b"one\nstaged\nthree\n",
    )


# --- the table "What hides content from a plain git diff --cached" ---


@pytest.mark.parametrize(
    "attribute", ["-diff", "binary", "-text", "diff=x", "linguist-generated -diff"]
)
def test_attributes_hide_nothing(repo: Repo, attribute: str) -> None:
    repo.write(".gitattributes", f"*.py {attribute}\n")
    repo.write("a.py", "one\nevil\n")
    repo.git("add", "-A")
    assert added(by_path(staged.read(opened(repo)))[b"a.py"]) == [b"evil"]


def test_a_nul_byte_hides_nothing(repo: Repo) -> None:
    repo.write("a.py", b"one\nevil\0\n\0\n")
    repo.git("add", "-A")
    assert added(by_path(staged.read(opened(repo)))[b"a.py"]) == [b"evil\0", b"\0"]


def test_big_file_threshold_hides_nothing(repo: Repo) -> None:
    repo.git("config", "core.bigFileThreshold", "1")
    repo.write("a.py", "evil\n" * 100)
    repo.git("add", "-A")
    assert added(by_path(staged.read(opened(repo)))[b"a.py"]) == [b"evil"] * 100


@pytest.mark.parametrize("where", [".gitmodules", "config"])
def test_ignored_submodule_bump_is_seen(repo: Repo, where: str) -> None:
    first = repo.head()
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{first},sub")
    repo.write(
        ".gitmodules", '[submodule "sub"]\n path = sub\n url = ./x\n ignore = all\n'
    )
    repo.git("add", ".gitmodules")
    repo.git("commit", "-qm", "sub")
    if where == "config":
        repo.git("config", "submodule.sub.ignore", "all")
        repo.git("config", "diff.ignoreSubmodules", "all")
        repo.git("config", "diff.submodule", "log")
    repo.git("update-index", "--cacheinfo", f"160000,{repo.head()},sub")
    (file,) = staged.read(opened(repo)).files
    assert (file.path, file.status, file.new_mode) == (b"sub", "M", MODE_SUBMODULE)
    assert file.is_submodule
    assert added(file) == [f"Subproject commit {repo.head()}".encode()]
    assert file.old is None
    assert file.new is None


@pytest.mark.parametrize("key", ["command", "textconv"])
def test_diff_drivers_do_not_run(repo: Repo, tmp_path: Path, key: str) -> None:
    program, mark = canary(tmp_path)
    repo.git("config", f"diff.x.{key}", str(program))
    repo.git("config", "diff.external", str(program))
    repo.write(".gitattributes", "*.py diff=x\n")
    repo.write("a.py", "one\nevil\n")
    repo.git("add", "-A")
    git = opened(repo, GIT_EXTERNAL_DIFF=str(program))
    assert added(by_path(staged.read(git))[b"a.py"]) == [b"evil"]
    assert not mark.exists()


def test_a_rename_with_an_edit_shows_its_lines(repo: Repo) -> None:
    repo.write("b.py", "x\n" * 30 + "end\n")
    repo.commit()
    repo.git("mv", "b.py", "c.py")
    repo.write("c.py", "x\n" * 30 + "evil\n")
    repo.git("add", "-A")
    (file,) = staged.read(opened(repo)).files
    assert (file.status, file.old_path, file.path) == ("R", b"b.py", b"c.py")
    assert (removed(file), added(file)) == ([b"end"], [b"evil"])


def test_fsmonitor_and_hooks_do_not_run(repo: Repo, tmp_path: Path) -> None:
    program, mark = canary(tmp_path)
    repo.write("a.py", "evil\n")
    repo.git("add", "-A")
    repo.git("config", "core.fsmonitor", str(program))
    repo.git("config", "core.hooksPath", str(tmp_path))
    os.symlink(program, tmp_path / "post-index-change")
    assert added(by_path(staged.read(opened(repo)))[b"a.py"]) == [b"evil"]
    assert not mark.exists()


def test_user_settings_change_no_format(repo: Repo) -> None:
    for key, value in {
        "diff.noprefix": "true", "diff.mnemonicPrefix": "true", "color.ui": "always",
        "color.diff": "always", "diff.context": "5", "diff.interHunkContext": "9",
        "diff.relative": "true", "diff.renames": "false", "diff.algorithm": "patience",
        "diff.orderFile": "nosuch", "diff.suppressBlankEmpty": "true", "core.abbrev": "4",
        "diff.wsErrorHighlight": "all", "diff.colorMoved": "zebra", "core.pager": "false",
    }.items():  # fmt: skip
        repo.git("config", key, value)
    repo.write("a.py", "1\ntwo\n3\n")
    repo.git("add", "-A")
    (file,) = staged.read(opened(repo)).files
    assert [(h.old_start, h.new_start) for h in file.hunks] == [(1, 1), (3, 3)]
    assert added(file) == [b"1", b"3"]


def test_a_nested_bare_repository_is_content(repo: Repo, tmp_path: Path) -> None:
    program, mark = canary(tmp_path)
    bare = Repo.create(repo.path / "fixture", "--bare")
    bare.git("config", "core.fsmonitor", str(program))
    bare.git("config", "core.bare", "false")
    bare.git("config", "core.worktree", str(repo.path))
    bare.write("refs/keep", "")
    bare.write("objects/keep", "")
    repo.git("add", "-A", "-f")
    change = staged.read(opened(repo))
    assert b"fixture/config" in by_path(change)
    from zt_gate.git.errors import GitError

    with pytest.raises(GitError):
        Git.open(repo.path / "fixture", environ(repo))
    assert not mark.exists()


def test_pathspec_magic_is_a_name(repo: Repo) -> None:
    repo.write(":(exclude)a.py", "evil\n")
    repo.write(":(top)", "evil\n")
    repo.write("a.py", "evil\n")
    repo.git("add", "-A")
    seen = by_path(staged.read(opened(repo)))
    assert {path: added(file) for path, file in seen.items()} == {
        b":(exclude)a.py": [b"evil"],
        b":(top)": [b"evil"],
        b"a.py": [b"evil"],
    }


# --- "Also measured" ---


def test_a_missing_blob_is_not_fetched(repo: Repo, tmp_path: Path) -> None:
    program, mark = canary(tmp_path)
    repo.write("a.py", "new\n")
    repo.git("add", "-A")
    oid = repo.git("rev-parse", ":a.py").decode().strip()
    (repo.path / ".git/objects" / oid[:2] / oid[2:]).unlink()
    for key, value in {
        "core.repositoryFormatVersion": "1", "extensions.partialClone": "origin",
        "remote.origin.url": "ssh://example.invalid/x", "remote.origin.promisor": "true",
        "core.sshCommand": str(program), "protocol.allow": "always",
    }.items():  # fmt: skip
        repo.git("config", key, value)
    from zt_gate.git.errors import GitError

    with pytest.raises(GitError):
        staged.read(opened(repo))
    for added_url in (f"ext::{program}", f"file://{tmp_path}/nosuch"):
        repo.git("config", "remote.origin.url", added_url)
        with pytest.raises(GitError):
            staged.read(opened(repo))
    assert not mark.exists()


def test_the_index_cannot_pass_off_a_clean_file_for_the_blob(repo: Repo) -> None:
    """Git reads a work-tree file instead of the blob where the index calls them the same."""
    import hashlib

    repo.write("a.py", "one\nokay\nthree\n")
    os.utime(repo.path / "a.py", (1_700_000_000, 1_700_000_000))
    repo.git("add", "-A")
    clean = bytes.fromhex(repo.git("rev-parse", ":a.py").decode())
    evil = (
        repo.git("hash-object", "-w", "--stdin", stdin=b"one\nevil\nthree\n")
        .decode()
        .strip()
    )
    index = (repo.path / ".git/index").read_bytes()[:-20]
    index = index.replace(clean, bytes.fromhex(evil))
    (repo.path / ".git/index").write_bytes(index + hashlib.sha1(index).digest())
    assert b"+okay" in repo.git("diff", "--cached")  # what git itself would show
    (file,) = staged.read(opened(repo)).files
    assert added(file) == [b"evil"]


def test_what_git_would_commit_counts_not_what_the_index_lists(repo: Repo) -> None:
    """Git commits the tree that the index has cached, whatever its entries are."""
    import hashlib

    trees = []
    for text in ("evil\n", "clean\n"):
        repo.write("a.py", text)
        repo.git("add", "-A")
        trees.append(bytes.fromhex(repo.git("write-tree").decode()))
    index = (repo.path / ".git/index").read_bytes()[:-20].replace(trees[1], trees[0])
    (repo.path / ".git/index").write_bytes(index + hashlib.sha1(index).digest())
    assert b"+clean" in repo.git("diff", "--cached")  # what git itself would show
    (file,) = staged.read(opened(repo)).files
    assert added(file) == [b"evil"]
    repo.git("commit", "-qm", "evil")
    assert repo.git("show", "HEAD:a.py") == b"evil\n"


def test_nothing_is_written_into_the_repository_or_left_behind(
    repo: Repo, tmp_path: Path
) -> None:
    repo.write("new/b.py", "b\n")
    repo.git("add", "-A")
    place = tmp_path / "tmp"
    place.mkdir()
    (repo.path / ".git/index.lock").touch()
    before = {file: file.stat().st_mtime_ns for file in (repo.path / ".git").rglob("*")}
    assert added(
        by_path(staged.read(opened(repo, TMPDIR=str(place))))[b"new/b.py"]
    ) == [b"b"]
    assert {
        file: file.stat().st_mtime_ns for file in (repo.path / ".git").rglob("*")
    } == before
    assert list(place.iterdir()) == []


def test_split_index(repo: Repo) -> None:
    repo.git("update-index", "--split-index")
    repo.write("a.py", "evil\n")
    repo.git("add", "-A")
    (file,) = staged.read(opened(repo)).files
    assert added(file) == [b"evil"]


def test_clean_filters_do_not_run(repo: Repo, tmp_path: Path) -> None:
    program, mark = canary(tmp_path)
    repo.write(".gitattributes", "*.py filter=x\n")
    repo.write("a.py", "evil\n")
    repo.git("add", "-A")
    repo.git("config", "filter.x.clean", str(program))
    repo.git("config", "filter.x.smudge", str(program))
    repo.git("config", "filter.x.process", str(program))
    (repo.path / "a.py").touch()
    file = by_path(staged.read(opened(repo)))[b"a.py"]
    assert file.new is not None
    assert file.new.read() == b"evil\n"
    assert added(file) == [b"evil"]
    assert not mark.exists()


def test_replace_refs_change_nothing(repo: Repo) -> None:
    repo.write("a.py", "evil\n")
    repo.git("add", "-A")
    evil = repo.git("rev-parse", ":a.py").decode().strip()
    clean = repo.git("hash-object", "-w", "--stdin", stdin=b"clean\n").decode().strip()
    repo.git("replace", evil, clean)
    (file,) = staged.read(opened(repo)).files
    assert added(file) == [b"evil"]
    assert file.new is not None
    assert file.new.read() == b"evil\n"


# --- indexes ---


def test_other_index_of_git_commit_file_and_all(repo: Repo, tmp_path: Path) -> None:
    """A real hook: `git commit FILE` and `-a` give it another index."""
    out = tmp_path / "out"
    hook = repo.path / ".git/hooks/pre-commit"
    hook.write_text(
        "#!/bin/sh\n"
        f"PYTHONPATH='{os.getcwd()}' exec '{os.sys.executable}' -c '\n"  # type: ignore[attr-defined]
        "import os, pathlib\n"
        "from zt_gate.git.run import Git\n"
        "from zt_gate.sources import staged\n"
        "change = staged.read(Git.open(pathlib.Path.cwd(), dict(os.environ)))\n"
        f'open("{out}", "wb").write(b",".join(f.path for f in change.files))\n\'\n'
    )
    hook.chmod(0o755)
    repo.write("b.py", "b\n")
    repo.git("add", "b.py")
    repo.write("a.py", "evil\n")
    repo.git("commit", "-qm", "one", "a.py")
    assert out.read_bytes() == b"a.py"
    repo.write("a.py", "worse\n")
    repo.git("commit", "-qam", "two")
    assert out.read_bytes() == b"a.py,b.py"


def test_linked_worktree(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", str(tmp_path / "w"), "-b", "w")
    linked = Repo(tmp_path / "w")
    linked.write("a.py", "evil\n")
    linked.git("add", "-A")
    git = opened(linked)
    assert git.root == linked.path
    assert added(by_path(staged.read(git))[b"a.py"]) == [b"evil"]
    assert staged.read(opened(repo)).files == ()


def test_merge_in_progress(repo: Repo) -> None:
    repo.git("checkout", "-qb", "side")
    repo.write("a.py", "side\n")
    repo.write("clean.py", "c\n")
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.write("a.py", "main\n")
    repo.commit()
    repo.git("merge", "side", check=False)
    seen = by_path(staged.read(opened(repo)))
    assert seen[b"a.py"].incomplete == "it has an unresolved merge conflict"
    assert added(seen[b"clean.py"]) == [b"c"]
    repo.write("a.py", "main\nevil\n")
    repo.git("add", "-A")
    seen = by_path(staged.read(opened(repo)))
    assert added(seen[b"a.py"]) == [b"evil"]
    assert seen[b"a.py"].incomplete == ""


def test_conflict_in_a_file_whose_name_looks_like_a_patch(repo: Repo) -> None:
    name = b"x\ndiff --git a/a.py b/a.py"
    oids = [
        repo.git("hash-object", "-w", "--stdin", stdin=b"%d" % n).strip()
        for n in range(3)
    ]
    entries = b"".join(
        b"100644 %s %d\t%s\0" % (oid, n + 1, name) for n, oid in enumerate(oids)
    )
    repo.git("update-index", "-z", "--index-info", stdin=entries)
    repo.write("a.py", "one\nevil\n")
    repo.git("add", "a.py")
    seen = by_path(staged.read(opened(repo)))
    assert seen[name].incomplete
    assert added(seen[b"a.py"]) == [b"evil"]


@pytest.mark.parametrize("stages", [(1,), (2,), (3,), (2, 3)])
def test_a_conflict_in_a_file_that_head_lacks_is_no_deletion(
    repo: Repo, stages: tuple[int, ...]
) -> None:
    oid = repo.git("hash-object", "-w", "--stdin", stdin=b"evil").strip()
    entries = b"".join(b"100644 %s %d\tnew.py\0" % (oid, stage) for stage in stages)
    repo.git("update-index", "-z", "--index-info", stdin=entries)
    file = by_path(staged.read(opened(repo)))[b"new.py"]
    assert not file.is_deletion
    assert file.incomplete


def test_intent_to_add_has_no_content_yet(repo: Repo) -> None:
    repo.write("b.py", "evil\n")
    repo.git("add", "-N", "b.py")
    repo.write("a.py", "two\n")
    repo.git("add", "a.py")
    seen = by_path(staged.read(opened(repo)))
    assert b"a.py" in seen
    assert b"b.py" not in seen or added(seen[b"b.py"]) == []


# --- kinds of change ---


def test_links_deletions_modes_and_types(repo: Repo) -> None:
    repo.write("gone.py", "bye\n")
    repo.write("run.sh", "echo\n")
    repo.write("turns.py", "text\n")
    os.symlink("a.py", repo.path / "link")
    repo.commit()
    (repo.path / "gone.py").unlink()
    (repo.path / "run.sh").chmod(0o755)
    (repo.path / "turns.py").unlink()
    os.symlink("/etc/passwd", repo.path / "turns.py")
    os.symlink("../../elsewhere", repo.path / "new-link")
    (repo.path / "link").unlink()
    repo.write("link", "now a file\n")
    repo.write("empty.py", "")
    repo.git("add", "-A")
    seen = by_path(staged.read(opened(repo)))
    assert seen[b"gone.py"].is_deletion
    assert removed(seen[b"gone.py"]) == [b"bye"]
    assert seen[b"gone.py"].old_path == b"gone.py"
    assert (seen[b"run.sh"].old_mode, seen[b"run.sh"].new_mode) == (
        MODE_FILE,
        MODE_EXECUTABLE,
    )
    assert seen[b"run.sh"].hunks == ()
    assert (seen[b"turns.py"].status, seen[b"turns.py"].new_mode) == ("T", MODE_SYMLINK)
    assert (removed(seen[b"turns.py"]), added(seen[b"turns.py"])) == (
        [b"text"],
        [b"/etc/passwd"],
    )
    assert added(seen[b"new-link"]) == [b"../../elsewhere"]
    assert seen[b"new-link"].is_symlink
    assert (removed(seen[b"link"]), added(seen[b"link"])) == (
        [b"a.py"],
        [b"now a file"],
    )
    assert (seen[b"empty.py"].status, seen[b"empty.py"].hunks) == ("A", ())


def test_a_file_becomes_a_submodule(repo: Repo) -> None:
    repo.git("rm", "-q", "--cached", "a.py")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.head()},a.py")
    (file,) = staged.read(opened(repo)).files
    assert (file.status, file.new_mode, file.new) == ("T", MODE_SUBMODULE, None)
    assert removed(file) == [b"one", b"two", b"three"]


NAMES = [
    b"new\nline.py", b'quo"te.py', b"back\\slash.py", b"\x1b[31mred.py", b"-rf", b"--output=x",
    b"\xff\xfe.py", b"tab\there", b" lead", b"trail ", b"a b/c d.py", b"diff --git a b", b"::error",
    "\u202egnp.py".encode(), b"a\r", b"%s", b"[x].py", b"*", b"'; touch x",
]  # fmt: skip


@pytest.mark.parametrize("fmt", ["sha1", "sha256"])
def test_hostile_names(tmp_path: Path, fmt: str) -> None:
    repo = Repo.create(tmp_path / "r", f"--object-format={fmt}")
    for number, name in enumerate(NAMES):
        repo.write(name, b"evil %d\n" % number)
    repo.git("add", "-A")
    seen = by_path(staged.read(opened(repo)))
    assert {name: added(seen[name]) for name in seen} == {
        name: [b"evil %d" % number] for number, name in enumerate(NAMES)
    }
    assert all(
        file.new and file.new.read().startswith(b"evil") for file in seen.values()
    )


LINES = [
    b"a\rb", b"a\x0cb", b"a\x0bb", "a\u2028b\u2029c".encode(), b"a\x1cb", b"a\x85b", b"\xc2\x85",
    b"\r", b"@@ -1,1 +1,1 @@", b"diff --git a/a.py b/a.py", b"--- a/a.py", b"+++ b/a.py", b"-- x",
    b"++ x", b"\\ No newline at end of file", b"index 1..2", b"Binary files a and b differ",
    b"\0", b"",
]  # fmt: skip


@pytest.mark.parametrize("end", [b"\n", b""])
def test_hostile_lines(repo: Repo, end: bytes) -> None:
    repo.write("a.py", b"\n".join([*LINES, b"last"]) + end)
    repo.git("add", "-A")
    (file,) = staged.read(opened(repo)).files
    assert [*LINES, b"last"] == added(file)
    assert [line.number for line in file.added_lines()] == list(
        range(1, len(LINES) + 2)
    )


def test_one_very_long_line(repo: Repo) -> None:
    repo.write("a.py", b"x" * 12_000_000)
    repo.git("add", "-A")
    (file,) = staged.read(opened(repo)).files
    assert [len(line) for line in added(file)] == [12_000_000]


def test_digest_names_the_content(repo: Repo) -> None:
    repo.write("a.py", "x\n")
    repo.git("add", "-A")
    first, again = staged.read(opened(repo)), staged.read(opened(repo))
    repo.write("a.py", "y\n")
    repo.git("add", "-A")
    other = staged.read(opened(repo))
    (repo.path / "a.py").chmod(0o755)
    repo.git("add", "-A")
    moded = staged.read(opened(repo))
    assert first.digest == again.digest
    assert len({first.digest, other.digest, moded.digest}) == 3
