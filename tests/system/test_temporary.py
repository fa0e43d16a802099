"""Signals that arrive in a step that must not be interrupted."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from zt_gate.system.temporary import TERMINATION_SIGNALS, private_folder, uninterrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def second_thread() -> Iterator[None]:
    """Another thread without a signal mask: the kernel may give it the process's signals."""
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.fixture
def interrupting() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in TERMINATION_SIGNALS}
    for number in TERMINATION_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("second_thread", "interrupting")
@pytest.mark.parametrize("number", TERMINATION_SIGNALS)
def test_a_signal_that_another_thread_receives_is_deferred(number: int) -> None:
    done: list[object] = []

    def work() -> None:
        with uninterrupted():
            os.kill(os.getpid(), number)
            done.extend(sum(range(1000)) for _ in range(1000))

    with pytest.raises(KeyboardInterrupt):
        work()
    assert len(done) == 1000
    assert signal.getsignal(number) is signal.default_int_handler
    assert number not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.usefixtures("second_thread", "interrupting")
def test_nested_blocks_defer_until_the_outer_one_ends() -> None:
    done: list[object] = []

    def work() -> None:
        with uninterrupted():
            with uninterrupted():
                os.kill(os.getpid(), signal.SIGTERM)
                done.append("inner")
            done.append("between")
            sum(range(10000))
            done.append("outer")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["inner", "between", "outer"]


@pytest.mark.usefixtures("second_thread")
def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_outside_the_main_thread_only_the_mask_is_set() -> None:
    masked: list[bool] = []

    def body() -> None:
        with uninterrupted():
            masked.append(
                set(TERMINATION_SIGNALS) <= signal.pthread_sigmask(signal.SIG_BLOCK, ())
            )

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert masked == [True]


@pytest.mark.usefixtures("interrupting")
def test_a_private_folder_is_removed_after_an_interrupt(tmp_path: Path) -> None:

    def work() -> None:
        with private_folder({"TMPDIR": str(tmp_path)}) as folder:
            (folder / "file").write_text("x")
            os.kill(os.getpid(), signal.SIGTERM)
            sum(range(10000))

    with pytest.raises(KeyboardInterrupt):
        work()
    assert list(tmp_path.iterdir()) == []
