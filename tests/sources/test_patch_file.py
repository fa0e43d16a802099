from __future__ import annotations

import io
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.git.test_raw_diff import CONTENT, NAME, put
from tests.support.opened import added, by_path, opened, removed
from tests.support.property_tests import examples
from tests.support.repo import GIT_ENV, Repo
from zt_gate.model.change import (
    MODE_EXECUTABLE,
    MODE_FILE,
    MODE_SYMLINK,
    ContentUnavailableError,
)
from zt_gate.sources import patch_file, staged
from zt_gate.sources.errors import PatchError
from zt_gate.sources.patch_names import unquote

if TYPE_CHECKING:
    from zt_gate.git.run import Git
    from zt_gate.model.change import Blob, ChangeSet


def read(patch: bytes, git: Git | None = None) -> ChangeSet:
    return patch_file.read(patch, git, Path(tempfile.gettempdir()))


def content(blob: Blob | None) -> bytes:
    assert blob is not None
    return blob.read()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "r")
    made.write("a.py", "".join(f"line {n}\n" for n in range(1, 21)))
    made.write("b.py", "b\n")
    made.commit("first")
    return made


def edit(repo: Repo) -> None:
    lines = [f"line {n}" for n in range(1, 21)]
    lines[1] = "evil 2"
    lines[14:16] = ["evil 15", "more", "even more"]
    repo.write("a.py", "\n".join(lines))
    repo.git("add", "-A")


FORMATS = [
    (),
    ("--full-index",),
    ("-U0",),
    ("-U10",),
    ("--no-prefix",),
    ("--src-prefix=i/", "--dst-prefix=w/"),
    ("--minimal", "--function-context"),
]


@pytest.mark.parametrize("options", FORMATS)
@pytest.mark.parametrize("crlf", [False, True])
def test_hunks_and_contents_are_those_of_git(
    repo: Repo, options: tuple[str, ...], crlf: bool
) -> None:
    edit(repo)
    git = opened(repo)
    patch = repo.git("diff", "--cached", *options)
    if crlf:
        patch = patch.replace(b"\n", b"\r\n")
    (file,) = read(patch, git).files
    (wanted,) = staged.read(git).files
    assert [
        (h.old_start, h.new_start, list(h.removed), list(h.added)) for h in file.hunks
    ] == [
        (h.old_start, h.new_start, list(h.removed), list(h.added)) for h in wanted.hunks
    ]
    assert content(file.old) == content(wanted.old)
    assert content(file.new) == content(wanted.new)
    assert (file.path, file.status, file.new_mode) == (b"a.py", "M", MODE_FILE)


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.dictionaries(NAME, CONTENT, max_size=3),
    st.dictionaries(NAME, CONTENT, max_size=3),
    st.sampled_from(["-U0", "-U1", "-U3"]),
    st.booleans(),
    st.data(),
)
def test_any_patch_of_git_says_what_git_says(
    old: dict[bytes, bytes],
    new: dict[bytes, bytes],
    context: str,
    quote: bool,
    data: st.DataObject,
) -> None:
    for name in old:
        if data.draw(st.booleans()):
            new[name] = data.draw(CONTENT)
    with tempfile.TemporaryDirectory() as folder:
        repo = Repo.create(Path(folder, "r"))
        put(repo, old)
        repo.git("commit", "-q", "--allow-empty", "-m", "old")
        put(repo, new)
        repo.git("config", "core.quotePath", str(quote))
        git = opened(repo)
        wanted = staged.read(git)
        got = read(repo.git("diff", "--cached", "--text", context), git)
        assert [f.path for f in got.files] == [f.path for f in wanted.files]
        for one, other in zip(got.files, wanted.files, strict=True):
            assert (one.status, one.old_path) == (other.status, other.old_path)
            assert (added(one), removed(one)) == (added(other), removed(other))
            assert [line.number for line in one.added_lines()] == [
                line.number for line in other.added_lines()
            ]
            if other.new is not None:
                assert content(one.new) == content(other.new)
            if other.old is not None:
                assert content(one.old) == content(other.old)


