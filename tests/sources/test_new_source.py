"""A new source is one file and one line in the tuple: the command line and the policy know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.scratch import Scratch

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = '''"""The change of one commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.sources.commit_range import read

if TYPE_CHECKING:
    from zt_gate.git.run import Git
    from zt_gate.model.change import ChangeSet
    from zt_gate.sources.base import SourceInputs


def read_change(git: Git | None, inputs: SourceInputs) -> ChangeSet:
    """Return the change of ``inputs.spec`` against its first parent."""
    assert git is not None
    return read(git, f"{inputs.spec}~1..{inputs.spec}")
'''
LINE = (
    '    ChangeSource("commit", "zt_gate.sources.commit", "text", "REV", "one commit"'
    ", has_base=True),"
)


def test_the_command_line_reads_it(tmp_path: Path) -> None:
    scratch = Scratch.create(tmp_path)
    scratch.write("zt_gate/sources/commit.py", SOURCE)
    scratch.add_entry("zt_gate/sources/__init__.py", "SOURCES", LINE)
    scratch.repo.write("a.txt", "hello\n")
    scratch.repo.commit()
    report = scratch.scan("--commit", "HEAD", "--scanner", "secrets")
    assert report["verdict"] == "pass"
    assert report["runs"][0]["inspected"] == {"files": 1, "lines": 1}
    assert "--commit REV" in scratch.gate("scan", "--help").stdout
    both = scratch.gate("scan", "--commit", "HEAD", "--staged")
    assert both.returncode == 2
    assert "not allowed with" in both.stderr


def test_an_unknown_source_is_a_usage_error(tmp_path: Path) -> None:
    import pytest

    from zt_gate.errors import UsageError
    from zt_gate.sources import source_named

    with pytest.raises(UsageError, match="unknown source 'commit'; sources: staged, "):
        source_named("commit")
