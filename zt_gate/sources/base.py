"""What a source of changes is: its line in the registry, and what it is handed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

#: What names the change: nothing, a text, paths, a file or standard input, the name of a
#: file whose content is on standard input, or a commit message.
Value = Literal["none", "text", "paths", "input", "content", "message"]


@dataclass(frozen=True, slots=True)
class ChangeSource:
    """One source, as it is registered.

    ``module`` has ``read_change(git, inputs) -> ChangeSet``; ``git`` is None outside
    a repository.  ``help`` is the help text of the option ``--KIND``, "" for a source
    that the command line does not offer.
    """

    kind: str
    module: str
    value: Value = "none"
    metavar: str = ""
    help: str = ""
    #: False where the change can be read outside a repository, too.
    needs_repository: bool = True
    #: Whether a person waits for the verdict, as in a hook.
    interactive: bool = False
    #: Whether the value names the revision that a change is based on.
    has_base: bool = False
    #: Whether it is text alone: only scanners that read a commit message on its own apply.
    is_text: bool = False
    #: Whether the audit log records it: not what is only drafted or read.
    is_logged: bool = True


@dataclass(frozen=True, slots=True)
class SourceInputs:
    """What the caller names, and a private folder for temporary files.

    ``spec`` is a range, a revision or the name of a file; ``patch`` the patch, the
    content of that file, or a text; ``paths`` files and folders
    below ``folder``; ``message`` a commit message.
    """

    workdir: Path
    folder: Path
    spec: str = ""
    patch: bytes | BinaryIO = b""
    paths: tuple[str, ...] = ()
    message: bytes = b""


def ends_of(spec: str) -> tuple[str, str]:
    """Return both ends of ``A..B`` or ``A...B``; an omitted one, or a missing B, is HEAD."""
    separator = "..." if "..." in spec else ".."
    since, _, until = spec.partition(separator)
    return since or "HEAD", until or "HEAD"
