"""A text that is no file of the project: what a tool printed, a page, an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.git.spooled_text import Spool
from zt_gate.model.change import (
    MODE_ABSENT,
    MODE_FILE,
    ChangeSet,
    FileChange,
    Hunk,
)
from zt_gate.sources.change_digest import change_digest
from zt_gate.sources.errors import SourceError
from zt_gate.sources.folder_files import spool_content, spooled_blob
from zt_gate.sources.private_objects import PrivateObjects

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.git.run import Git
    from zt_gate.sources.base import SourceInputs

#: The name under which reports show the text.  Markdown, because its comments and
#: elements can hide text, too.
NAME = b"text.md"
#: Bytes of the text: above what the scanners read, so that they can say so.
LIMIT = 32 << 20


def read_change(_git: Git | None, inputs: SourceInputs) -> ChangeSet:
    """Return the text as one added file; raises SourceError if it is too large."""
    source = inputs.patch
    data = source if isinstance(source, bytes) else source.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise SourceError(f"the text is larger than {LIMIT >> 20} MB")
    file = added_file(NAME, data, inputs.workdir)
    return ChangeSet("text", "", "text", change_digest((file,)), (file,))


def added_file(path: bytes, content: bytes, workdir: Path) -> FileChange:
    """Return a new file with this content; ``workdir`` holds it."""
    spool = Spool(workdir)
    body = spool_content(spool, iter([content]))
    nothing = spool_content(spool, iter(()))
    objects = PrivateObjects.create(workdir / "objects", "sha1")
    return FileChange(
        path=path,
        status="A",
        old_mode=MODE_ABSENT,
        new_mode=MODE_FILE,
        new=spooled_blob(body, objects.oid(content)),
        hunks=(Hunk(0, 1, nothing, body),) if body.lines else (),
    )
