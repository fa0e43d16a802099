"""A private folder of loose objects, beside those of the repository."""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, Self

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class PrivateObjects:
    """The folder; git reads it as GIT_OBJECT_DIRECTORY."""

    folder: Path
    object_format: str

    @classmethod
    def create(cls, folder: Path, object_format: str) -> Self:
        """Make the folder, which only this user can enter; raises OSError."""
        folder.mkdir(mode=0o700)
        return cls(folder, object_format)

    def oid(self, content: bytes) -> str:
        """Return the object id of a file's content."""
        digest = hashlib.new(self.object_format, usedforsecurity=False)
        digest.update(b"blob %d\0" % len(content))
        digest.update(content)
        return digest.hexdigest()

    def write(self, content: bytes) -> str:
        """Write the object unless it is there; return its id.  Raises OSError."""
        oid = self.oid(content)
        target = self.folder / oid[:2] / oid[2:]
        if not target.exists():
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            target.write_bytes(zlib.compress(b"blob %d\0" % len(content) + content, 1))
        return oid
