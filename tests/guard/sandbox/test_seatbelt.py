"""The profile for macOS, as a text: nobody has tried it there."""

from __future__ import annotations

from zt_gate.guard.sandbox import seatbelt
from zt_gate.guard.sandbox.layers import Seatbelt
from zt_gate.guard.sandbox.rights import Rights

RIGHTS = Rights(
    "/p",
    "/p",
    writable=("/p", "/p/.git"),
    read_only=("/p/.git/hooks",),
    hidden=("/p/deep/secrets", '/p/a"b'),
)
LINES = seatbelt.profile(RIGHTS, ("/own/home",)).splitlines()


def test_everything_is_denied_before_something_is_allowed() -> None:
    assert LINES[:2] == ["(version 1)", "(deny default)"]
    assert LINES[-1] == "(deny network*)"


def test_what_is_denied_comes_after_what_is_allowed() -> None:
    allowed = [n for n, line in enumerate(LINES) if line.startswith("(allow ")]
    for line in (
        '(deny file-write* (subpath "/p/.git/hooks"))',
        '(deny file* (subpath "/p/deep/secrets"))',
    ):
        assert LINES.index(line) > max(allowed)


def test_only_the_project_and_the_own_folders_can_be_written() -> None:
    written = [line for line in LINES if "file-write* (sub" in line and "allow" in line]
    assert written == [
        f'(allow file-read* file-write* (subpath "{path}"))'
        for path in ("/own/home", "/p", "/p/.git")
    ]


def test_a_folder_above_a_protected_path_keeps_its_name() -> None:
    """Rules are by name: another name for the folder would be a way round."""
    for path in ("/p", "/p/.git", "/p/deep"):
        assert f'(deny file-write-unlink (literal "{path}"))' in LINES


def test_a_quotation_mark_in_a_name_ends_no_string() -> None:
    assert '(deny file* (subpath "/p/a\\"b"))' in LINES


def test_a_task_that_only_reads_writes_nothing() -> None:
    rights = Rights("/p", "/p", (), ("/p",), ())
    text = seatbelt.profile(rights, ())
    assert "allow file-read* file-write*" not in text
    assert '(allow file-read* (subpath "/p"))' in text


def test_it_says_that_it_is_untried_and_why_it_cannot_start() -> None:
    layer = Seatbelt("/own")
    assert "untried" in layer.notes(RIGHTS)[0]
    assert layer.lacks(RIGHTS) == "/usr/bin/sandbox-exec is not there"
