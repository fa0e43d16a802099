"""Download counts of a configured npm registry: evidence where it has them, else none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.changes import change_of, context
from tests.support.registry import Registry
from zt_gate import rulebook
from zt_gate.scanners.dependencies import SCANNER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.registry import Fault

RULES = rulebook.load("dependencies")


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as server:
        yield server


def findings(registry: Registry, folder: Path, *names: str) -> list[str]:
    text = json.dumps({"dependencies": dict.fromkeys(names, "1")})
    environ = {"npm_config_registry": f"{registry.url}/npm/", "HOME": str(folder)}
    here = context(RULES, folder, environ=environ, cache_dir=folder)
    run = SCANNER.scan(change_of({"package.json": text}, {}), here)
    assert run.not_inspected == ()
    return [finding.message for finding in run.findings]


def test_the_count_is_evidence_for_an_imitation(
    registry: Registry, tmp_path: Path
) -> None:
    registry.npm("crossenv", days=900, weekly=200)
    (tmp_path / "without").mkdir()
    assert findings(registry, tmp_path / "without", "crossenv") == []
    registry.behaviour.counts_itself = True
    (message,) = findings(registry, tmp_path, "crossenv")
    assert message.startswith("crossenv resembles cross-env")


def test_a_private_package_may_have_few_downloads(
    registry: Registry, tmp_path: Path
) -> None:
    registry.behaviour.counts_itself = True
    registry.npm("tidepool-kit", days=900, weekly=2)
    registry.npm("tidepool-box", days=900, weekly=None)
    assert findings(registry, tmp_path, "tidepool-kit", "tidepool-box") == []


def test_a_registry_without_counts_is_asked_once(
    registry: Registry, tmp_path: Path
) -> None:
    registry.npm("tidepool-kit", days=900)
    registry.npm("tidepool-box", days=900)
    for _ in range(2):
        assert findings(registry, tmp_path, "tidepool-kit", "tidepool-box") == []
    asked = [path for path in registry.asked() if "/downloads/" in path]
    assert len(asked) == 1


@pytest.mark.parametrize("fault", ["500", "html", "cut", "empty", "reset"])
def test_a_failed_count_is_no_fault_of_the_package(
    registry: Registry, tmp_path: Path, fault: Fault
) -> None:
    registry.behaviour.counts_itself = True
    registry.npm("tidepool-kit", days=900)
    registry.fault(fault, part="downloads")
    assert findings(registry, tmp_path, "tidepool-kit") == []
