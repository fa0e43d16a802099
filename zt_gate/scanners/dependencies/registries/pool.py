"""Questions side by side: a few threads, and a deadline that is kept from outside."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zt_gate.scanners.dependencies.registries.client import Client, TlsSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Task = Callable[[Client], None]


@dataclass(frozen=True, slots=True)
class Lane:
    """Tasks for one server, and how many of them it takes at once."""

    width: int
    tasks: Sequence[Task]


@dataclass(slots=True)
class Pool:
    """Runs lanes; a task puts its own result away and raises nothing it expects.

    Threads that have not finished at the deadline are left behind (they end
    with the process): a name server that hangs cannot be interrupted.
    """

    environ: Mapping[str, str]
    deadline: float
    _tls: TlsSettings = field(init=False)

    def __post_init__(self) -> None:
        self._tls = TlsSettings(self.environ)

    def run(self, lanes: Sequence[Lane]) -> None:
        """Run all tasks, or until the deadline; raises what a task raised."""
        failures: list[BaseException] = []
        threads = []
        for lane in lanes:
            waiting = deque(lane.tasks)
            for _ in range(min(lane.width, len(lane.tasks))):
                thread = threading.Thread(target=self._work, args=(waiting, failures), daemon=True)
                thread.start()
                threads.append(thread)
        for thread in threads:
            thread.join(max(0.0, self.deadline - time.monotonic()))
        if failures:
            raise failures[0]

    def _work(self, waiting: deque[Task], failures: list[BaseException]) -> None:
        client = Client(self.environ, self._tls, self.deadline)
        try:
            while waiting and time.monotonic() < self.deadline:
                try:
                    task = waiting.popleft()
                except IndexError:
                    break
                task(client)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            failures.append(error)
        finally:
            client.close()
