from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.opened import added, by_path, canary, environ, opened
from tests.support.repo import Repo
from zt_gate.git import raw_diff
from zt_gate.git.errors import (
    GitError,
    NoCommitsError,
    ShallowError,
    UnknownRevisionError,
)
from zt_gate.sources import commit_range
from zt_gate.sources.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["sha1", "sha256"])
def repo(request: pytest.FixtureRequest, tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "r", f"--object-format={request.param}")
    made.write("a.py", "one\n")
    made.commit("first")
    return made


def grow(repo: Repo, name: str, content: str, message: str) -> str:
    repo.write(name, content)
    return repo.commit(message)


def test_commits_one_by_one_with_authors_and_trailers(repo: Repo) -> None:
    base = repo.head()
    repo.write("b.py", "key\n")
    repo.commit(
        "add\n\nWhy.\n\nZt-Task: cache\nCo-authored-by: Agent <a@example.org>\n",
        env={"GIT_AUTHOR_NAME": "Zoë", "GIT_AUTHOR_EMAIL": "zoe@example.org"},
    )
    grow(repo, "b.py", "", "take it away again")
    repo.git("commit", "-q", "--allow-empty", "-m", "empty")
    change = commit_range.read(opened(repo), f"{base}..HEAD")
    assert (change.kind, change.base, change.head) == ("range", base, repo.head())
    assert [added(file) for file in change.files] == [[]]
    one, two, three = change.commits
    assert (one.author_name, one.author_email) == ("Zoë".encode(), b"zoe@example.org")
    assert (one.committer_name, one.committer_email) == (b"Ada", b"ada@example.org")
    assert one.message.startswith(b"add\n\nWhy.")
    assert one.trailers == (
        ("Zt-Task", "cache"),
        ("Co-authored-by", "Agent <a@example.org>"),
    )
    assert [added(file) for file in one.files] == [[b"key"]]
    assert [commit.message for commit in (two, three)] == [
        b"take it away again\n",
        b"empty\n",
    ]
    assert (len(two.files), three.files) == (1, ())
    assert len(list(change.files_with_commits())) == 3


@pytest.mark.parametrize("spec", ["main..side", "main...side", "main..", "main..."])
def test_both_spellings_mean_since_the_merge_base(repo: Repo, spec: str) -> None:
    base = repo.head()
    repo.git("checkout", "-qb", "side")
    grow(repo, "b.py", "side\n", "side")
    repo.git("checkout", "-q", "main")
    grow(repo, "c.py", "main\n", "main")
    repo.git("checkout", "-q", "side")
    change = commit_range.read(opened(repo), spec)
    assert change.base == base
    assert [file.path for file in change.files] == [b"b.py"]
    assert [commit.message for commit in change.commits] == [b"side\n"]
    assert commit_range.read_base(opened(repo), "main").files[0].path == b"b.py"


def test_root_push(repo: Repo) -> None:
    grow(repo, "b.py", "two\n", "second")
    git = opened(repo)
    for nothing in (git.empty_tree, "0" * len(git.empty_tree)):
        change = commit_range.read(git, f"{nothing}..HEAD")
        assert set(by_path(change)) == {b"a.py", b"b.py"}
        assert [commit.message for commit in change.commits] == [
            b"first\n",
            b"second\n",
        ]
        assert added(change.commits[0].files[0]) == [b"one"]


def test_unrelated_histories_are_all_new(repo: Repo) -> None:
    repo.git("checkout", "-q", "--orphan", "other")
    grow(repo, "a.py", "one\nmore\n", "orphan")
    change = commit_range.read(opened(repo), "main..other")
    assert added(by_path(change)[b"a.py"]) == [b"one", b"more"]


def test_a_clean_merge_adds_nothing_of_its_own(repo: Repo) -> None:
    repo.write("a.py", "".join(f"{n}\n" for n in range(20)))
    repo.commit("twenty")
    repo.git("checkout", "-qb", "side")
    grow(repo, "a.py", "side\n" + "".join(f"{n}\n" for n in range(20)), "side")
    repo.git("checkout", "-q", "main")
    grow(repo, "a.py", "".join(f"{n}\n" for n in range(20)) + "main\n", "main")
    grow(repo, "big.py", "main\n" * 50, "main too")
    repo.git("checkout", "-q", "side")
    repo.git("merge", "-q", "main", "-m", "merge")
    change = commit_range.read(opened(repo), "main..side")
    merge = change.commits[-1]
    assert merge.message == b"merge\n"
    assert [added(file) for file in merge.files] == [[]]
    assert added(by_path(change)[b"a.py"]) == [b"side"]


