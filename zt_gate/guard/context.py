"""What a judgement needs to know besides the action."""

from __future__ import annotations

import os

from zt_gate.guard.task import NARROWEST, Task
from zt_gate.record import field, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


@record(frozen=True, slots=True)
class GuardContext:
    """The surroundings of a session.

    ``root`` is the real path of the project (the repository's work tree, or the folder
    that the session began in).  ``home`` is the user's real home.  ``own_paths`` are the
    guard's and gate's state, settings, program, and the client's settings: nothing of the
    session may change them.  ``branch`` is the session's own branch, "" if unknown.
    ``asks`` tells whether the client would ask about what the guard leaves open, and
    ``ask_holds`` whether it asks where the guard tells it to.
    ``temporary`` are folders where a session may write freely.
    """

    root: str
    home: str
    task: Task = NARROWEST
    environ: Mapping[str, str] = field(default_factory=dict)
    own_paths: tuple[str, ...] = ()
    branch: str = ""
    asks: bool = True
    ask_holds: bool = False
    temporary: tuple[str, ...] = ("/tmp", "/var/tmp", "/private/tmp")  # noqa: S108 - compared, not used

    def is_in_project(self, path: str) -> bool:
        """Whether an absolute, real path is in the project."""
        return _is_below(path, self.root)

    def is_temporary(self, path: str) -> bool:
        """Whether an absolute, real path is in a folder for temporary files."""
        folders = (*self.temporary, self.environ.get("TMPDIR", ""))
        return any(
            _is_below(path, folder) and path != folder
            for folder in folders
            if os.path.isabs(folder)
        )


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
