"""The log: chained lines, one writer at a time, links not followed."""

from __future__ import annotations

import io
import multiprocessing
import os
import resource
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.audit import chain

if TYPE_CHECKING:
    from pathlib import Path


def written(lines: int) -> bytes:
    """Return the content of a log with this number of lines."""
    prev, data = chain.GENESIS_HASH, b""
    for number in range(1, lines + 1):
        entry = {
            "verdict": "pass",
            "note": "é\n\x00" * number,
            "v": 1,
            "seq": number,
            "prev": prev,
        }
        line, prev = chain._line(entry)
        data += line
    return data


def head(data: bytes) -> str:
    return chain.verify(io.BytesIO(data)).head


def refused(data: bytes, expect: str = "") -> bool:
    try:
        chain.verify(io.BytesIO(data), expect)
    except chain.LogError:
        return True
    return False


WHOLE = written(5)
LINES = WHOLE.splitlines(keepends=True)


def test_the_log_reads_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "log"
    heads = [chain.append(path, {"number": number}) for number in range(3)]
    with chain.open_to_read(path) as file:
        assert [entry["number"] for entry, _ in chain.entries(file)] == [0, 1, 2]
    with chain.open_to_read(path) as file:
        assert chain.verify(file) == chain.Verified(3, heads[-1])
    assert path.stat().st_mode & 0o777 == 0o600


@given(at=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255))
def test_any_changed_byte_is_found(at: int, byte: int) -> None:
    changed = WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :]
    assert refused(changed) is (changed != WHOLE)


@given(at=st.integers(0, len(WHOLE)), text=st.binary(min_size=1, max_size=20))
def test_inserted_bytes_are_found(at: int, text: bytes) -> None:
    assert refused(WHOLE[:at] + text + WHOLE[at:])


@given(start=st.integers(0, len(WHOLE)), end=st.integers(0, len(WHOLE)))
def test_removed_bytes_are_found(start: int, end: int) -> None:
    start, end = sorted((start, end))
    left = WHOLE[:start] + WHOLE[end:]
    # Only a stored head shows that whole lines at the end are missing.
    assert refused(left, head(WHOLE)) is (left != WHOLE)
    if end < len(WHOLE):
        assert refused(left) is (left != WHOLE)


@given(st.permutations(range(len(LINES))), st.integers(0, len(LINES) - 1))
def test_lines_that_were_moved_or_written_twice_are_found(
    order: list[int], twice: int
) -> None:
    moved = b"".join(LINES[number] for number in order)
    assert refused(moved) is (moved != WHOLE)
    assert refused(WHOLE + LINES[twice])


def test_a_stored_head_stays_valid_while_the_log_grows() -> None:
    kept = head(b"".join(LINES[:3]))
    assert not refused(WHOLE, kept)
    assert refused(b"".join(LINES[:2]), kept)
    assert refused(b"", kept)
    assert not refused(WHOLE, chain.GENESIS_HASH)


def test_a_new_chain_does_not_have_the_stored_head() -> None:
    assert refused(written(4), head(WHOLE))


def _writes(path: Path, name: str) -> None:
    for number in range(25):
        chain.append(path, {"by": name, "number": number, "text": "x" * 5000})


def test_many_writers_at_once_leave_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "log"
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_writes, args=(path, name)) for name in "abcd"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    with chain.open_to_read(path) as file:
        assert chain.verify(file).lines == 100


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "log").write_bytes(b"")
    (tmp_path / "folder").symlink_to(tmp_path / "real")
    (tmp_path / "log").symlink_to(tmp_path / "real" / "log")
    os.link(tmp_path / "real" / "log", tmp_path / "twin")
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder/log", "log", "twin", "pipe", "real"):
        with pytest.raises(chain.LogError):
            chain.append(tmp_path / name, {})
    assert (tmp_path / "real" / "log").read_bytes() == b""
    for name in ("log", "pipe"):
        with pytest.raises(chain.LogError):
            chain.open_to_read(tmp_path / name)


def test_a_file_that_other_users_can_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log"
    chain.append(path, {})
    path.chmod(0o622)
    with pytest.raises(chain.LogError, match="another user"):
        chain.append(path, {})


def test_folders_are_created_only_below_the_top(tmp_path: Path) -> None:
    with pytest.raises(chain.LogError, match="cannot be opened"):
        chain.append(tmp_path / "a" / "log", {})
    chain.append(tmp_path / "a" / "b" / "log", {}, top=tmp_path)
    assert (tmp_path / "a" / "b" / "log").exists()


def test_nothing_is_appended_to_an_incomplete_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for rest in (WHOLE[:-10], WHOLE + b"{", b"text\n"):
        path.write_bytes(rest)
        path.chmod(0o600)
        with pytest.raises(chain.LogError, match="is incomplete"):
            chain.append(path, {})
        assert path.read_bytes() == rest


def test_a_full_disk_leaves_no_incomplete_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    chain.append(path, {})
    before = path.read_bytes()
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(
            resource.RLIMIT_FSIZE, (len(before) + 100, len(before) + 100)
        )
        try:
            chain.append(path, {"text": "x" * 5000})
        except chain.LogError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    assert path.read_bytes() == before


@given(st.binary(max_size=400))
def test_any_bytes_give_a_result_or_a_log_error(data: bytes) -> None:
    assert refused(data) is (data != b"")