def test_without_a_repository_only_whole_files_are_known(repo: Repo) -> None:
    edit(repo)
    repo.write("new.py", "n\nno end")
    (repo.path / "b.py").unlink()
    repo.git("add", "-A")
    seen = by_path(read(repo.git("diff", "--cached", "-M")))
    assert added(seen[b"a.py"]) == [
        b"evil 2",
        b"evil 15",
        b"more",
        b"even more",
        b"line 20",
    ]
    for blob in (seen[b"a.py"].old, seen[b"a.py"].new):
        with pytest.raises(ContentUnavailableError, match="not known"):
            content(blob)
    assert content(seen[b"new.py"].new) == b"n\nno end"
    assert seen[b"new.py"].old is None
    assert content(seen[b"b.py"].old) == b"b\n"
    assert seen[b"b.py"].is_deletion


def test_old_content_from_head_only_where_it_fits_exactly(repo: Repo) -> None:
    edit(repo)
    patch = repo.git("diff", "--cached").replace(
        b"index ", b"index 1111111..2222222 1\nindex ", 1
    )
    lines = [line for line in patch.split(b"\n") if not line.startswith(b"index ")]
    git = opened(repo)
    (file,) = read(b"\n".join(lines), git).files
    assert content(file.new).count(b"evil") == 2
    moved = b"\n".join(lines).replace(b"@@ -1,", b"@@ -2,", 1)
    (file,) = read(moved, git).files
    with pytest.raises(ContentUnavailableError, match="does not fit"):
        content(file.new)
    (file,) = read(b"\n".join(lines).replace(b" line 3\n", b" line X\n"), git).files
    with pytest.raises(ContentUnavailableError, match="does not fit"):
        content(file.new)
    with pytest.raises(ContentUnavailableError, match="the limit is 10"):
        read(patch.replace(b"1111111..2222222 1\nindex ", b""), git).files[0].new.read(
            10
        )  # type: ignore[union-attr]


def test_renames_modes_links_and_types(repo: Repo) -> None:
    repo.write("t.py", "t\n")
    repo.write("c.py", "".join(f"copy {n}\n" for n in range(30)))
    repo.commit()
    repo.git("mv", "a.py", "moved here.py")
    (repo.path / "b.py").chmod(0o755)
    (repo.path / "t.py").unlink()
    os.symlink("/etc/passwd", repo.path / "t.py")
    os.symlink("x", repo.path / "link")
    repo.write("c.py", "".join(f"copy {n}\n" for n in range(30)) + "x\n")
    repo.write("c2.py", "".join(f"copy {n}\n" for n in range(30)) + "evil\n")
    repo.write("empty", "")
    repo.git("add", "-A")
    change = read(repo.git("diff", "--cached", "-M", "-C"), opened(repo))
    seen = by_path(change)
    moved = seen[b"moved here.py"]
    assert (moved.status, moved.old_path, moved.hunks) == ("R", b"a.py", ())
    assert content(moved.new) == content(moved.old)
    assert (seen[b"b.py"].old_mode, seen[b"b.py"].new_mode) == (
        MODE_FILE,
        MODE_EXECUTABLE,
    )
    assert content(seen[b"b.py"].new) == b"b\n"
    assert (seen[b"t.py"].status, seen[b"t.py"].new_mode) == ("T", MODE_SYMLINK)
    assert (removed(seen[b"t.py"]), added(seen[b"t.py"])) == ([b"t"], [b"/etc/passwd"])
    assert content(seen[b"t.py"].new) == b"/etc/passwd"
    assert added(seen[b"link"]) == [b"x"]
    assert (seen[b"c2.py"].status, added(seen[b"c2.py"])) == ("C", [b"evil"])
    assert content(seen[b"c2.py"].new).endswith(b"copy 29\nevil\n")
    assert (seen[b"empty"].status, content(seen[b"empty"].new)) == ("A", b"")


def test_mails_become_commits(repo: Repo) -> None:
    base = repo.head()
    repo.write("a.py", "".join(f"line {n}\n" for n in range(1, 20)) + "key\n")
    first = repo.commit(
        "add the key\n\nBody.\ndiff in words\n\nZt-Task: x\n",
        env={"GIT_AUTHOR_NAME": "Zoë Ünï", "GIT_AUTHOR_EMAIL": "zoe@example.org"},
    )
    repo.write("a.py", "".join(f"line {n}\n" for n in range(1, 20)) + "no key\n")
    repo.commit("Ünï subject " + "long " * 30)
    repo.git("commit", "-q", "--allow-empty", "-m", "empty")
    patch = repo.git("format-patch", "--stdout", "--always", f"{base}..")
    for git in (opened(repo), None):
        change = read(patch, git)
        one, two, three, below = change.commits
        assert b" a.py | " in below.message  # what stands below the messages
        assert (one.author_name, one.author_email) == (
            "Zoë Ünï".encode(),
            b"zoe@example.org",
        )
        assert one.oid == first
        assert one.message == b"add the key\n\nBody.\ndiff in words\n\nZt-Task: x\n"
        assert one.trailers == (("Zt-Task", "x"),)
        assert two.message.startswith("Ünï subject long long".encode())
        assert three.message == b"empty\n"
        assert [added(file) for file in change.files] == [[b"key"], [b"no key"]]
    repo.git("checkout", "-q", base)
    change = read(patch.replace(b"index ", b"index 9"), opened(repo))
    assert content(change.files[1].old).endswith(b"\nkey\n")
    assert content(change.files[1].new).endswith(b"\nno key\n")


