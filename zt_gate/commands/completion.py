"""``zt-gate completion SHELL``: print a completion script for a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

_SHELLS = ("bash", "zsh", "fish")


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "shell",
        choices=_SHELLS,
        help='in bash: eval "$(zt-gate completion bash)"; others: docs/shell.md',
    )


def main(options: Namespace) -> int:
    """Print the script; returns 0."""
    from zt_gate.commands import completion_scripts
    from zt_gate.commands.command_tree import command_tree
    from zt_gate.commands.listing import print_lines

    return print_lines(completion_scripts.SCRIPTS[options.shell](command_tree()))
