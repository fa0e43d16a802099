from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.opened import added, by_path, opened, removed
from tests.support.property_tests import examples
from tests.support.repo import Repo
from zt_gate.git.blobs import BlobStore
from zt_gate.git.errors import GitError
from zt_gate.git.raw_diff import DiffReader, read_changes
from zt_gate.git.spooled_text import Spool
from zt_gate.sources import staged

if TYPE_CHECKING:
    from zt_gate.model.change import FileChange

NAME = st.binary(min_size=1, max_size=12).filter(
    lambda name: (
        not set(name) & {0, 0x2F}
        and name.lower() not in {b".", b"..", b".git", b"git~1"}
    )
)
# Lines that look like a patch, beside any bytes.
LINE = st.one_of(
    st.binary(max_size=20).map(lambda data: data.replace(b"\n", b"")),
    st.sampled_from(
        [b"", b"+", b"-", b"\\ No newline at end of file", b"diff --git a/x b/x", b"@@ -1 +1 @@",
         b"+++ b/x", b"--- a/x", b"index 0000000..1111111", b"\r", b"a\x0cb", "\u2028".encode(),
         b"a\x85b", b":100644 100644 0000000 0000000 M\0x\0", b"* Unmerged path x", b"\0"]
    ),
)  # fmt: skip
CONTENT = st.builds(
    lambda lines, end: b"\n".join(lines) + (b"\n" if end and lines else b""),
    st.lists(LINE, max_size=12),
    st.booleans(),
)


def put(repo: Repo, contents: dict[bytes, bytes]) -> None:
    """Set the index to exactly these files, whatever their names are."""
    repo.git("read-tree", "--empty")
    entries = b""
    for name, content in contents.items():
        oid = repo.git(
            "hash-object", "-w", "--stdin", "--no-filters", stdin=content
        ).strip()
        entries += b"100644 %s\t%s\0" % (oid, name)
    repo.git("update-index", "-z", "--index-info", stdin=entries)


def rebuilt(file: FileChange, old: bytes) -> bytes:
    """Apply the hunks to the old content: they must say all of the change."""
    lines = old.split(b"\n")
    tail = lines.pop()
    keep = [line + b"\n" for line in lines] + ([tail] if tail else [])
    result: list[bytes] = []
    at = 0
    for hunk in file.hunks:
        start = hunk.old_start - 1 if hunk.removed.lines else hunk.old_start
        result += keep[at:start]
        took = keep[start : start + hunk.removed.lines]
        assert b"".join(took) == hunk.removed.store.read(
            hunk.removed.offset, hunk.removed.length
        )
        assert list(hunk.removed) == [line.removesuffix(b"\n") for line in took]
        new_at = (sum(map(len, [*result])) and b"".join(result).count(b"\n") + 1) or 1
        if hunk.added.lines:
            assert hunk.new_start == new_at
        result.append(hunk.added.store.read(hunk.added.offset, hunk.added.length))
        assert len(list(hunk.added)) == hunk.added.lines
        at = start + hunk.removed.lines
    return b"".join(result + keep[at:])


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.dictionaries(NAME, CONTENT, max_size=4),
    st.dictionaries(NAME, CONTENT, max_size=4),
    st.data(),
)
def test_any_names_and_contents_come_back(
    old: dict[bytes, bytes], new: dict[bytes, bytes], data: st.DataObject
) -> None:
    for name in old:
        if data.draw(st.booleans()):
            new[name] = data.draw(CONTENT)
    with tempfile.TemporaryDirectory() as folder:
        repo = Repo.create(Path(folder, "r"))
        put(repo, old)
        repo.git("commit", "-q", "--allow-empty", "-m", "old")
        put(repo, new)
        change = staged.read(opened(repo))
        seen = by_path(change)
        renamed = {file.old_path for file in change.files if file.status == "R"}
        for name in old.keys() | new.keys():
            if old.get(name) == new.get(name):
                assert name not in seen
            elif name in new:
                file = seen[name]
                before = b"" if file.old_path is None else old[file.old_path]
                assert rebuilt(file, before) == new[name]
                assert file.new is not None
                assert file.new.read() == new[name]
            else:
                assert name in renamed or (
                    seen[name].is_deletion and not added(seen[name])
                )


def reader(data: bytes, step: int = 7) -> DiffReader:
    stream = io.BytesIO(data)
    return DiffReader(lambda _size: stream.read(step))


