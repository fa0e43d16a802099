"""An environment with its installed packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from zt_gate.ecosystems.manifests.base import Dependency

#: The most packages of an environment; more are a mistake, or an attack on the reader.
MOST_PACKAGES = 100_000


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """One package; ``entry`` has an exact version, and ``place`` says where it lies.

    The place is a path below the environment, for people.
    """

    entry: Dependency
    place: str


@dataclass(frozen=True, slots=True)
class Environment:
    """What is installed.

    ``kind`` names the kind for people.  ``problems`` are the places that should hold a
    package and cannot be read, one sentence each.
    """

    kind: str
    packages: tuple[InstalledPackage, ...]
    problems: tuple[str, ...] = ()
