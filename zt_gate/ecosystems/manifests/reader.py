"""The reader of one manifest format: what its module offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.ecosystems.manifests.lock_content import LockContent


@dataclass(frozen=True, slots=True)
class Reader:
    """The reader of one manifest format.

    ``read(path, data)`` returns the dependencies of the file in their order; it
    raises ManifestError and nothing else, whatever the bytes are.
    ``provided_names(data)``, for lock files that have it, returns the names that
    locked packages provide or replace.  ``lock(path, data)``, for lock files, returns
    their whole content, of which ``read`` returns the dependencies.
    """

    name: str
    read: Callable[[bytes, bytes], tuple[Dependency, ...]]
    provided_names: Callable[[bytes], frozenset[str]] | None = None
    lock: Callable[[bytes, bytes], LockContent] | None = None
