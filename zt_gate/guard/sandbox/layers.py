"""The ways in which this machine can hold a command, the best one first."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Any, Protocol

from zt_gate.guard.sandbox import (
    bubblewrap,
    landlock,
    landlock_rules,
    seatbelt,
    seccomp,
)
from zt_gate.guard.sandbox.seccomp_alone import rules as rules_alone
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zt_gate.guard.sandbox.rights import Rights

#: The new home inside; no path of the real one.
HOME = "/home/agent"
INIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "init.py")
_PACKAGE = os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
)


class Layer(Protocol):
    """One way; ``name`` is what a person calls it."""

    @property
    def name(self) -> str:
        """The name of what holds."""

    def lacks(self, rights: Rights, /) -> str:
        """Return what is missing for it and how to get that, "" if nothing is."""

    def words(self, rights: Rights, proxy: str, settings: int, /) -> list[str]:
        """Return the command line; ``proxy`` is a socket, ``settings`` a descriptor."""

    def settings(self, rights: Rights, proxy: str, /, *, asks: bool) -> dict[str, Any]:
        """Return what the first process is told besides command, limits and variables.

        ``asks``: its filter asks for connections to the broker.
        """

    def variables(self) -> Mapping[str, str]:
        """Return the variables that name its own folders."""

    def notes(self, rights: Rights, /) -> Sequence[str]:
        """Return what a person should know: what works differently in this way."""

    def is_alone(self) -> bool:
        """Whether it has no namespaces: names of files are seen, and no more of them."""


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Namespaces by bubblewrap, and the filter of system calls."""

    name: str = "bubblewrap"

    def lacks(self, _rights: Rights, /) -> str:
        """Return how to get bubblewrap, "" if it is installed."""
        if bubblewrap.program():
            return ""
        return f"bubblewrap is not installed: {bubblewrap.missing()}"

    def words(self, rights: Rights, proxy: str, settings: int, /) -> list[str]:
        """Return the command line of bubblewrap."""
        return bubblewrap.command_line(
            bubblewrap.program(), rights, HOME, proxy, settings
        )

    def settings(self, _rights: Rights, proxy: str, /, *, asks: bool) -> dict[str, Any]:
        """Return the filter, and where the proxy is inside."""
        first = seccomp.broker_rules() if asks else ()
        return {
            "filter": seccomp.filter_program(first=first).hex(),
            "processor": seccomp.processor(),
            "proxy": bubblewrap.PROXY_PLACE if proxy else "",
        }

    def variables(self) -> Mapping[str, str]:
        """Return the home and the folder for temporary files."""
        return {"HOME": HOME, "TMPDIR": "/tmp"}  # noqa: S108 - the sandbox's own

    def notes(self, _rights: Rights, /) -> Sequence[str]:
        """Return nothing: this is how it is meant to be."""
        return ()

    def is_alone(self) -> bool:
        """Return False."""
        return False


@dataclass(frozen=True, slots=True)
class Landlock:
    """Landlock and a longer filter of system calls, below a folder made for it."""

    folder: str
    name: str = "landlock"

    def lacks(self, _rights: Rights, /) -> str:
        """Return which kernel is needed, "" if this one will do."""
        found = landlock.version() if sys.platform == "linux" else 0
        if found >= landlock.NEEDED:
            return ""
        return (
            f"this kernel has Landlock {found or 'switched off or not built in'}, and "
            f"{landlock.NEEDED} is needed: Linux 6.12 or newer with lsm=landlock,..."
        )

    def words(self, rights: Rights, _proxy: str, settings: int, /) -> list[str]:
        """Return the command line of the supervisor; makes the folders."""
        make_home(self.folder, rights)
        # The package's folder comes last: a module of its neighbours must not come first.
        program = (
            "import os, sys; sys.path.append(sys.argv[1]);"
            "from zt_gate.guard.sandbox.supervisor import main;"
            "code = main(int(sys.argv[2])); sys.stdout.flush(); sys.stderr.flush();"
            "os._exit(code)"
        )
        return [sys.executable, "-I", "-c", program, _PACKAGE, str(settings)]

    def settings(self, rights: Rights, proxy: str, /, *, asks: bool) -> dict[str, Any]:
        """Return rules and filter."""
        first = rules_alone(connects=bool(proxy))
        if asks:
            first = [*seccomp.broker_rules(), *first]
        return {
            "filter": seccomp.filter_program(first=first).hex(),
            "processor": seccomp.processor(),
            "rules": landlock_rules.rules_of(rights, own_folders(self.folder)),
            "own_process": landlock.READ,
            "proxy": proxy,
            "cwd": rights.cwd,
        }

    def variables(self) -> Mapping[str, str]:
        """Return the home and the folder for temporary files."""
        return own_variables(self.folder)

    def notes(self, rights: Rights, /) -> Sequence[str]:
        """Return what holds, and where nothing new can be made."""
        differs = "it cannot make terminals and servers, or change modes of files"
        notes = [f"Landlock holds the command, without namespaces: {differs}"]
        closed = landlock_rules.closed_folders(rights)
        if closed:
            more = f" and {len(closed) - 5} more" if len(closed) > 5 else ""
            notes.append(
                f"nothing new can be made directly in {', '.join(closed[:5])}{more}: "
                "something in there is protected"
            )
        return notes

    def is_alone(self) -> bool:
        """Return True."""
        return True


