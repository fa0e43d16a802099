"""A limit on the time that services may leave requests without any response."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class ResponseTimeout:
    """Counts the wall seconds with a request in flight and no response.

    All threads with parallel requests share one.  The time between two requests does
    not count: on a busy machine it is long and says nothing about the services.  Every
    complete response resets the count.
    """

    def __init__(self, seconds: float) -> None:
        self._limit = seconds
        self._lock = threading.Lock()
        self._counted = 0.0
        self._in_flight = 0
        self._counting_since = 0.0

    def remaining(self) -> float:
        """Return the seconds that are left, never negative."""
        with self._lock:
            return max(0.0, self._limit - self._counted - self._running())

    @contextmanager
    def request_in_flight(self) -> Iterator[None]:
        """Count while the block runs; leaving it without an error means a response."""
        with self._lock:
            if not self._in_flight:
                self._counting_since = time.monotonic()
            self._in_flight += 1
        has_response = False
        try:
            yield
            has_response = True
        finally:
            with self._lock:
                counted = self._counted + self._running()
                self._counted = 0.0 if has_response else counted
                self._counting_since = time.monotonic()
                self._in_flight -= 1

    def _running(self) -> float:
        """Return the seconds that are not yet in the count."""
        if not self._in_flight:
            return 0.0
        return time.monotonic() - self._counting_since
