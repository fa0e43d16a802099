"""The rules under rules/code, on their own examples and on code that is in order."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.changes import change_of, context
from zt_gate import rulebook
from zt_gate.rulebook import taint_tables
from zt_gate.scanners.code import SCANNER

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = rulebook.rules_folder() / "code"
FILES = sorted(file for file in FOLDER.glob("*/*.yaml") if file.parent.name != "tables")
TABLES = sorted(FOLDER.glob("tables/*/*.yaml"))
EXTENSIONS = {
    "python": [".py"],
    "javascript": [".js", ".jsx", ".ts", ".tsx"],
    "go": [".go"],
}
ROOT = Path(__file__).resolve().parents[3]


def test_every_rule_file_is_whole_and_has_examples() -> None:
    for file in FILES:
        _check(file)


def _check(file: Path) -> None:
    (rule,) = yaml.safe_load(file.read_bytes())["rules"]
    language = file.parent.name
    assert rule["id"] == f"{language}-{file.stem}"
    metadata = rule["metadata"]
    assert all(re.fullmatch(r"CWE-\d+", name) for name in metadata["cwe"])
    assert all(
        re.fullmatch(r"A\d\d:2021 [\w ()-]+", name) for name in metadata["owasp"]
    )
    assert all(url.startswith("https://") for url in metadata["references"])
    said = {"high": "ERROR", "medium": "WARNING", "low": "INFO"}[metadata["confidence"]]
    assert rule["severity"] == said
    (examples,) = _examples(file)
    text = examples.read_text("utf-8")
    assert re.search(rf"(#|//) ruleid: {rule['id']}$", text, re.MULTILINE)
    assert re.search(rf"(#|//) ok: {rule['id']}$", text, re.MULTILINE)


def _examples(file: Path) -> list[Path]:
    beside = (file.with_suffix(extension) for extension in EXTENSIONS[file.parent.name])
    return [path for path in beside if path.exists()]


def test_every_table_says_whose_calls_it_holds() -> None:
    for file in TABLES:
        table = yaml.safe_load(file.read_bytes())
        assert table["framework"], file
        assert table["documentation"].startswith("https://"), file
        assert table.get("sources") or table.get("sinks"), file


_METAVARIABLE = re.compile(r"\$(?:\.\.\.)?[A-Z_][A-Z0-9_]*")


def test_every_alternative_binds_what_is_held_against_an_expression() -> None:
    """The engine drops a match whose metavariable has no value, without a word."""
    for file in TABLES:
        table = yaml.safe_load(file.read_bytes())
        for part in taint_tables.PARTS:
            for kind, items in table.get(part, {}).items():
                for item in items:
                    if isinstance(item, str):
                        continue
                    named = set(item.get("where", {})) - {item.get("as")}
                    around = item.get("inside") or [""]
                    for pattern, inside in product(item["any"], around):
                        bound = set(_METAVARIABLE.findall(pattern + inside))
                        assert named <= bound, (file.name, kind, pattern, inside)


def test_no_pattern_tries_every_expression_of_a_body() -> None:
    """A line of metavariable alone cost 20 s on a file of many decorated functions.

    Beside ``def f(..., $P, ...)`` it is tried on each expression of each body, for each
    parameter and each decorator.
    """
    lone = re.compile(r"(?m)^ +\.\.\.\n +\$[A-Z_0-9]+$")
    for file in (*TABLES, *FILES):
        for pattern in _texts(yaml.safe_load(file.read_bytes())):
            has_parameters = "def " in pattern or "function" in pattern
            assert not (has_parameters and lone.search(pattern)), f"{file}: {pattern}"


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def test_every_kind_of_the_tables_is_used_by_a_rule() -> None:
    for language in EXTENSIONS:
        known = {
            (part, kind)
            for file in TABLES
            if file.parent.name == language
            for part in taint_tables.PARTS
            for kind in yaml.safe_load(file.read_bytes()).get(part, {})
        }
        rules = [
            yaml.safe_load(file.read_bytes())["rules"][0]
            for file in FILES
            if file.parent.name == language
        ]
        used = {
            (part, kind)
            for rule in rules
            for word, (part, _) in taint_tables.RULE_KEYS.items()
            for kind in rule.get(word, ())
        }
        assert known == used, language


def test_the_pack_has_the_rules_that_are_promised() -> None:
    rules = rulebook.load("code")
    strict = [name for name, rule in rules.items() if rule.confidence == "high"]
    assert len([name for name in strict if "/python-" in name]) >= 30
    assert len([name for name in strict if "/javascript-" in name]) >= 20
    assert len([name for name in strict if "/go-" in name]) >= 15


def test_every_example_is_found_or_left_alone(tmp_path: Path) -> None:
    """The compiled rules, as the engine gets them, with their examples beside them."""
    bodies = [rule.data["engine"] for rule in rulebook.load("code").values()]
    compiled = {body["id"]: body for body in bodies}
    for file in FILES:
        folder = tmp_path / file.parent.name
        folder.mkdir(exist_ok=True)
        body = {**compiled[f"{file.parent.name}-{file.stem}"], "message": file.stem}
        (folder / file.name).write_text(json.dumps({"rules": [body]}), encoding="utf-8")
        for examples in _examples(file):
            shutil.copy(examples, folder)
    done = subprocess.run(
        [_semgrep(tmp_path), "test", "--experimental", "."],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": os.defpath, "SEMGREP_SEND_METRICS": "off"},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(FILES)}/{len(FILES)}" in done.stdout


def _semgrep(folder: Path) -> str:
    """Return semgrep's engine under the name that makes it the command line."""
    spec = find_spec("semgrep")
    assert spec is not None
    (place,) = spec.submodule_search_locations or [""]
    link = folder / "osemgrep"
    link.symlink_to(os.path.join(place, "bin", "semgrep-core"))
    return str(link)


def test_the_pages_about_the_rules_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "bench/rule_pages.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.slow
def test_nearly_nothing_blocks_on_clean_packages(tmp_path: Path) -> None:
    """At most 10 findings in 100,000 lines block, at most 60 block or warn."""
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
    assert len(strict) <= 10 * run.lines / 100_000
    loud = [
        finding for finding in run.findings if finding.confidence in {"high", "medium"}
    ]
    assert len(loud) <= 60 * run.lines / 100_000
