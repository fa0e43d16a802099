"""Imports in a repository without a manifest: made-up and imitated names warn."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.changes import change_of, context
from tests.support.registry import Registry
from zt_gate import rulebook
from zt_gate.model.finding import Level
from zt_gate.scanners.dependencies import SCANNER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zt_gate.model.report import ScannerRun

RULES = rulebook.load("dependencies")
NOTEBOOK = json.dumps(
    {"cells": [{"cell_type": "code", "source": ["import tidepool_absent\n"]}]}
)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as server:
        server.pypi("tidepool-kit", days=4000)
        server.pypi("tidepool-young", days=2)
        server.pypi("reqeusts", days=300, weekly=2)
        server.npm("tidepool-box", days=3000)
        yield server


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the registry more time: a busy machine is no fault of its."""
    monkeypatch.setattr("zt_gate.scanners.dependencies.scan._TOTAL_SECONDS", 50.0)


def scan(
    files: dict[str, str], registry: Registry, folder: Path, *, offline: bool = False
) -> ScannerRun:
    environ = registry.environment()
    here = context(
        RULES,
        folder,
        environ=environ,
        cache_dir=folder,
        offline=offline,
        trusted_paths=tuple,
    )
    return SCANNER.scan(change_of({**files}), here)


def said(run: ScannerRun) -> list[tuple[str, str, Level | None]]:
    return [
        (item.rule.partition("/")[2], item.message.partition(" ")[0], item.level)
        for item in run.findings
    ]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.py", "import tidepool_absent\n", [("missing", "tidepool-absent")]),
        ("bin/run", "#!/usr/bin/python3\nimport tidepool_absent\n",
         [("missing", "tidepool-absent")]),
        ("n.ipynb", NOTEBOOK, [("missing", "tidepool-absent")]),
        ("a.js", "const x = require('tidepool-absent')\n", [("missing", "tidepool-absent")]),
        ("a.mjs", "import x from 'tidepool-absent'\n", [("missing", "tidepool-absent")]),
        ("a.py", "import tidepool_young\n", [("too-new", "tidepool-young")]),
        ("a.py", "import tidepool_kit, yaml, requests, numpy, os\n", []),
        ("a.js", "import x from 'tidepool-box'\nimport fs from 'node:fs'\nimport './own'\n", []),
        ("a.py", "try:\n    import tidepool_absent\nexcept ImportError:\n    x = 1\n", []),
    ],
)  # fmt: skip
def test_names_of_a_single_script(
    path: str, text: str, expected: list[tuple[str, str]], registry: Registry, tmp_path: Path
) -> None:  # fmt: skip
    run = scan({path: text}, registry, tmp_path)
    assert [(rule, name) for rule, name, _ in said(run)] == expected
    assert all(level is Level.WARN for _, _, level in said(run))


def test_an_imitated_name_warns_with_the_intended_one(
    registry: Registry, tmp_path: Path
) -> None:
    run = scan({"a.py": "import reqeusts\n"}, registry, tmp_path)
    found = {item.rule: item for item in run.findings}
    assert "did you mean requests?" in found["dependencies/similar-name"].message
    assert {item.level for item in run.findings} == {Level.WARN}


def test_modules_of_the_repository_are_not_asked(
    registry: Registry, tmp_path: Path
) -> None:
    files = {
        "a.py": "import tidepool_own, lib.x\n",
        "tidepool_own.py": "",
        "lib/x.py": "",
    }
    run = scan(files, registry, tmp_path)
    assert said(run) == []
    assert not any("own" in path for path in registry.asked())


def test_without_a_network_the_name_is_listed(
    registry: Registry, tmp_path: Path
) -> None:
    run = scan({"a.py": "import tidepool_absent\n"}, registry, tmp_path, offline=True)
    assert said(run) == []
    kinds = [item.kind for item in run.not_inspected if item.path == b"a.py"]
    assert kinds == ["not_applicable"]
