"""The tools that install packages when they are run: how their arguments read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class InstallTool:
    """How the arguments of one installing command read.

    ``words`` of the command are its own name.  At most ``most`` arguments are
    packages.  ``values`` are options that take a value, ``packages`` those
    whose value is a package (with ``instead``, one that stands for the first
    argument), ``indexes`` those that name an index.  ``at``: a version may
    stand behind an ``@``.  ``commas``: one word may name several.
    """

    name: str
    ecosystem: str
    name_words: int = 2
    max_packages: int = 1000
    value_options: frozenset[str] = frozenset()
    package_options: frozenset[str] = frozenset()
    requirement_options: frozenset[str] = frozenset()
    index_options: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    accepts_at_version: bool = False
    comma_separated: bool = False
    is_create: bool = False


@dataclass(frozen=True, slots=True)
class InstallTools:
    """The installing commands of one ecosystem.

    ``commands`` maps the words of a command to its tool.  ``values`` are the
    options with a value that may stand between a program and its subcommand.
    """

    commands: Mapping[tuple[str, ...], InstallTool]
    value_options: frozenset[str] = frozenset()


def plain_tool(
    command: str, ecosystem: str, values: str = "", *, title: str = "", most: int = 1000
) -> tuple[tuple[str, ...], InstallTool]:
    """Return an entry of the table for a command whose arguments are ``NAME@VERSION``.

    ``values`` are its options with a value, separated by spaces; ``title`` is how the
    command is written where that is not how it is compared.
    """
    words = tuple(command.split())
    name = title or command
    return words, InstallTool(
        name, ecosystem, len(words), most, frozenset(values.split())
    )
