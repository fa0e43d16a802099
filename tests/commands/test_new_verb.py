"""A new verb is one file and one line in the tuple: the command line and its help know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.scratch import Scratch

if TYPE_CHECKING:
    from pathlib import Path

VERB = '''"""``zt-gate greet``: a verb that only greets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--name", default="reader")


def main(options: argparse.Namespace) -> int:
    """Greet, and return the exit code."""
    print(f"hello, {options.name}")
    return 0
'''
LINE = '    ("greet", "zt_gate.commands.greet", "greet the reader"),'


def test_the_command_line_knows_it(tmp_path: Path) -> None:
    scratch = Scratch.create(tmp_path)
    scratch.write("zt_gate/commands/greet.py", VERB)
    scratch.add_entry("zt_gate/commands/__init__.py", "COMMANDS", LINE)
    assert scratch.gate("greet", "--name", "you").stdout == "hello, you\n"
    help_text = scratch.gate("--help").stdout
    assert "greet      greet the reader" in help_text
    assert "greet" in scratch.gate("gret").stderr
    assert "--name" in scratch.gate("greet", "--help").stdout