A, B = "a" * 40, "b" * 40
LISTING = f":100644 100644 {A} {B} M\0x\0\0".encode()
HEADER = f"diff --git a/x b/x\nindex {A}..{B} 100644\n--- a/x\n+++ b/x\n".encode()


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_small_reads_make_no_difference(tmp_path: Path, step: int) -> None:
    body = b"".join(b"+line %d\n" % number for number in range(200))
    data = (
        LISTING
        + HEADER
        + b"@@ -3,2 +3,200 @@ f\n-a\n-b\n"
        + body
        + b"\\ No newline at end of file\n"
    )
    store = BlobStore(opened(Repo.create(tmp_path / "r")))
    (file,) = read_changes(reader(data, step), Spool(), store)
    assert removed(file) == [b"a", b"b"]
    assert added(file) == [b"line %d" % number for number in range(200)]
    assert (
        not file.hunks[0]
        .added.store.read(0, file.hunks[0].added.length)
        .endswith(b"\n")
    )


@pytest.mark.parametrize(
    "data",
    [
        LISTING,
        LISTING + b"nothing\n",
        LISTING[:-1] + HEADER,
        LISTING[:20],
        LISTING + HEADER.replace(B.encode(), A.encode()),
        LISTING + HEADER + b"@@ -1 +1 @@\n-a\n",
        LISTING + HEADER + b"@@ -1 +1 @@\n-a\n b\n",
        LISTING + HEADER + b"@@ -1 +1,2 @@\n-a\n+b\n",
        LISTING + HEADER + b"@@ -1 x +1,2 @@\n-a\n+b\n",
        LISTING + HEADER + b"Binary files a/x and b/x differ\n",
        b":100644 100644 a\0x\0\0",
        b":100644 10z644 a b M\0x\0\0",
        f":100644 100644 {A} {B} Q\0x\0\0".encode() + HEADER,
    ],
)
def test_what_git_never_writes_is_an_error(tmp_path: Path, data: bytes) -> None:
    store = BlobStore(opened(Repo.create(tmp_path / "r")))
    with pytest.raises(GitError):
        read_changes(reader(data), Spool(), store)


@given(st.binary(max_size=200))
def test_no_input_does_anything_but_parse_or_say_so(data: bytes) -> None:
    store = BlobStore(None)  # type: ignore[arg-type]
    for whole in (
        data,
        LISTING + HEADER + data,
        LISTING + HEADER + b"@@ -1 +1,3 @@\n" + data,
    ):
        problem = ""
        try:
            read_changes(reader(whole), Spool(), store)
        except GitError as error:
            problem = str(error)
        assert not problem or problem.isprintable()


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="needs Linux's /proc"
)
def test_many_lines_need_little_memory(tmp_path: Path) -> None:
    import subprocess
    import sys

    repo = Repo.create(tmp_path / "r")
    repo.write(
        "big.txt",
        b"".join(b"line number %d of a big file\n" % n for n in range(1_000_000)),
    )
    repo.git("add", "-A")
    code = """
import os, sys
from pathlib import Path
from zt_gate.git.run import Git
from zt_gate.sources import staged
def peak():  # ru_maxrss would count the parent's memory from before exec
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])
before = peak()
change = staged.read(Git.open(Path(sys.argv[1]), dict(os.environ)))
count = sum(1 for line in change.files[0].added_lines())
print(count, peak() - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, repo.path],
        capture_output=True,
        check=True,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": os.getcwd(),
        },
    )
    count, kilobytes = map(int, done.stdout.split())
    assert count == 1_000_000
    assert 0 < kilobytes < 64 * 1024


@pytest.mark.parametrize("at", [b":100644 100644 \xe2", b"index \xd4"])
def test_object_ids_that_are_no_ascii_are_what_git_does_not_write(at: bytes) -> None:
    """Found by bench/fuzz.py: they were an exception that nobody expects."""
    listing = (
        b":100644 100644 " + b"1" * 40 + b" " + b"2" * 40 + b" M\0a\0\0"
        b"diff --git a/a b/a\nindex " + b"1" * 40 + b".." + b"2" * 40 + b" 100644\n"
        b"--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+y\n"
    )
    head = at[:-1]
    assert head in listing
    broken = listing.replace(head + (b"1" if head.endswith(b" ") else b""), at, 1)
    with pytest.raises(GitError):
        opened(
            read_changes(DiffReader(io.BytesIO(broken).read), Spool(), BlobStore(None))
        )  # type: ignore[arg-type]
