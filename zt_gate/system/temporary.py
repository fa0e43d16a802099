"""Private folders that go away whatever happens."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: What ends the gate.
TERMINATION_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back the signals that end the gate: for what must not be left half done.

    They come when it is over.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, TERMINATION_SIGNALS)
    try:
        with _held():
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _held() -> Iterator[None]:
    """Keep what another thread of the process catches from being raised in this one.

    A mask is one thread's own: with a second thread the kernel hands the signal
    to that one, and Python still calls the handler in the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python runs no handler here
        return
    caught: list[int] = []
    handlers = {
        number: handler
        for number in TERMINATION_SIGNALS
        if (handler := signal.getsignal(number)) not in {None, signal.SIG_IGN}
    }
    try:
        for number in handlers:
            signal.signal(number, lambda number, _frame: caught.append(number))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for signalled in caught:
            signal.raise_signal(
                signalled
            )  # masked in this thread until the caller is done


@contextmanager
def private_folder(environ: Mapping[str, str], name: str = "zt-gate") -> Iterator[Path]:
    """Make a folder that only this user may enter, and remove it with what is in it.

    Below an absolute TMPDIR, else ``/tmp``.  Raises GateError where none can be
    made.
    """
    top = environ.get("TMPDIR", "")
    if not os.path.isabs(top):
        top = "/tmp"  # noqa: S108 - the folder below it is private
    folder = Path(top, f"{name}-{os.urandom(8).hex()}")
    # One try for making and removing: an interrupt may come right after mkdir.
    try:
        try:
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise GateError(
                f"no private folder can be made in {folder.parent}: {error.strerror}; set TMPDIR"
            ) from error
        yield folder
    finally:
        with uninterrupted():
            _remove(folder)


def _remove(folder: Path) -> None:
    from shutil import rmtree

    # A killed engine may still be writing its last file.
    for _ in range(40):
        rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
        time.sleep(0.05)
