"""A change of a settings file: shown first, then written beside and renamed."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from zt_gate.errors import GateError
from zt_gate.record import dataclass

_MAX_BYTES = 4 << 20
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
#: Added to the name of what was there before the guard.
KEPT = ".before-zt-gate"


class SettingsFileError(GateError):
    """A settings file cannot be read or written; the text names it."""


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """The new content of a file; None removes it.  ``old`` is None where there is none."""

    path: str
    old: bytes | None
    new: bytes | None
    mode: int = 0o600

    @property
    def is_change(self) -> bool:
        """Whether anything is different."""
        return self.old != self.new

    def diff(self) -> str:
        """Return the difference as a unified diff."""
        from difflib import unified_diff

        return "\n".join(
            unified_diff(
                _lines(self.old),
                _lines(self.new),
                self.path if self.old is not None else os.devnull,
                self.path if self.new is not None else os.devnull,
                lineterm="",
            )
        )

    def write(self) -> None:
        """Write the file if it is still what was read; raises SettingsFileError.

        The content that was there first is kept beside it, once.
        """
        path = os.path.realpath(self.path)
        if read_settings(path) != self.old:
            raise SettingsFileError(f"{self.path} changed meanwhile; run it again")
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if self.old is not None:
                _keep(path, self.old)
            if self.new is None:
                with suppress(FileNotFoundError):
                    os.unlink(path)
            else:
                _replace(path, self.new, self._mode(path))
        except OSError as error:
            raise SettingsFileError(
                f"{self.path} cannot be written: {error.strerror}"
            ) from error

    def _mode(self, path: str) -> int:
        try:
            return stat.S_IMODE(os.stat(path).st_mode)
        except OSError:
            return self.mode


def read_settings(path: str) -> bytes | None:
    """Return a settings file, None if there is none; raises SettingsFileError."""
    try:
        handle = os.open(path, _READ)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsFileError(f"{path} cannot be read: {error.strerror}") from error
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode) or info.st_size > _MAX_BYTES:
            raise SettingsFileError(f"{path} is no settings file")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(_MAX_BYTES)
    except OSError as error:
        raise SettingsFileError(f"{path} cannot be read: {error.strerror}") from error
    finally:
        os.close(handle)


def _keep(path: str, content: bytes) -> None:
    """Keep the first content under another name, readable by the user alone."""
    kept = path + KEPT
    if not os.path.lexists(kept):
        _replace(kept, content, 0o600)


def _replace(path: str, content: bytes, mode: int) -> None:
    beside = os.path.join(
        os.path.dirname(path), f".{os.path.basename(path)}.{os.urandom(6).hex()}"
    )
    try:
        with os.fdopen(os.open(beside, _NEW, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def _lines(content: bytes | None) -> list[str]:
    return (content or b"").decode("utf-8", "replace").splitlines()
