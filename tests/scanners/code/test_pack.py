"""The rules under rules/code, on their own examples and on code that is in order."""

from __future__ import annotations

import os
import re
import subprocess
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.changes import change_of, context
from zt_gate import rulebook
from zt_gate.scanners.code import SCANNER, engine

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = rulebook.rules_folder() / "code"
FILES = sorted(FOLDER.glob("*/*.yaml"))
EXTENSIONS = {"python": [".py"], "javascript": [".js", ".jsx", ".ts", ".tsx"]}


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_rule_file_is_whole_and_has_examples(file: Path) -> None:
    (rule,) = yaml.safe_load(file.read_bytes())["rules"]
    language = file.parent.name
    assert rule["id"] == f"{language}-{file.stem}"
    metadata = rule["metadata"]
    assert all(re.fullmatch(r"CWE-\d+", name) for name in metadata["cwe"])
    assert all(re.fullmatch(r"A\d\d:2021 [\w ()-]+", name) for name in metadata["owasp"])
    assert all(url.startswith("https://") for url in metadata["references"])
    assert (rule["severity"] == "ERROR") == (metadata["confidence"] == "high")
    (examples,) = [
        beside
        for extension in EXTENSIONS[language]
        if (beside := file.with_suffix(extension)).exists()
    ]
    text = examples.read_text("utf-8")
    assert re.search(rf"(#|//) ruleid: {rule['id']}$", text, re.MULTILINE)
    assert re.search(rf"(#|//) ok: {rule['id']}$", text, re.MULTILINE)


def test_the_pack_has_the_rules_that_are_promised() -> None:
    rules = rulebook.load("code")
    strict = [name for name, rule in rules.items() if rule.confidence == "high"]
    assert len([name for name in strict if "/python-" in name]) >= 10
    assert len([name for name in strict if "/javascript-" in name]) >= 5


def test_every_example_is_found_or_left_alone(tmp_path: Path) -> None:
    way = next(engine.starts(tmp_path))
    done = subprocess.run(
        [way.program, "test", "--experimental", str(FOLDER)],
        cwd=tmp_path,
        env={**engine._environment(tmp_path), "PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(FILES)}/{len(FILES)}" in done.stdout


@pytest.mark.slow
def test_nothing_blocks_on_clean_packages(tmp_path: Path) -> None:
    """At high confidence at most one finding in 100,000 lines of well-known packages."""
    contents: dict[str, str | bytes] = {}
    for package in ("rich", "requests", "packaging", "pluggy"):
        spec = find_spec(package)
        assert spec is not None
        for folder in spec.submodule_search_locations or ():
            for place, _, names in os.walk(folder):
                for name in names:
                    if name.endswith(".py"):
                        with open(os.path.join(place, name), "rb") as file:
                            contents[os.path.join(place, name)] = file.read()
    run = SCANNER.scan(change_of(contents), context(rulebook.load("code"), tmp_path))
    assert (run.status, run.not_inspected) == ("ok", ())
    assert run.lines > 30_000
    strict = [finding for finding in run.findings if finding.confidence == "high"]
    assert len(strict) <= run.lines / 100_000