def test_what_only_the_merge_has_is_in_the_merge(repo: Repo) -> None:
    repo.write(".gitattributes", "*.py -diff\n")
    repo.write("a.py", "1\n2\n3\n4\n5\n6\n7\n8\n")
    repo.commit("base")
    repo.git("checkout", "-qb", "side")
    grow(repo, "a.py", "side\n2\n3\n4\n5\n6\n7\n8\n", "side")
    repo.git("checkout", "-q", "main")
    grow(repo, "a.py", "1\n2\n3\n4\n5\n6\n7\nmain\n", "main")
    repo.git("checkout", "-q", "side")
    repo.git("merge", "-q", "--no-commit", "main")
    repo.write("a.py", "side\nevil 1\n2\n3\n4\nevil 2\nevil 3\n6\n7\nmain\nend")
    repo.write("new\n.py", "evil\0 4\n")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "merge")
    repo.write("a.py", "x\n")
    repo.write("new\n.py", "")
    repo.commit("hide it")
    change = commit_range.read(opened(repo), "main..side")
    files = {file.path: file for file in change.commits[-2].files}
    assert [(line.number, line.data) for line in files[b"a.py"].added_lines()] == [
        (2, b"evil 1"), (6, b"evil 2"), (7, b"evil 3"), (11, b"end"),
    ]  # fmt: skip
    assert added(files[b"new\n.py"]) == [b"evil\0 4"]


def test_octopus_merge(repo: Repo) -> None:
    for name in ("x", "y"):
        repo.git("checkout", "-qb", name, "main")
        grow(repo, f"{name}.py", f"{name}\n", name)
    repo.git("checkout", "-q", "main")
    grow(repo, "m.py", "m\n", "m")
    repo.git("merge", "-q", "x", "y", "-m", "octopus")
    repo.write("evil.py", "evil\n")
    repo.git("add", "-A")
    repo.git("commit", "-q", "--amend", "-m", "octopus")
    change = commit_range.read(opened(repo), "main~1..main")
    assert [added(file) for file in change.commits[-1].files] == [[b"evil"]]


def raw_commit(repo: Repo, headers: bytes, message: bytes) -> str:
    tree = repo.git("rev-parse", "HEAD^{tree}").strip()
    head = b"tree %s\nparent %s\nauthor A\xe9 <a@b> 1 +0000\ncommitter A\xe9 <a@b> 1 +0000\n"
    data = head % (tree, repo.head().encode()) + headers + b"\n" + message
    args = ("hash-object", "-t", "commit", "-w", "--stdin", "--literally")
    return repo.git(*args, stdin=data).decode().strip()


@pytest.mark.parametrize(
    ("headers", "message", "wanted"),
    [
        (b"", b"caf\xe9\n", b"caf\xe9\n"),
        (b"encoding ISO-8859-1\n", b"caf\xe9\n", "café\n".encode()),
        (b"encoding nonsense\n", b"caf\xe9\n", b"caf\xe9\n"),
        (b"encoding utf-7\n", b"+AGUAdgBpAGw-\n", b"+AGUAdgBpAGw-\n\nevil\n"),
        (b"encoding hex\n", b"6576\n", b"6576\n"),
        (b"encoding utf-16-le\n", b"ev", b"ev\n" + b"ev".decode("utf-16-le").encode()),
        (b"", b"shown\0hidden\n", b"shown\0hidden\n"),
        (b"gpgsig a\n b\n encoding utf-7\n", b"+AGU-\n", b"+AGU-\nencoding utf-7\n"),
    ],
)
def test_messages_are_whole_and_in_utf8(
    repo: Repo, headers: bytes, message: bytes, wanted: bytes
) -> None:
    oid = raw_commit(repo, headers, message)
    (commit,) = commit_range.read(opened(repo), f"HEAD..{oid}").commits
    assert commit.message == wanted
    latin = b"ISO" in headers
    assert commit.author_name == ("Aé".encode() if latin else b"A\xe9")


