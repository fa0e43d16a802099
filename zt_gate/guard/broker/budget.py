"""How much one sender may use of a service in a time."""

from __future__ import annotations

import threading
import time


class Budget:
    """An amount that is refilled by and by; threads share it."""

    def __init__(self, most: float, by_second: float) -> None:
        self._most = self._left = most
        self._by_second = by_second
        self._at = time.monotonic()
        self._lock = threading.Lock()

    def take(self, amount: float) -> bool:
        """Take an amount; False if it is not there, and nothing is taken then."""
        with self._lock:
            now = time.monotonic()
            more = (now - self._at) * self._by_second
            self._left, self._at = min(self._most, self._left + more), now
            if amount > self._left:
                return False
            self._left -= amount
            return True
