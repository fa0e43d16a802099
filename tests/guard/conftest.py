"""The fixture of the guard's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.guard.workspace import Session

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)
