from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.offenders import each_of
from zt_gate.git.unsafe_names import is_unsafe_path


@each_of(
    "path",
    [
        b".git", b"a/.git/config", b".GiT/x", b"git~1", b"GIT~1/x", b".git ", b".git...",
        b".git::$DATA",
        "a/.g\u200cit/x".encode(), "\ufeff.git".encode(), b"a\\.git\\hooks", b"..", b"a/../b",
        b"./a", b"a//b", b"",
    ],
)  # fmt: skip
def test_unsafe_path(path: bytes) -> None:
    assert is_unsafe_path(path)


@each_of(
    "path",
    [
        b"a", b".gitignore", b".github/x", b"git", b"x.git", b"a/git~2", b"...", b".. ", b"a\\b",
        b" ", b"caf\xe9/.gitmodules", "\u200c".encode(),
    ],
)  # fmt: skip
def test_honest_names(path: bytes) -> None:
    assert not is_unsafe_path(path)


@given(st.binary())
def test_any_bytes(path: bytes) -> None:
    assert is_unsafe_path(path + b"/.git")
    assert isinstance(is_unsafe_path(path), bool)