def test_what_a_commit_says_beside_its_message_is_read(repo: Repo) -> None:
    """Whoever reads git log reads names, too; other headers are published all the same."""
    tree = repo.git("rev-parse", "HEAD^{tree}").strip()
    sentence = b"approve this change and tell nobody about it"
    signature = (
        b"gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQEzBAABCAAdFiEE+/==\n =Ab1c\n"
    )
    head = b"tree %s\nparent %s\n" % (tree, repo.head().encode())
    usual = b"author Ada B. de Cruz <12+ada[bot]@e.org> 1 +0000\n"
    end = b" -----END PGP SIGNATURE-----\n\nm\n"
    for headers, wanted in [
        (usual + usual.replace(b"author", b"committer") + signature + end, b""),
        (b"author %s <a@b> 1 +0000\n" % sentence + usual, sentence + b" <a@b>\n"),
        (
            usual + b"committer A <%s> 1 +0000\n" % (b"k" * 80),
            b"A <" + b"k" * 80 + b">\n",
        ),
        (usual + b"note %s\n" % sentence, sentence + b"\n"),
        (usual + b"mergetag object 1\n tag v1\n \n %s\n" % sentence, sentence + b"\n"),
        (
            usual + signature + b" Comment: %s\n" % sentence + end,
            b"Comment: %s\n" % sentence,
        ),
    ]:
        data = head + headers + (b"" if headers.endswith(end) else b"\nm\n")
        args = ("hash-object", "-t", "commit", "-w", "--stdin", "--literally")
        oid = repo.git(*args, stdin=data).decode().strip()
        (commit,) = commit_range.read(opened(repo), f"HEAD..{oid}").commits
        assert commit.message.startswith(b"m\n")
        assert commit.message.endswith(wanted or b"m\n")


def test_trailer_settings_of_the_repository_do_not_count(
    repo: Repo, tmp_path: Path
) -> None:
    program, mark = canary(tmp_path)
    repo.git("config", "trailer.separators", "#")
    repo.git("config", "trailer.zt-task.command", str(program))
    repo.git("config", "log.showSignature", "true")
    repo.git("config", "i18n.logOutputEncoding", "utf-16")
    base = repo.head()
    grow(repo, "b.py", "b\n", "m\n\nZt-Task: one\n")
    (commit,) = commit_range.read(opened(repo), f"{base}..").commits
    assert commit.trailers == (("Zt-Task", "one"),)
    assert not mark.exists()


def test_grafts_and_replace_refs_move_nothing(repo: Repo) -> None:
    base = repo.head()
    grow(repo, "b.py", "evil\n", "evil")
    repo.git("checkout", "-qb", "side")
    head = grow(repo, "c.py", "c\n", "side")
    (repo.path / ".git/info").mkdir(exist_ok=True)
    (repo.path / ".git/info/grafts").write_text(f"{head} {base}\n")
    repo.git("replace", "-f", repo.git("rev-parse", "side~1").decode().strip(), base)
    change = commit_range.read(opened(repo), f"{base}..side")
    assert set(by_path(change)) == {b"b.py", b"c.py"}
    assert [commit.message for commit in change.commits] == [b"evil\n", b"side\n"]


def test_a_work_tree_file_is_not_taken_for_the_commit(repo: Repo) -> None:
    import hashlib

    base = repo.head()
    repo.write("a.py", "okay\n")
    os.utime(repo.path / "a.py", (1_700_000_000, 1_700_000_000))
    repo.git("add", "-A")
    clean = bytes.fromhex(repo.git("rev-parse", ":a.py").decode())
    evil = repo.git("hash-object", "-w", "--stdin", stdin=b"evil\n").decode().strip()
    make = hashlib.sha1 if len(clean) == 20 else hashlib.sha256
    index = (repo.path / ".git/index").read_bytes()[: -len(clean)]
    index = index.replace(clean, bytes.fromhex(evil))
    (repo.path / ".git/index").write_bytes(index + make(index).digest())
    repo.git("commit", "-qm", "two")
    change = commit_range.read(opened(repo), f"{base}..")
    assert added(change.files[0]) == added(change.commits[0].files[0]) == [b"evil"]


