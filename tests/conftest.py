"""Settings of all tests."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.support.property_tests import register_profiles

if TYPE_CHECKING:
    from collections.abc import Iterator

register_profiles()
# In the background of a shell interrupts are ignored, and would be by what the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def refusing() -> Iterator[str]:
    """The address of a server that refuses every connection, on a port that stays reserved."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
