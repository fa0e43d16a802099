"""Settings of all tests."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# Property tests look for wrong answers, not for slow ones: machines are noisy.
settings.register_profile(
    "zt-gate", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("zt-gate")


@pytest.fixture
def refusing() -> Iterator[str]:
    """The address of a server that refuses every connection: nobody else can take its port."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
