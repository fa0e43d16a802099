"""Private temporary folders, which are removed also after an error or a signal."""

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

#: The signals that end the gate.
TERMINATION_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Defer the signals that end the gate until the block is done.

    For steps that must not be interrupted half-way, such as removing a folder.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, TERMINATION_SIGNALS)
    try:
        with _handlers_deferred():
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _handlers_deferred() -> Iterator[None]:
    """Defer the handlers of signals that another thread receives.

    A signal mask applies to one thread.  With a second thread the kernel gives the
    signal to that one, and Python still calls the handler in the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python calls no handler in this thread
        return
    handlers = {}
    for number in TERMINATION_SIGNALS:
        handler = signal.getsignal(number)
        if handler not in {None, signal.SIG_IGN}:
            handlers[number] = handler
    received: list[int] = []
    try:
        for number in handlers:
            signal.signal(number, lambda number, _frame: received.append(number))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for received_number in received:
            # Masked in this thread until ``uninterrupted`` restores the mask.
            signal.raise_signal(received_number)


@contextmanager
def private_folder(environ: Mapping[str, str], name: str = "zt-gate") -> Iterator[Path]:
    """Create a folder that only this user can enter; remove it with its content at the end.

    It is in TMPDIR if that is absolute, else in ``/tmp``.  Raises GateError if it
    cannot be created.
    """
    top = environ.get("TMPDIR", "")
    if not os.path.isabs(top):
        top = "/tmp"  # noqa: S108 - the folder below it is private
    folder = Path(top, f"{name}-{os.urandom(8).hex()}")
    # One try for both steps: an interrupt may come directly after mkdir.
    try:
        try:
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise GateError(
                f"cannot create a temporary folder in {folder.parent}: {error.strerror}; "
                "set TMPDIR to a folder that you can write to"
            ) from error
        yield folder
    finally:
        with uninterrupted():
            _remove(folder)


def _remove(folder: Path) -> None:
    from shutil import rmtree

    # A killed engine may still write its last file: try for two seconds.
    for _ in range(40):
        rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
        time.sleep(0.05)
