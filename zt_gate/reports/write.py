"""A report into a file: in one step, and never through a link.

The folder may be the checkout of the very change that is judged, so a link in
it may lead anywhere.  The path is walked one component at a time with
O_NOFOLLOW (CWE-59), the report is written beside its target and renamed.
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
    """Write ``data`` to the file ``target``, which is either whole or as it was.

    Links are refused in every component of a relative path, and in every one
    but the first of an absolute path (only an administrator makes links in the
    root folder, and ``/tmp`` is one on some systems).  Raises ReportError with
    one line if the target or a folder is a link, is no regular file or cannot
    be written.
    """
    path = os.fspath(target)
    shown = visible(path)
    folder, name = os.path.split(path)
    if name in {"", ".", ".."}:
        raise ReportError(f"cannot write the report to {shown}: that is no file name")
    handle = _open_folder(folder, shown)
    try:
        _refuse_other_than_files(handle, name, shown)
        _replace(handle, name, data)
    except (OSError, ValueError) as error:
        raise ReportError(
            f"cannot write the report to {shown}: {_reason(error)}"
        ) from error
    finally:
        os.close(handle)


def _open_folder(folder: str, shown: str) -> int:
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
            follow = 0 if absolute and index == 0 else os.O_NOFOLLOW
            try:
                deeper = os.open(part, _FOLDER | follow, dir_fd=handle)
            except (OSError, ValueError) as error:
                reason = _folder_reason(handle, part, error)
                raise ReportError(
                    f"cannot write the report to {shown}: {reason}"
                ) from error
            os.close(handle)
            handle = deeper
    except BaseException:
        os.close(handle)
        raise
    return handle


def _folder_reason(handle: int, part: str, error: Exception) -> str:
    with suppress(OSError, ValueError):
        if stat.S_ISLNK(os.lstat(part, dir_fd=handle).st_mode):
            return f"the folder {visible(part)} is a symbolic link; give the path without links"
    return f"{_reason(error)} (folder {visible(part)})"


def _refuse_other_than_files(handle: int, name: str, shown: str) -> None:
    try:
        mode = os.lstat(name, dir_fd=handle).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        raise ReportError(f"cannot write the report to {shown}: it is a symbolic link")
    if stat.S_ISDIR(mode):
        raise ReportError(f"cannot write the report to {shown}: it is a folder")
    if not stat.S_ISREG(mode):
        raise ReportError(f"cannot write the report to {shown}: it is no regular file")


def _replace(handle: int, name: str, data: bytes) -> None:
    # A rename replaces a link that has come since instead of following it.
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