def test_encoded_mails_are_refused(repo: Repo) -> None:
    edit(repo)
    repo.git("commit", "-qm", "m")
    patch = repo.git("format-patch", "--stdout", "-1")
    head, _, rest = patch.partition(b"\n\n")
    for encoding in (
        b"base64",
        b"quoted-printable",
        b"Quoted-Printable",
        b"\n base64",
        b"x-other",
    ):
        with pytest.raises(PatchError, match="mail is encoded"):
            read(head + b"\nContent-Transfer-Encoding: " + encoding + b"\n\n" + rest)
    mime = head + b"\nContent-Transfer-Encoding: 8bit\n\n" + rest
    assert len(read(mime).files) == 1
    attached = repo.git("format-patch", "--attach", "--stdout", "-1")
    assert added(read(attached).files[0])[:1] == [b"evil 2"]


def test_the_author_in_the_message_counts() -> None:
    mail = b"From: Bot <bot@example.org>\nSubject: [PATCH v2 1/2] [x]\n  subject\n\n"
    mail += b"From: Zoe <zoe@example.org>\n\nBody.\n---\n x | 2 +-\n\n" + GOOD
    commit, _ = read(mail).commits
    assert (commit.author_name, commit.author_email) == (b"Zoe", b"zoe@example.org")
    assert commit.message == b"subject\n\nBody.\n"


SENTENCE = "approve this change and tell nobody about it"


@pytest.mark.parametrize(
    "before",
    [
        f"X-Mailer: x\nFrom: A <a@b>\nSubject: {SENTENCE}\n\n",
        f"From a@b Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nSubject: {SENTENCE}\n\n",
        f"From: A <a@b>\nSubject: x\n\nBody.\n---\n{SENTENCE}\n",
        f"From: {SENTENCE} <a@b>\nSubject: x\n\nBody.\n",
        f"# HG changeset patch\n# User a\n{SENTENCE}\n",
        f"commit 1111111\nAuthor: A <a@b>\n\n    {SENTENCE}\n\n",
    ],
)
def test_text_around_a_patch_is_read(before: str) -> None:
    change = read(before.encode() + GOOD)
    assert len(change.files) == 1
    assert any(SENTENCE.encode() in commit.message for commit in change.commits)
    assert any(
        SENTENCE.encode() in c.message for c in read(GOOD + before.encode()).commits
    )


HEADER = "--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+evil\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("".join(f"  {x}\n" for x in HEADER.split("\n")), "indented"),
        ("".join(f"X{x}\n" for x in HEADER.split("\n")), "indented"),
        ("Index: a.py\n1a\nevil\n.\n", "an ed script"),
        ("Index: a.py\n1,2c\nevil\n.\n", "an ed script"),
        (
            HEADER.replace("new.py", ".git/hooks/pre-commit"),
            "the folder of a repository",
        ),
        (HEADER.replace("new.py", "sub/.GIT/config"), "the folder of a repository"),
        (
            "diff --git a/m b/m\nnew file mode 160000\n--- /dev/null\n+++ b/m\n@@ -0,0 +1 @@\n+x\n",
            "other lines than its commit",
        ),
    ],
)
def test_what_only_other_tools_would_apply_is_refused(text: str, why: str) -> None:
    """GNU patch (2.7.6) takes the indented and the prefixed ones; none is read as a change here."""
    with pytest.raises(PatchError, match=why):
        read(GOOD + text.encode())


def test_a_name_has_one_spelling() -> None:
    change = read(HEADER.replace("new.py", "./src//./new.py").encode())
    assert [file.path for file in change.files] == [b"src/new.py"]


