"""Runs the scanners that ``bench/code.py`` compares on a folder; hits are by CWE family."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent

#: Equivalent CWE numbers: a hit for one number of a line counts for all of them.
FAMILIES = (
    (89, 943, 564), (78, 77, 88), (94, 95, 96, 1336), (79, 80, 83, 87, 116),
    (22, 23, 29, 36, 59, 73, 434), (502,),
    (256, 257, 321, 326, 327, 328, 329, 759, 760, 780, 916, 1204),
    (330, 331, 335, 336, 337, 338, 339, 340), (259, 321, 522, 798), (295, 296, 297, 300, 319),
    (611, 776, 827), (93, 113, 117), (441, 918), (601,), (11, 215, 489), (90,), (91, 643, 652),
    (315, 539, 614, 1004, 1275), (377, 378, 379), (250, 266, 276, 732), (400, 409, 730, 770, 1333),
    (200, 209, 210, 497, 532), (352,), (915, 1321), (208, 385), (345, 347), (942, 346),
)  # fmt: skip

LEVELS = ("block", "warn")

#: File name → family → the strongest level found there, 2 for block and 1 for warn.
Hits = dict[str, dict[int, int]]


@dataclass(frozen=True)
class ScannerHits:
    """The findings of one scanner in a folder, and the languages that it supports."""

    scanner: str
    languages: frozenset[str]
    hits: Hits
    counts: dict[str, int]


def families(numbers: Iterable[int]) -> frozenset[int]:
    """Return the families of CWE numbers; a number without a family is its own, negated."""
    result: set[int] = set()
    for number in numbers:
        matching = {index for index, family in enumerate(FAMILIES) if number in family}
        result |= matching or {-number}
    return frozenset(result)


def gate(folder: Path) -> tuple[Hits, dict[str, int]]:
    """Scan a folder with the gate; return hits and the number of findings by level."""
    words = [
        sys.executable,
        "-m",
        "zt_gate",
        "scan",
        "--tree",
        ".",
        "--scanner",
        "code",
    ]
    done = subprocess.run(
        [*words, "--format", "json"], cwd=folder, capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    report = json.loads(done.stdout)
    hits: Hits = defaultdict(dict)
    counts = dict.fromkeys(LEVELS, 0)
    for finding in report["findings"]:
        if finding["scanner"] != "code" or finding["level"] not in LEVELS:
            continue
        counts[finding["level"]] += 1
        numbers = (int(name.removeprefix("CWE-")) for name in finding["cwe"])
        _add_hit(
            hits[finding["path"]], numbers, 2 if finding["level"] == "block" else 1
        )
    for run in report["runs"]:
        if run["status"] == "error":
            print(f"incomplete: {run['reason']}", file=sys.stderr)
    return hits, counts


def bandit(program: str, folder: Path) -> tuple[Hits, dict[str, int]]:
    """The same with bandit; severity HIGH counts as block, others as warn."""
    done = subprocess.run(
        [program, "-r", ".", "-f", "json", "-q", "--exit-zero"],
        cwd=folder, capture_output=True, check=False,
    )  # fmt: skip
    hits: Hits = defaultdict(dict)
    counts = dict.fromkeys(LEVELS, 0)
    for finding in json.loads(done.stdout)["results"]:
        level = "block" if finding["issue_severity"] == "HIGH" else "warn"
        counts[level] += 1
        number = finding.get("issue_cwe", {}).get("id")
        path = finding["filename"].removeprefix("./")
        _add_hit(hits[path], [number] if number else [], 2 if level == "block" else 1)
    return hits, counts


def _add_hit(levels: dict[int, int], numbers: Iterable[int], level: int) -> None:
    for family in families(numbers):
        levels[family] = max(level, levels.get(family, 0))


def njsscan(program: str, folder: Path) -> tuple[Hits, dict[str, int]]:
    """The same with njsscan; severity ERROR counts as block, others as warn."""
    done = subprocess.run(
        [program, "--json", "."], cwd=folder, capture_output=True, check=False,
        env={**os.environ, "PATH": f"{Path(program).parent}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip
    hits: Hits = defaultdict(dict)
    counts = dict.fromkeys(LEVELS, 0)
    report: dict[str, Any] = json.loads(done.stdout)
    for rules in (report.get("nodejs", {}), report.get("templates", {})):
        for rule in rules.values():
            level = "block" if rule["metadata"]["severity"] == "ERROR" else "warn"
            number = (
                rule["metadata"].get("cwe", "").partition(":")[0].removeprefix("CWE-")
            )
            for place in rule.get("files", ()):
                counts[level] += 1
                path = os.path.relpath(Path(folder, place["file_path"]), folder)
                _add_hit(
                    hits[path],
                    [int(number)] if number.isdigit() else [],
                    2 - (level == "warn"),
                )
    return hits, counts


_OURS = frozenset(("python", "javascript", "typescript", "tsx", "go"))
_PEERS = {
    "bandit": (bandit, frozenset(("python",))),
    "njsscan": (njsscan, frozenset(("javascript", "typescript", "tsx"))),
}


def scanners(programs: dict[str, str | None], folder: Path) -> Iterator[ScannerHits]:
    """Yield the hits of this scanner and of the other installed ones.

    Other scanners are located in ``programs``, then beside this Python.
    """
    yield ScannerHits("zt-gate", _OURS, *gate(folder))
    for name, (run, languages) in _PEERS.items():
        program = programs.get(name) or shutil.which(
            name, path=str(Path(sys.executable).parent)
        )
        if program is None:
            print(f"{name} is not compared: it is not installed.", file=sys.stderr)
            continue
        yield ScannerHits(name, languages, *run(program, folder))
