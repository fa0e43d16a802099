"""How much the code scanner finds, beside bandit in the same run, and how quiet it is.

    python bench/code.py --samples FILE… [--packages NAME…] [--bandit PROGRAM]

A sample file has one JSON object per line, ``{"source", "lang", "cwe": [89],
"label": "vulnerable" or "safe", "text"}``, and may be compressed with xz.  A
sample counts as found where a finding at block or warn has a CWE of the right
family: the file level, as a gate decides.  ``--packages`` counts the findings
per 100,000 lines of installed packages.  Bandit takes part where it is
installed beside this Python, or with ``--bandit PROGRAM``.
"""

from __future__ import annotations

import argparse
import json
import lzma
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

EXTENSIONS = {"python": "py", "javascript": "js", "typescript": "ts", "go": "go", "java": "java"}

#: Weaknesses that count as the same: a hit in one of a line is a hit for all of it.
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


def families(numbers: Iterable[int]) -> frozenset[int]:
    """Return the families of CWE numbers; one that is in none is its own, below zero."""
    found: set[int] = set()
    for number in numbers:
        inside = {index for index, family in enumerate(FAMILIES) if number in family}
        found |= inside or {-number}
    return frozenset(found)


@dataclass(frozen=True)
class Sample:
    """One sample: where it is from, and what is wrong with it (or was, before a fix)."""

    name: str
    source: str
    lang: str
    cwe: tuple[int, ...]
    vulnerable: bool


#: File name → family → the strongest level found there, 2 for block and 1 for warn.
Hits = dict[str, dict[int, int]]


def read(files: Iterable[Path], folder: Path) -> dict[str, Sample]:
    """Write the samples into ``folder``; return them by file name."""
    samples: dict[str, Sample] = {}
    for file in files:
        data = file.read_bytes()
        for line in (lzma.decompress(data) if file.suffix == ".xz" else data).splitlines():
            row = json.loads(line)
            if row["lang"] not in EXTENSIONS:
                continue
            name = f"s{len(samples):05}.{EXTENSIONS[row['lang']]}"
            (folder / name).write_text(row["text"], encoding="utf-8")
            bad = row["label"] == "vulnerable"
            samples[name] = Sample(name, row["source"], row["lang"], tuple(row["cwe"]), bad)
    return samples


def gate(folder: Path) -> tuple[Hits, dict[str, int]]:
    """Scan a folder with the gate; return what it found and the number of findings by level."""
    words = [sys.executable, "-m", "zt_gate", "scan", "--tree", ".", "--scanner", "code"]
    done = subprocess.run(
        [*words, "--format", "json"], cwd=folder, capture_output=True, check=False
    )
    report = json.loads(done.stdout)
    hits: Hits = defaultdict(dict)
    counts = dict.fromkeys(LEVELS, 0)
    for finding in report["findings"]:
        if finding["scanner"] != "code" or finding["level"] not in LEVELS:
            continue
        counts[finding["level"]] += 1
        numbers = (int(name.removeprefix("CWE-")) for name in finding["cwe"])
        _note(hits[finding["path"]], numbers, 2 if finding["level"] == "block" else 1)
    for run in report["runs"]:
        if run["status"] == "error":
            print(f"incomplete: {run['reason']}", file=sys.stderr)
    return hits, counts


def bandit(program: str, folder: Path) -> tuple[Hits, dict[str, int]]:
    """The same with bandit; its severity high counts as block, the others as warn."""
    done = subprocess.run(
        [program, "-r", ".", "-f", "json", "-q", "--exit-zero"],
        cwd=folder, capture_output=True, check=False,
    )  # fmt: skip
    hits: Hits = defaultdict(dict)
    counts = dict.fromkeys(LEVELS, 0)
    for found in json.loads(done.stdout)["results"]:
        level = "block" if found["issue_severity"] == "HIGH" else "warn"
        counts[level] += 1
        number = found.get("issue_cwe", {}).get("id")
        path = found["filename"].removeprefix("./")
        _note(hits[path], [number] if number else [], 2 if level == "block" else 1)
    return hits, counts