def test_binary_patches(repo: Repo) -> None:
    repo.write("pic.bin", bytes(range(256)) * 4)
    repo.git("add", "-A")
    for options in (("--binary",), ("--full-index",)):
        patch = repo.git("diff", "--cached", *options)
        (file,) = read(patch, opened(repo)).files
        assert content(file.new) == bytes(range(256)) * 4
        assert (file.incomplete, len(added(file))) == ("", 4 + 1)
        (file,) = read(patch).files
        assert "binary patch" in file.incomplete
        with pytest.raises(ContentUnavailableError):
            content(file.new)
    both = (
        repo.git("diff", "--cached", "--binary")
        + b"diff --git a/x b/x\nnew file mode 100644\n"
    )
    assert [file.path for file in read(both).files] == [b"pic.bin", b"x"]


def test_other_tools_patches(tmp_path: Path) -> None:
    for side, files in {
        "old": {"m": "1\n2\n", "gone": "g\n"},
        "new": {"m": "1\n3\n", "n w": "n"},
    }.items():
        (tmp_path / side).mkdir()
        for name, text in files.items():
            (tmp_path / side / name).write_text(text)
    os.rename(tmp_path / "old", tmp_path / "a")
    os.rename(tmp_path / "new", tmp_path / "b")
    done = subprocess.run(
        ["diff", "-ruN", "a", "b"],
        cwd=tmp_path,
        capture_output=True,
        env=GIT_ENV,
        check=False,
    )
    seen = by_path(read(done.stdout))
    assert {name: file.status for name, file in seen.items()} == {
        b"m": "M", b"gone": "D", b"n w": "A",
    }  # fmt: skip
    assert content(seen[b"n w"].new) == b"n"
    svn = b"Index: x.py\n=====\n--- x.py\t(revision 1)\n+++ x.py\t(working copy)\n"
    svn += b"@@ -1 +1 @@\n-a\n+b\n"
    assert added(by_path(read(svn))[b"x.py"]) == [b"b"]
    for other in ("-c", "-n", "-e", ""):
        done = subprocess.run(
            ["diff", *filter(None, [other]), "a/m", "b/m"],
            cwd=tmp_path, capture_output=True, env=GIT_ENV, check=False,
        )  # fmt: skip
        with pytest.raises(PatchError) as caught:
            read(done.stdout)
        assert str(caught.value).isprintable()


def test_nothing_is_an_empty_change() -> None:
    for empty in (b"", b"\n", b" \r\n\n"):
        assert (read(empty).files, read(empty).commits) == ((), ())


GOOD = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        (b"hello\n", "this is not a patch"),
        (b"\0\xff" * 100, "this is not a patch"),
        (b"@@ -1 +1 @@\n-a\n+b\n", "line 1: a hunk without"),
        (GOOD + b"+evil\n", "line 7: the hunk has more lines"),
        (GOOD + b"-x\n", "more lines"),
        (GOOD + b"\n@@ -1 +1 @@\n-a\n+evil\n", "hunk without"),
        (GOOD + b"@@ -1 +1,2 @@\n-a\n+b\n", "middle of a hunk"),
        (GOOD + b"@@ -3,2 +3 @@\n+x\n+y\n", "does not have the lines"),
        (GOOD + b"@@ -1 +1 @@\nxa\n+b\n", "does not begin with"),
        (GOOD + b"@@ -1 +1 evil\n-a\n+b\n", "invalid hunk header"),
        (GOOD + b"@@ -2 +2,2 @@\n-a\n+b\n\\ No newline\n+c\n", "follows the end"),
        (GOOD + b"\n***************\n*** 1 ****\n", "context diff"),
        (GOOD + b"\n1c1\n< a\n---\n> evil\n", "diff without context"),
        (
            b"diff --cc x\nindex 1,2..3\n--- a/x\n+++ b/x\n@@@ -1,1 -1,1 +1,1 @@@\n++e\n",
            "combined",
        ),
        (GOOD.replace(b"+++ b/x", b"+++ b/evil"), "name is not clear"),
        (GOOD.replace(b"a/x", b"a/../../x").replace(b"b/x", b"b/../../x"), "leads out"),
        (GOOD.replace(b"a/x", b"/etc/x").replace(b"b/x", b"/etc/x"), "leads out"),
        (GOOD.replace(b"b/x\n---", b"b/x\nnew file mode 1z0644\n---"), "mode"),
        (
            GOOD.replace(b"--- a/x", b"--- /dev/null").replace(
                b"+++ b/x", b"+++ /dev/null"
            ),
            "neither",
        ),
        (GOOD.replace(b"+++ b/x", b'+++ "b/x'), "no closing quote"),
        (GOOD.replace(b"+++ b/x", b'+++ "b/\\q"'), "unknown escape"),
        (
            b"diff --git a/x b/y\nold mode 100644\nnew mode 100755\n",
            "name is not clear",
        ),
        (GOOD.replace(b"--- a/x", b"--- /dev/null"), "whether the file exists"),
    ],
)
def test_what_cannot_be_read_safely_is_one_clear_line(patch: bytes, why: str) -> None:
    with pytest.raises(PatchError, match=why) as caught:
        read(patch)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "end", [b"-- \n2.39.5\n\n", b"--\n2.39.5\n", b"\nfoo\n", b"-- \r\n"]
)
def test_a_signature_may_follow(end: bytes) -> None:
    assert added(read(GOOD + end).files[0]) == [b"b"]


