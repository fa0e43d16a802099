"""Codex's patches as writes of files."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.guard.action import WriteFile
from zt_gate.guard.clients import codex_patch
from zt_gate.guard.clients.hook_event import Unread

if TYPE_CHECKING:
    from pathlib import Path


def patch(*lines: str) -> str:
    return "\n".join(("*** Begin Patch", *lines, "*** End Patch"))


def test_files_are_added_removed_updated_and_moved(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello\nworld\n")
    folder = str(tmp_path)
    text = patch(
        "*** Add File: new.txt", "+first", "+", "*** Delete File: old.txt",
        "*** Update File: a.txt", "*** Move to: b.txt", "@@", "-hello", "+bye", " world",
    )  # fmt: skip
    assert codex_patch.writes(text, folder) == (
        WriteFile("new.txt", folder, b"first\n\n", b"first\n\n"),
        WriteFile("old.txt", folder, None),
        WriteFile("a.txt", folder, None),
        WriteFile("b.txt", folder, b"bye\nworld\n", b"bye\n"),
    )


def test_a_hunk_begins_after_its_context_line(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def a():\n    return 1\ndef b():\n    return 1\n")
    text = patch(
        "*** Update File: a.py", "@@ def b():", "-    return 1", "+    return 2",
        "*** End of File",
    )  # fmt: skip
    (write,) = codex_patch.writes(text, str(tmp_path))
    assert write.content == b"def a():\n    return 1\ndef b():\n    return 2\n"


def test_lines_without_old_ones_go_to_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    (write,) = codex_patch.writes(
        patch("*** Update File: a.txt", "@@", "+two"), str(tmp_path)
    )
    assert write.content == b"one\ntwo\n"


def test_a_hunk_without_a_place_leaves_the_added_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    text = patch("*** Update File: a.txt", "@@", "-nowhere", "+two")
    (write,) = codex_patch.writes(text, str(tmp_path))
    assert (write.content, write.fragment) == (None, b"two\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rm -rf /",
        patch(),
        patch("*** Add File: "),
        patch("*** Add File: a", "no mark"),
        patch("*** Delete File: a", "+line"),
        patch("*** Rename File: a"),
        patch("*** Update File: a", "=line"),
        patch("*** Add File: a\0b", "+x"),
        "*** Begin Patch\n*** Add File: a\n+x\n*** End Patch\nrm -rf /",
    ],
)
def test_what_is_no_patch_is_not_read(text: str) -> None:
    with pytest.raises(Unread):
        codex_patch.writes(text, "/w")


ADD = patch("*** Add File: a.txt", "+$(id)")


def test_a_command_that_only_applies_a_patch_is_its_writes() -> None:
    expected = (WriteFile("a.txt", "/w/sub", b"$(id)\n", b"$(id)\n"),)
    command = f"cd sub && apply_patch <<'EOF'\n{ADD}\nEOF\n"
    assert codex_patch.of_command(command, "/w") == expected
    assert codex_patch.of_command(f'applypatch << "P"\n{ADD}\nP', "/w/sub/") == (
        WriteFile("a.txt", "/w/sub/", b"$(id)\n", b"$(id)\n"),
    )


@pytest.mark.parametrize(
    "command",
    [
        "ls",
        f"apply_patch <<EOF\n{ADD}\nEOF",  # the shell would expand its text
        f"apply_patch <<'EOF'\n{ADD}\nEOF\nrm -rf ~",
        f"apply_patch <<'EOF'\n{ADD}\nEOF\nrm -rf ~\nEOF",
        f"apply_patch <<'EOF' && id\n{ADD}\nEOF",
        f"apply_patch <<'EOF'\n{ADD}\nEOF; id",
        f"cd $(id) && apply_patch <<'EOF'\n{ADD}\nEOF",
        f"PATH=. apply_patch <<'EOF'\n{ADD}\nEOF",
        'apply_patch "$(cat p)"',
    ],
)
def test_other_commands_with_a_patch_stay_commands(command: str) -> None:
    assert codex_patch.of_command(command, "/w") is None


@given(st.lists(st.sampled_from(
    ["*** Begin Patch", "*** End Patch", "*** Add File: a", "*** Update File: b",
     "*** Delete File: c", "*** Move to: d", "*** End of File", "@@", "@@ x", "+x", "-x",
     " x", "", "EOF", "apply_patch <<'EOF'", "junk"]
), max_size=12))  # fmt: skip
def test_any_lines_are_writes_or_unread(lines: list[str]) -> None:
    with suppress(Unread):
        assert codex_patch.writes("\n".join(lines), "/nowhere")
    with suppress(Unread):
        codex_patch.of_command("\n".join(lines), "/nowhere")


@given(st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=8), st.data())
def test_an_exact_hunk_is_applied_as_written(
    lines: list[str], data: st.DataObject
) -> None:
    """The old lines at a place are replaced, and everything around stays."""
    import tempfile
    from pathlib import Path

    start = data.draw(st.integers(0, len(lines)))
    end = data.draw(st.integers(start, len(lines)))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "f").write_text("".join(f"{line}\n" for line in lines))
        hunk = [*(f" {line}" for line in lines[:start]),
                *(f"-{line}" for line in lines[start:end]), "+new",
                *(f" {line}" for line in lines[end:])]  # fmt: skip
        (write,) = codex_patch.writes(patch("*** Update File: f", "@@", *hunk), folder)
    expected = [*lines[:start], "new", *lines[end:]]
    assert write.content == "".join(f"{line}\n" for line in expected).encode()