def _note(found: dict[int, int], numbers: Iterable[int], level: int) -> None:
    for family in families(numbers):
        found[family] = max(level, found.get(family, 0))


@dataclass(frozen=True)
class Rate:
    """Shares of samples: found at block or warn, found at block, of the vulnerable and the safe."""

    vulnerable: int
    safe: int
    recall: float
    recall_block: float
    false: float
    false_block: float

    def cells(self) -> str:
        """Return the figures as a row of a table."""
        shares = (self.recall, self.recall_block, self.false, self.false_block)
        text = " | ".join(f"{share:.3f}" for share in shares)
        return f"{self.vulnerable} | {self.safe} | {text}"


def rate(samples: Iterable[Sample], hits: Mapping[str, Mapping[int, int]]) -> Rate:
    """Count the samples in which a finding of the right family was made."""
    levels: dict[bool, list[int]] = {True: [], False: []}
    for sample in samples:
        found = hits.get(sample.name, {})
        best = max((found.get(family, 0) for family in families(sample.cwe)), default=0)
        levels[sample.vulnerable].append(best)
    return Rate(
        len(levels[True]), len(levels[False]),
        _share(levels[True], 1), _share(levels[True], 2),
        _share(levels[False], 1), _share(levels[False], 2),
    )  # fmt: skip


def _share(levels: list[int], least: int) -> float:
    return sum(level >= least for level in levels) / len(levels) if levels else 0.0


def groups(samples: Mapping[str, Sample]) -> Iterator[tuple[str, list[Sample]]]:
    """Yield the samples by source and language, and by source, language and first CWE."""
    by: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples.values():
        head = f"{sample.source} {sample.lang}"
        by[head].append(sample)
        if sample.cwe:
            by[f"{head} CWE-{sample.cwe[0]}"].append(sample)
    yield from sorted(by.items(), key=lambda item: (item[0].count(" "), -len(item[1])))


def packages(names: Iterable[str], folder: Path) -> int:
    """Copy the Python files of installed packages into ``folder``; return their lines."""
    lines = 0
    for name in names:
        spec = find_spec(name)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            for file in sorted(Path(place).rglob("*.py")):
                target = folder / name / file.relative_to(place)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
                lines += file.read_bytes().count(b"\n")
    return lines


def scanners(
    options: argparse.Namespace, folder: Path
) -> Iterator[tuple[str, Hits, dict[str, int]]]:
    """Yield what each scanner finds in a folder."""
    yield ("zt-gate", *gate(folder))
    beside = shutil.which("bandit", path=str(Path(sys.executable).parent))
    program = options.bandit or beside
    if program:
        yield ("bandit", *bandit(program, folder))


def main(words: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--samples", nargs="*", type=Path, default=[], help="files of samples")
    parser.add_argument("--packages", nargs="*", default=[], help="installed packages, for noise")
    parser.add_argument("--bandit", help="bandit's program")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if options.samples:
            samples = read(options.samples, folder)
            _print_rates(samples, scanners(options, folder))
    with tempfile.TemporaryDirectory() as place:
        if options.packages and (lines := packages(options.packages, Path(place))):
            print(
                f"\nFindings per 100,000 lines ({lines:,} lines of {', '.join(options.packages)})"
            )
            print("| scanner | block | block and warn |\n|---|---|---|")
            for name, _, counts in scanners(options, Path(place)):
                both = [counts["block"], counts["block"] + counts["warn"]]
                print("|".join(("", name, *(f"{count * 1e5 / lines:.1f}" for count in both), "")))


def _print_rates(
    samples: Mapping[str, Sample], found: Iterable[tuple[str, Hits, dict[str, Any]]]
) -> None:
    print("| samples | scanner | vulnerable | safe | recall | at block | false | false at block |")
    print("|---|---|---|---|---|---|---|---|")
    results = list(found)
    for name, members in groups(samples):
        for scanner, hits, _ in results:
            if scanner == "bandit" and members[0].lang != "python":
                continue
            print(f"| {name} | {scanner} | {rate(members, hits).cells()} |")


if __name__ == "__main__":
    main()