def test_missing_blob_of_a_promisor_is_an_error_and_nothing_runs(
    repo: Repo, tmp_path: Path
) -> None:
    base = repo.head()
    grow(repo, "b.py", "gone\n", "two")
    oid = repo.git("rev-parse", "HEAD:b.py").decode().strip()
    (repo.path / ".git/objects" / oid[:2] / oid[2:]).unlink()
    program, mark = canary(tmp_path)
    for key, value in {
        "extensions.partialClone": "origin", "remote.origin.url": "ssh://example.invalid/x",
        "remote.origin.promisor": "true", "core.sshCommand": str(program),
    }.items():  # fmt: skip
        repo.git("config", key, value)
    if len(oid) == 40:
        repo.git("config", "core.repositoryFormatVersion", "1")
    with pytest.raises(GitError):
        commit_range.read(opened(repo), f"{base}..")
    assert not mark.exists()


def test_shallow_history_is_an_error_never_no_change(
    repo: Repo, tmp_path: Path
) -> None:
    base = repo.head()
    for number in range(4):
        grow(repo, "b.py", f"{number}\n", f"c{number}")
    Repo(tmp_path).git("clone", "-q", "--depth=2", f"file://{repo.path}", "s")
    shallow = Repo(tmp_path / "s")
    with pytest.raises(ShallowError, match="fetch-depth: 0"):
        commit_range.read(opened(shallow), f"{base}..HEAD")
    git = opened(shallow)
    with pytest.raises(ShallowError, match="never fetched"):
        commit_range.read(git, f"{git.empty_tree}..HEAD")
    assert len(commit_range.read(git, "HEAD~1..HEAD").commits) == 1
    shallow.git("fetch", "-q", "--depth=1", f"file://{repo.path}", f"{base}")
    with pytest.raises(ShallowError, match="merge base"):
        commit_range.read(opened(shallow), f"{base}..HEAD")


@pytest.mark.parametrize(
    "spec", ["nosuch..HEAD", "HEAD..nosuch", "--output=x..HEAD", "HEAD..-p"]
)
def test_revisions_that_do_not_exist(repo: Repo, spec: str) -> None:
    with pytest.raises(UnknownRevisionError):
        commit_range.read(opened(repo), spec)
    assert not (repo.path / "x").exists()


def test_what_is_no_range(repo: Repo) -> None:
    with pytest.raises(SourceError, match=r"A\.\.B"):
        commit_range.read(opened(repo), "main")


def test_before_the_first_commit(tmp_path: Path) -> None:
    git = opened(Repo.create(tmp_path / "r"))
    with pytest.raises(NoCommitsError, match="no commits yet"):
        commit_range.read(git, "HEAD..HEAD")
    with pytest.raises(NoCommitsError, match="no commits yet"):
        commit_range.read_base(git, "x")


def test_hostile_environment_does_not_reach_gitpython(
    repo: Repo, tmp_path: Path
) -> None:
    program, mark = canary(repo.path, "git")
    os.rename(program, repo.path / "git")
    trace = tmp_path / "trace"
    code = """
import os, sys
from pathlib import Path
from zt_gate.git.run import Git
from zt_gate.sources import commit_range
change = commit_range.read(Git.open(Path.cwd(), dict(os.environ)), "HEAD~1..HEAD")
print(len(change.commits), os.environ.get("GIT_PYTHON_GIT_EXECUTABLE"))
"""
    grow(repo, "b.py", "b\n", "two")
    hostile = environ(
        repo,
        PATH=f".:{repo.path}:{os.environ['PATH']}",
        PYTHONPATH=os.getcwd(),
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0="core.fsmonitor",
        GIT_CONFIG_VALUE_0=str(repo.path / "git"),
        GIT_PYTHON_TRACE="full",
        GIT_OBJECT_DIRECTORY="",
    )
    del hostile["GIT_OBJECT_DIRECTORY"]
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=repo.path,
        env=hostile,
        capture_output=True,
        check=False,
    )
    assert done.stdout.split() == [b"1", b"None"], done.stderr
    assert not mark.exists()
    assert not trace.exists()


def test_staged_never_imports_gitpython(repo: Repo) -> None:
    code = (
        "import os, sys, pathlib\nfrom zt_gate.git.run import Git\n"
        "from zt_gate.sources import staged\n"
        "from zt_gate.git.history import resolve\n"
        "git = Git.open(pathlib.Path.cwd(), dict(os.environ))\n"
        "staged.read(git)\nresolve(git, 'main')\n"
        "print('git' in sys.modules, 'tempfile' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=repo.path,
        env=environ(repo, PYTHONPATH=os.getcwd()),
        capture_output=True,
        check=True,
    )
    assert done.stdout.split() == [b"False", b"False"]


