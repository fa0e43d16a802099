"""The commands that install packages, and how their arguments are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class InstallTool:
    """How the arguments of one installing command are read.

    The first ``name_words`` words of the command are its name.  At most
    ``max_packages`` arguments are packages.  ``value_options`` take a value, ``flags``
    do not.  The value of ``package_options`` is a package; with ``requirement_options``
    it replaces the first argument.  The value of ``index_options`` is an index.
    ``accepts_at_version``: a version may follow an ``@``.  ``comma_separated``: one
    argument may name several packages.  ``needs_version``: without a version nothing is
    installed.  ``is_create``: as ``npm create``, it installs
    the package ``create-NAME``.
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
    needs_version: bool = False


@dataclass(frozen=True, slots=True)
class InstallTools:
    """The installing commands of one ecosystem.

    ``commands`` maps the words of a command to its tool; a tool without a name
    installs nothing.  ``value_options`` are the options with a value that may precede
    the subcommand.
    """

    commands: Mapping[tuple[str, ...], InstallTool]
    value_options: frozenset[str] = frozenset()


def plain_tool(
    command: str,
    ecosystem: str,
    value_options: str = "",
    *,
    title: str = "",
    max_packages: int = 1000,
) -> tuple[tuple[str, ...], InstallTool]:
    """Return an entry of the table for a command whose arguments are ``NAME@VERSION``.

    ``value_options`` are separated by spaces.  ``title`` is the command in messages,
    if it differs from the form that is compared.
    """
    words = tuple(command.split())
    tool = InstallTool(
        title or command,
        ecosystem,
        name_words=len(words),
        max_packages=max_packages,
        value_options=frozenset(value_options.split()),
    )
    return words, tool
