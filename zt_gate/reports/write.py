"""Write a report to a file atomically, without following symbolic links.

The folder may belong to the change that is judged, so a link in it may point
anywhere (CWE-59).  Each component of the path is opened with O_NOFOLLOW; the report
is written to a temporary file beside its target and renamed.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from zt_gate.reports.base import ReportError
from zt_gate.reports.escape import visible

if TYPE_CHECKING:
    from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write(target: str | Path, data: bytes) -> None:
    """Write ``data`` to the file ``target``; after a failure the old file is unchanged.

    Refuses links in every component of a relative path, and in every component but
    the first of an absolute path (only an administrator creates links in the root
    folder, and ``/tmp`` is one on some systems).  Raises ReportError with one line
    if the target or a folder is a link, is not a regular file or cannot be written.
    """
    path = os.fspath(target)
    shown = visible(path)
    folder, name = os.path.split(path)
    if name in {"", ".", ".."}:
        raise ReportError(f"cannot write the report to {shown}: not a file name")
    handle = _open_folder(folder, shown)
    try:
        _require_regular_file(handle, name, shown)
        _replace(handle, name, data)
    except (OSError, ValueError) as error:
        raise ReportError(
            f"cannot write the report to {shown}: {_reason(error)}"
        ) from error
    finally:
        os.close(handle)


def _open_folder(folder: str, shown: str) -> int:
    """Return a file descriptor of ``folder``; raises ReportError."""
    absolute = folder.startswith("/")
    parts = [part for part in folder.split("/") if part not in {"", "."}]
    try:
        handle = os.open("/" if absolute else ".", _FOLDER)
    except OSError as error:
        raise ReportError(
            f"cannot write the report to {shown}: {_reason(error)}"
        ) from error
    try:
        for index, part in enumerate(parts):
            flags = _FOLDER
            if not absolute or index > 0:
                flags |= os.O_NOFOLLOW
            try:
                subfolder = os.open(part, flags, dir_fd=handle)
            except (OSError, ValueError) as error:
                reason = _folder_reason(handle, part, error)
                raise ReportError(
                    f"cannot write the report to {shown}: {reason}"
                ) from error
            os.close(handle)
            handle = subfolder
    except BaseException:
        os.close(handle)
        raise
    return handle


def _folder_reason(handle: int, part: str, error: Exception) -> str:
    with suppress(OSError, ValueError):
        if stat.S_ISLNK(os.lstat(part, dir_fd=handle).st_mode):
            return (
                f"the folder {visible(part)} is a symbolic link; "
                "use a path without links"
            )
    return f"{_reason(error)} (folder {visible(part)})"


def _require_regular_file(handle: int, name: str, shown: str) -> None:
    try:
        mode = os.lstat(name, dir_fd=handle).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        raise ReportError(f"cannot write the report to {shown}: it is a symbolic link")
    if stat.S_ISDIR(mode):
        raise ReportError(f"cannot write the report to {shown}: it is a folder")
    if not stat.S_ISREG(mode):
        raise ReportError(
            f"cannot write the report to {shown}: it is not a regular file"
        )


def _replace(handle: int, name: str, data: bytes) -> None:
    # If a link was created at the target meanwhile, rename replaces it.
    temporary = f".zt-gate-{os.urandom(8).hex()}.tmp"
    file = os.open(temporary, _NEW, 0o666, dir_fd=handle)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(data)
        os.rename(temporary, name, src_dir_fd=handle, dst_dir_fd=handle)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=handle)
        raise


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return visible(str(error))