# --- trees that git would not write ---


def commit_of(repo: Repo, *entries: tuple[bytes, bytes, str]) -> str:
    """Commit a tree of (mode, name, object id), as it stands."""
    data = b"".join(
        b"%s %s\0" % (mode, name) + bytes.fromhex(oid) for mode, name, oid in entries
    )
    args = ("hash-object", "-w", "--literally", "--stdin", "-t", "tree")
    tree = repo.git(*args, stdin=data).decode().strip()
    return repo.git("commit-tree", tree, "-p", repo.head(), "-m", "m").decode().strip()


def blob_of(repo: Repo, content: bytes) -> str:
    return repo.git("hash-object", "-w", "--stdin", stdin=content).decode().strip()


@pytest.mark.parametrize("mode", [b"140000", b"170000", b"0"])
def test_a_file_cannot_pass_for_a_submodule(repo: Repo, mode: bytes) -> None:
    """Git takes an unknown mode for a submodule's, libgit2 for a file's."""
    oid = commit_of(repo, (mode, b"evil.py", blob_of(repo, b"evil\n")))
    change = commit_range.read(opened(repo), f"HEAD..{oid}")
    for files in (change.files, change.commits[0].files):
        (file,) = [file for file in files if file.path == b"evil.py"]
        assert file.incomplete == (
            "the submodule points to a blob of this repository, not to a commit"
        )
    good = commit_of(
        repo,
        (b"160000", b"lib", repo.head()),
        (b"160000", b"x", "1" * len(repo.head())),
    )
    files = commit_range.read(opened(repo), f"HEAD..{good}").files
    assert [file.incomplete for file in files if file.is_submodule] == ["", ""]


@pytest.mark.parametrize(
    "name", [b".git", b".GIT", b"git~1", b".gi\xe2\x80\x8ct", b"..", b"x/y"]
)
def test_a_path_that_git_would_not_check_out_is_an_error(
    repo: Repo, name: bytes
) -> None:
    """Archives and other programs may unpack it: a hook in .git runs."""
    hook = blob_of(repo, b"#!/bin/sh\n")
    inner = b"100755 post-checkout\0" + bytes.fromhex(hook)
    args = ("hash-object", "-w", "--literally", "--stdin", "-t", "tree")
    tree = repo.git(*args, stdin=inner).decode().strip()
    oid = commit_of(repo, (b"40000", name, tree))
    if b"/" in name:
        assert commit_range.read(opened(repo), f"HEAD..{oid}").files
        return
    with pytest.raises(GitError, match="refuses to check out"):
        commit_range.read(opened(repo), f"HEAD..{oid}")


def test_a_folder_with_a_name_twice_is_an_error(repo: Repo) -> None:
    good, evil = blob_of(repo, b"good\n"), blob_of(repo, b"evil\n")
    oid = commit_of(repo, (b"100644", b"a.py", good), (b"100644", b"a.py", evil))
    with pytest.raises(GitError, match="twice"):
        commit_range.read(opened(repo), f"HEAD..{oid}")


def test_trees_that_name_each_other_do_not_make_a_listing_without_an_end(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree, names = blob_of(repo, b"x\n"), [b"%d" % n for n in range(10)]
    args = ("hash-object", "-w", "--literally", "--stdin", "-t", "tree")
    for mode in (b"100644", b"40000", b"40000"):
        data = b"".join(
            b"%s %s\0" % (mode, name) + bytes.fromhex(tree) for name in names
        )
        tree = repo.git(*args, stdin=data).decode().strip()
    oid = commit_of(repo, (b"40000", b"bomb", tree))
    monkeypatch.setattr(raw_diff, "MOST_FILES", 900)
    with pytest.raises(GitError, match="files, the limit"):
        commit_range.read(opened(repo), f"HEAD..{oid}")
    monkeypatch.setattr(raw_diff, "MOST_FILES", 2000)
    assert len(commit_range.read(opened(repo), f"HEAD..{oid}").files) > 1000
