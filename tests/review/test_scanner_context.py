"""The time limits of the scanners."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from zt_gate.policy.schema import Policy
from zt_gate.review.request import Request
from zt_gate.review.scanner_context import ContextBuilder
from zt_gate.scanners.secrets import SCANNER

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.review.workers import ScannerJob


def job(workdir: Path, kind: str, **settings: float) -> ScannerJob:
    policy = replace(Policy(), scanners={"secrets": settings})
    request = Request(folder=workdir, kind=kind)  # type: ignore[arg-type]
    builder = ContextBuilder(request, policy, None, "", workdir, {}, None)
    return builder.job(SCANNER.info, "zt_gate.scanners.secrets")


@pytest.mark.parametrize("kind", ["staged", "message", "range", "tree"])
def test_the_wall_limit_is_much_longer_than_the_cpu_limit(
    kind: str, tmp_path: Path
) -> None:
    made = job(tmp_path, kind)
    assert made.wall_seconds >= 5 * made.cpu_seconds


@pytest.mark.parametrize("kind", ["staged", "range"])
def test_deadline_seconds_set_both_limits(kind: str, tmp_path: Path) -> None:
    made = job(tmp_path, kind, **{"deadline-seconds": 7200.0})
    assert (made.cpu_seconds, made.wall_seconds) == (7200, 36_000)
    context = made.context()
    assert 7000 < context.cpu_left() <= 7200
    assert 7200 < context.seconds_left() <= 36_000


def test_a_short_deadline_leaves_a_busy_machine_some_minutes(tmp_path: Path) -> None:
    made = job(tmp_path, "staged", **{"deadline-seconds": 0.5})
    assert (made.cpu_seconds, made.wall_seconds) == (0.5, 300)
