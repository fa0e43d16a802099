"""How long services may leave questions without any answer."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class ResponseTimeout:
    """Counts the wall seconds in which a question is on its way and nobody answers.

    All threads that ask at the same time share one.  What they do between two
    questions does not count: on a busy machine that takes long, and says nothing
    about the services.  Every complete answer starts the count anew.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._counted = 0.0
        self._open = 0
        self._since = 0.0

    def remaining(self) -> float:
        """Return the seconds that are left, never negative."""
        with self._lock:
            return max(0.0, self._seconds - self._counted - self._running())

    @contextmanager
    def request_in_flight(self) -> Iterator[None]:
        """Count while a question is on its way; it was answered where nothing is raised."""
        with self._lock:
            if not self._open:
                self._since = time.monotonic()
            self._open += 1
        answered = False
        try:
            yield
            answered = True
        finally:
            with self._lock:
                self._counted = 0.0 if answered else self._counted + self._running()
                self._since = time.monotonic()
                self._open -= 1

    def _running(self) -> float:
        return time.monotonic() - self._since if self._open else 0.0