@dataclass(frozen=True, slots=True)
class Seatbelt:
    """The sandbox of macOS.  It is untried, and holds tasks without hosts alone."""

    folder: str
    name: str = "seatbelt"

    def lacks(self, rights: Rights, /) -> str:
        """Return what macOS lacks, "" if nothing."""
        if not os.access(seatbelt.PROGRAM, os.X_OK):
            return f"{seatbelt.PROGRAM} is not there"
        if rights.hosts:
            return "on macOS a task with hosts in its network cannot be held yet"
        return ""

    def words(self, rights: Rights, _proxy: str, settings: int, /) -> list[str]:
        """Return the command line of ``sandbox-exec``; makes the folders."""
        make_home(self.folder, rights)
        text = seatbelt.profile(rights, own_folders(self.folder))
        return [seatbelt.PROGRAM, "-p", text, sys.executable, "-I", INIT, str(settings)]

    def settings(self, rights: Rights, _proxy: str, /, *, asks: bool) -> dict[str, Any]:
        """Return that there is no filter, which could ask."""
        del asks
        return {"filter": "", "proxy": "", "cwd": rights.cwd}

    def variables(self) -> Mapping[str, str]:
        """Return the home and the folder for temporary files."""
        return own_variables(self.folder)

    def notes(self, _rights: Rights, /) -> Sequence[str]:
        """Return that nobody has tried it."""
        return ("the sandbox of macOS is untried: do not rely on it",)

    def is_alone(self) -> bool:
        """Return True."""
        return True


def own_folders(folder: str) -> tuple[str, str]:
    """Return the home, and the folder for temporary files, below a private folder."""
    return os.path.join(folder, "home"), os.path.join(folder, "tmp")


def own_variables(folder: str) -> dict[str, str]:
    """Return the variables that name them."""
    home, temporary = own_folders(folder)
    # What may not be read is an error to git, other than what is absent.
    return {"HOME": home, "TMPDIR": temporary, "GIT_CONFIG_NOSYSTEM": "1"}


def make_home(folder: str, rights: Rights) -> None:
    """Make these folders, with copies of the files that the client needs."""
    home, temporary = own_folders(folder)
    for path in (home, temporary):
        os.makedirs(path, 0o700, exist_ok=True)
    for source, inside in rights.home_files:
        place = inside.replace(HOME, home, 1)
        os.makedirs(os.path.dirname(place), 0o700, exist_ok=True)
        if not os.path.lexists(place):
            shutil.copyfile(source, place)
            os.chmod(place, 0o600)


#: The names of the ways, for people and tests; "" takes the first that holds.
NAMES = ("bubblewrap", "landlock", "seatbelt")


def layers(
    folder: str, name: str = "", platform: str = sys.platform
) -> tuple[Layer, ...]:
    """Return the ways to try in their order; ``folder`` is new and private."""
    found: tuple[Layer, ...] = (Bubblewrap(), Landlock(folder))
    if platform == "darwin":
        found = (Seatbelt(folder),)
    return tuple(layer for layer in found if name in {"", layer.name})
