"""A machine with a broker, for the tests of its protocol."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.guard.broker.test_keeper import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def machine() -> Iterator[Machine]:
    base = Path(tempfile.mkdtemp(prefix="zt-gate-broker-"))
    base.chmod(0o755)
    made = Machine(base)
    made.start()
    yield made
    made.stop()
    shutil.rmtree(base)