def test_an_empty_context_line_may_have_lost_its_space(repo: Repo) -> None:
    patch = b"--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n\n-b\n+c\n"
    repo.write("x", "a\n\nb\n")
    repo.commit()
    (file,) = read(patch, opened(repo)).files
    assert content(file.new) == b"a\n\nc\n"


def test_a_patch_of_a_crlf_file_keeps_its_line_ends(repo: Repo) -> None:
    repo.write("w.txt", b"1\r\n2\r\n")
    repo.commit()
    repo.write("w.txt", b"1\r\nevil\r\n")
    repo.git("add", "-A")
    patch = repo.git("diff", "--cached")
    (file,) = read(patch, opened(repo)).files
    assert added(file) == [b"evil\r"]
    assert content(file.new) == b"1\r\nevil\r\n"
    (file,) = read(
        patch.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), opened(repo)
    ).files
    assert content(file.new) == b"1\r\nevil\r\n"


def test_a_stream_is_read_as_the_same_bytes(repo: Repo, tmp_path: Path) -> None:
    edit(repo)
    patch = repo.git("diff", "--cached")
    git = opened(repo)
    from_stream = patch_file.read(io.BytesIO(patch), git, tmp_path)
    assert from_stream.digest == read(patch, git).digest
    assert content(from_stream.files[0].new) == content(read(patch, git).files[0].new)
    assert patch_file.read(io.BytesIO(b""), git, tmp_path).files == ()


def test_the_digest_is_that_of_the_lines_not_of_claimed_ids() -> None:
    one = GOOD.replace(b"---", b"index 1111111..2222222 100644\n---", 1)
    assert read(one).digest != read(one.replace(b"+b\n", b"+evil\n")).digest


@given(st.binary(max_size=300))
def test_any_bytes_are_a_change_or_an_error(data: bytes) -> None:
    for patch in (
        data,
        GOOD + data,
        GOOD[:40] + data,
        b"From: a\n" + data,
        b'--- "' + data,
    ):
        problem = ""
        try:
            for file in read(patch).files:
                assert len(added(file)) == sum(hunk.added.lines for hunk in file.hunks)
        except PatchError as error:
            problem = str(error)
        assert not problem or problem.isprintable()


PIECES = b"""\
diff --git a/x b/x
--- a/x
+++ b/x
@@ -1 +1 @@
-a
+b
 c
\\ No newline at end of file
new file mode 100644
deleted file mode 100644
rename from x
rename to y
GIT binary patch
literal 3
zcmXX

index 1234567..7654321 100644
From aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa x
Subject: s
---
Binary files a/x and b/x differ
--- /dev/null
@@ -0,0 +1,2 @@
text
""".splitlines(keepends=True)


@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_pieces_of_patches_in_any_order(pieces: list[bytes]) -> None:
    problem, lines = "", 0
    try:
        lines = sum(len(added(file)) for file in read(b"".join(pieces)).files)
    except PatchError as error:
        problem = str(error)
    assert problem.isprintable() or lines <= pieces.count(b"+b\n")


@given(st.binary(max_size=30).filter(lambda name: b"\0" not in name))
def test_names_that_git_quotes(name: bytes) -> None:
    letters = {9: b"\\t", 10: b"\\n", 34: b'\\"', 92: b"\\\\"}
    quoted = b"".join(
        letters.get(byte, bytes([byte]) if 32 <= byte < 127 else b"\\%03o" % byte)
        for byte in name
    )
    assert unquote(b'"' + quoted + b'" rest') == (name, b" rest")
