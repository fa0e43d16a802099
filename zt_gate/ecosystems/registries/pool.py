"""Parallel requests: a few threads for each service, with a deadline kept from outside."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from zt_gate.ecosystems.registries.client import Client
from zt_gate.ecosystems.registries.tls import TlsSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zt_gate.ecosystems.registries.response_timeout import ResponseTimeout

    Task = Callable[[Client], None]


def run(
    queues: Iterable[tuple[int, Sequence[Task]]],
    environ: Mapping[str, str],
    deadline: float,
    *,
    response_timeout: ResponseTimeout | None = None,
) -> None:
    """Run the tasks of all queues, or until the deadline (``time.monotonic()``).

    A queue is the number of its tasks that may run in parallel, and the tasks; each
    task stores its own result.  The function returns at the deadline or when
    ``response_timeout`` is used up.  Raises what a task raised.  Unfinished threads
    are left behind and end with the process, because a name lookup that hangs cannot
    be interrupted.
    """
    tls = TlsSettings(environ)
    failures: list[BaseException] = []
    threads = []
    for width, tasks in queues:
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
    """Wait for a thread until the deadline or until the response timeout is used up."""
    while thread.is_alive():
        remaining = deadline - time.monotonic()
        if response_timeout is not None:
            remaining = min(remaining, response_timeout.remaining())
        if remaining <= 0:
            return
        thread.join(remaining)


def _work(client: Client, waiting: deque[Task], failures: list[BaseException]) -> None:
    """Run tasks from a queue until it is empty, the deadline passes or a task fails."""
    try:
        while waiting and time.monotonic() < client.deadline:
            try:
                task = waiting.popleft()
            except IndexError:
                break
            task(client)
    except BaseException as error:  # noqa: BLE001 - raised again in the waiting thread
        failures.append(error)
    finally:
        client.close()
