"""Questions side by side: a few threads, and a deadline that is kept from outside."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from zt_gate.ecosystems.registries.client import Client, TlsSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zt_gate.ecosystems.registries.response_timeout import ResponseTimeout

    Task = Callable[[Client], None]


def run(
    lanes: Iterable[tuple[int, Sequence[Task]]],
    environ: Mapping[str, str],
    deadline: float,
    *,
    response_timeout: ResponseTimeout | None = None,
) -> None:
    """Run the tasks of all lanes, or until the deadline (``time.monotonic()``).

    A lane is how many of its tasks may run at once, and the tasks; each puts
    its own result away.  No answer is waited for past the deadline or past
    ``response_timeout``.  Raises what a task raised.  Threads that have not
    finished at the deadline are left behind (they end with the process): a
    name server that hangs cannot be interrupted.
    """
    tls = TlsSettings(environ)
    failures: list[BaseException] = []
    threads = []
    for width, tasks in lanes:
        waiting = deque(tasks)
        for _ in range(min(width, len(waiting))):
            client = Client(environ, tls, deadline, response_timeout=response_timeout)
            thread = threading.Thread(
                target=_work, args=(client, waiting, failures), daemon=True
            )
            threads.append(thread)
    for thread in threads:
        thread.start()
    for thread in threads:
        _join(thread, deadline, response_timeout)
    if failures:
        raise failures[0]


def _join(
    thread: threading.Thread, deadline: float, response_timeout: ResponseTimeout | None
) -> None:
    """Wait for a thread until the deadline, or until nobody has answered for too long."""
    while thread.is_alive():
        left = deadline - time.monotonic()
        if response_timeout is not None:
            left = min(left, response_timeout.remaining())
        if left <= 0:
            return
        thread.join(left)


def _work(client: Client, waiting: deque[Task], failures: list[BaseException]) -> None:
    try:
        while waiting and time.monotonic() < client.deadline:
            try:
                task = waiting.popleft()
            except IndexError:
                break
            task(client)
    except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
        failures.append(error)
    finally:
        client.close()
