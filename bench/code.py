"""Measures recall and false positives of the code scanner and of other scanners.

    python -m bench.code --samples FILE… [--packages NAME…] [--npm NAME…] [--go MODULE@VERSION…]
        [--bandit PROGRAM] [--njsscan PROGRAM] [--brief]

A sample file has one JSON object per line, ``{"source", "lang", "cwe": [89],
"label": "vulnerable" or "safe", "text"}``, and may be compressed with xz.  A
sample counts as found if its file has a finding at block or warn with a CWE of
the same family.  ``--packages``, ``--npm`` and ``--go`` count the findings per
100,000 lines of source distributions.  Bandit and njsscan are compared if they are
installed beside this Python, or if their paths are given.  ``--brief`` omits the rows by
CWE, as in bench/RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import lzma
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import code_packages
from bench.code_peers import ScannerHits, families, scanners

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

EXTENSIONS = {
    "python": "py",
    "javascript": "js",
    "typescript": "ts",
    "tsx": "tsx",
    "go": "go",
}


@dataclass(frozen=True)
class Sample:
    """One sample: its source, its CWE numbers, and whether it is vulnerable or fixed."""

    name: str
    source: str
    lang: str
    cwe: tuple[int, ...]
    vulnerable: bool


def read(files: Iterable[Path], folder: Path) -> dict[str, Sample]:
    """Write the samples into ``folder``; return them by file name."""
    samples: dict[str, Sample] = {}
    for file in files:
        data = file.read_bytes()
        for line in (
            lzma.decompress(data) if file.suffix == ".xz" else data
        ).splitlines():
            row = json.loads(line)
            if row["lang"] not in EXTENSIONS:
                continue
            name = f"s{len(samples):05}.{EXTENSIONS[row['lang']]}"
            (folder / name).write_text(row["text"], encoding="utf-8")
            bad = row["label"] == "vulnerable"
            samples[name] = Sample(
                name, row["source"], row["lang"], tuple(row["cwe"]), bad
            )
    return samples


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
    """Return the shares of samples with a finding of the same family."""
    levels: dict[bool, list[int]] = {True: [], False: []}
    for sample in samples:
        family_levels = hits.get(sample.name, {})
        best = max(
            (family_levels.get(family, 0) for family in families(sample.cwe)), default=0
        )
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


def main(words: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument(
        "--samples", nargs="*", type=Path, default=[], help="files of samples"
    )
    parser.add_argument(
        "--packages", nargs="*", default=[], help="Python packages for false positives"
    )
    parser.add_argument(
        "--npm", nargs="*", default=[], help="npm packages for false positives"
    )
    parser.add_argument(
        "--go", nargs="*", default=[], help="Go modules for false positives"
    )
    parser.add_argument("--bandit", help="path of bandit")
    parser.add_argument("--njsscan", help="path of njsscan")
    parser.add_argument("--brief", action="store_true", help="no rows by CWE")
    options = parser.parse_args(words)
    programs = {"bandit": options.bandit, "njsscan": options.njsscan}
    if options.samples:
        with tempfile.TemporaryDirectory() as place:
            samples = read(options.samples, Path(place))
            _print_rates(
                samples, list(scanners(programs, Path(place))), brief=options.brief
            )
    named = {"python": options.packages, "javascript": options.npm, "go": options.go}
    with tempfile.TemporaryDirectory() as place:
        if any(named.values()):
            print("\n| clean code | lines | scanner | block | block and warn |")
            print("|---|---:|---|---:|---:|")
        for language, names in named.items():
            if names:
                _print_false_positives(language, names, programs, Path(place))


def _print_false_positives(
    language: str, names: list[str], programs: dict[str, str | None], place: Path
) -> None:
    """Print the findings per 100,000 lines of packages of one language."""
    folder = code_packages.fetch(language, names, place)
    lines = code_packages.keep_code(folder, language)
    if not lines:
        print(f"| {language} | 0 | nothing could be downloaded | – | – |")
        return
    title = f"{language}: {', '.join(names)}"
    for scanner_hits in scanners(programs, folder):
        if language not in scanner_hits.languages:
            continue
        blocking = scanner_hits.counts["block"]
        reported = blocking + scanner_hits.counts["warn"]
        shares = f"{blocking * 1e5 / lines:.1f} | {reported * 1e5 / lines:.1f}"
        print(f"| {title} | {lines:,} | {scanner_hits.scanner} | {shares} |")


def _print_rates(
    samples: Mapping[str, Sample],
    compared: Iterable[ScannerHits],
    *,
    brief: bool = False,
) -> None:
    print(
        "| samples | scanner | vulnerable | safe | recall | at block | false | false at block |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for name, members in groups(samples):
        if brief and "CWE-" in name:
            continue
        for scanner_hits in compared:
            if members[0].lang not in scanner_hits.languages:
                continue
            cells = rate(members, scanner_hits.hits).cells()
            print(f"| {name} | {scanner_hits.scanner} | {cells} |")


if __name__ == "__main__":
    main()
