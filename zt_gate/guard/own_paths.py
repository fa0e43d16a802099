"""What no session may change: state, log, settings and program of guard, gate and clients."""

from __future__ import annotations

import os
import sys

from zt_gate.guard import clients
from zt_gate.guard.repository import surroundings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.places import GuardPlaces

_PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def own_paths(places: GuardPlaces, root: str) -> tuple[str, ...]:
    """Return absolute paths, for a project with the real path ``root``."""
    home = places.home
    found = [
        os.path.dirname(places.state),
        os.path.join(home, ".local", "state", "zt-gate"),
        os.path.join(home, ".config", "zt-gate"),
        os.path.join(home, ".cache", "zt-gate"),
        places.managed,
        "/etc/zt-gate",
        "/var/lib/zt-gate",
        "/usr/local/libexec/zt-gate-approve",
        _PACKAGE,
        os.path.join(os.path.dirname(sys.executable), "zt-gate"),
    ]
    for name in clients.names():
        for path in clients.client(name).own_paths:
            if path.startswith("~/"):
                found.append(os.path.join(home, path[2:]))
            elif path.startswith("./"):
                found.append(os.path.join(root, path[2:]))
            else:
                found.append(path)
    found += _repository(root)
    return tuple(dict.fromkeys(found))


def _repository(root: str) -> list[str]:
    """Return the repository's folder where it is not called ``.git`` (``.bare``)."""
    place = surroundings(root)
    folders = dict.fromkeys((place.common, place.git_folder))
    return [
        folder
        for folder in folders
        if folder and folder != root and ".git" not in folder.split(os.sep)
    ]
