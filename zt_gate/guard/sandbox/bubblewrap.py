"""The command line of bubblewrap for a sandbox (bwrap(1))."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.guard.sandbox.rights import Rights

#: Folders of the system that programs need; the others are absent.
_SYSTEM = ("/usr", "/opt", "/nix/store", "/gnu/store", "/snap")
_ROOT_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
#: Of /etc only what tells programs how to run; no credential is among it.
_SETTINGS = (
    "alternatives", "ca-certificates", "ca-certificates.conf", "claude-code", "codex",
    "debian_version", "fonts", "group", "inputrc", "java", "ld.so.cache", "ld.so.conf",
    "ld.so.conf.d", "locale.conf", "localtime", "login.defs", "lsb-release", "machine-id",
    "magic", "manpath.config", "mime.types", "nsswitch.conf", "os-release", "passwd", "pki",
    "profile", "python3", "services", "ssl", "terminfo", "timezone", "zt-gate",
)  # fmt: skip
_PLACES = ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap")
#: Where the sandbox has the proxy's socket, and the settings of its first process.
PROXY_PLACE = "/run/zt-gate-proxy"


def program() -> str:
    """Return bubblewrap's path, "" if it is not installed.

    ``PATH`` is not searched: the project could have brought a program of that name.
    """
    for place in _PLACES:
        if os.access(place, os.X_OK):
            return place
    beside = os.path.join(os.path.dirname(sys.executable), "bwrap")
    return beside if os.access(beside, os.X_OK) else ""


def command_line(
    bwrap: str, rights: Rights, home: str, proxy: str, settings: int
) -> list[str]:
    """Return the whole command; ``settings`` is the descriptor that ``init`` reads.

    ``home`` is the path of the new, empty home; ``proxy`` is the socket outside, "" for
    none.
    """
    init = os.path.join(os.path.dirname(__file__), "init.py")
    words = [
        bwrap,
        "--unshare-all",
        "--die-with-parent",
        "--as-pid-1",
        "--hostname",
        "sandbox",
        "--cap-drop",
        "ALL",
        "--clearenv",
    ]
    words += _system()
    words += ["--proc", "/proc", "--dev", "/dev"]
    words += ["--tmpfs", "/tmp", "--tmpfs", "/run", "--dir", home]  # noqa: S108
    words += ["--tmpfs", home]
    if rights.state:
        words += ["--bind", *rights.state]
    for source, inside in rights.home_files:
        words += ["--ro-bind", source, inside]
    words += _project(rights)
    for place in interpreter_places():
        words += ["--ro-bind", place, place]
    if proxy:
        words += ["--bind", proxy, PROXY_PLACE]
    words += ["--chdir", rights.cwd, "--"]
    return [*words, sys.executable, "-I", init, str(settings)]


def _system() -> Iterator[str]:
    for place in _SYSTEM:
        if os.path.isdir(place):
            yield from ("--ro-bind", place, place)
    for place in _ROOT_LINKS:
        if os.path.islink(place):
            yield from ("--symlink", os.readlink(place), place)
        elif os.path.isdir(place):
            yield from ("--ro-bind", place, place)
    for name in _SETTINGS:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")


def system_places() -> list[str]:
    """Return what of the system a sandboxed command may read, as paths that exist."""
    settings = [f"/etc/{name}" for name in _SETTINGS]
    places = (*_SYSTEM, *_ROOT_LINKS, *settings)
    return [place for place in places if os.path.exists(place)]


def _project(rights: Rights) -> Iterator[str]:
    """Mount the project: a folder before what lies in it, and what is hidden last."""
    mounts = dict.fromkeys(rights.read_only, "--ro-bind")
    for place in rights.writable:
        # Read-only wins where both name the same path, but the root is only the frame.
        if place not in mounts or place == rights.root:
            mounts[place] = "--bind"
    for place in sorted(mounts, key=lambda path: (path.count(os.sep), path)):
        yield from (mounts[place], place, place)
    for place in rights.hidden:
        if os.path.isdir(place) and not os.path.islink(place):
            yield from ("--tmpfs", place)
        elif not os.path.islink(place):
            yield from ("--ro-bind", os.devnull, place)


def interpreter_places() -> list[str]:
    """Return the folders of Python and of these programs that are not the system's."""
    places = {
        os.path.realpath(path)
        for path in (sys.prefix, sys.base_prefix, os.path.dirname(__file__))
    }
    return sorted(place for place in places if not place.startswith(_SYSTEM))


def missing() -> str:
    """Return what to do where bubblewrap is not installed."""
    if shutil.which("apt-get"):
        return "run: sudo apt-get install bubblewrap"
    return "install bubblewrap with the system's package manager"
