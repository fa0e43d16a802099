#!/usr/bin/env python3
"""Measures the secrets scanner on random values of issuers' formats in usual files.

    bench/secrets_generated.py [--values N] [--seed N] [--missed] [--held-back]

Every format of ``secret_formats.txt`` is put into every file of ``secret_carriers.toml``.  A
third of the issuers and a third of the files are held back: whoever changes the scanner
looks only at the others (``--missed`` lists what was not found there), so that the figures
of the held-back ones say how it does on what nobody looked at.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.secrets_cases import Case, ours  # noqa: E402

_HERE = Path(__file__).resolve().parent
_FIELD = re.compile(r"\{(\d+)\*([^{}]+)\}")
_RANGE = re.compile(r"(.)-(.)")
_GROUPS = {"own": "format of its own", "named": "only the name tells the issuer"}


@dataclass(frozen=True)
class Format:
    group: str
    issuer: str
    name: str
    template: str

    @property
    def held_back(self) -> bool:
        return crc32(self.issuer.partition("-")[0].encode()) % 3 == 0


@dataclass(frozen=True)
class Carrier:
    path: str
    text: str

    @property
    def held_back(self) -> bool:
        return crc32(self.path.encode()) % 3 == 0

    def case(self, form: Format, value: str) -> Case:
        """Return the file with a value in it."""
        words = form.name.lower().split("_")
        camel = words[0] + "".join(word.title() for word in words[1:])
        text = re.sub(r"\bNAME\b", lambda _: form.name, self.text)
        text = text.replace("name_l", form.name.lower()).replace("nameC", camel)
        text = text.replace("VALUE", value).lstrip("\n")
        return Case("generated", form.issuer, form.group, self.path, text, secret=True)


@dataclass(frozen=True)
class Result:
    form: Format
    carrier: Carrier
    level: int

    @property
    def held_back(self) -> bool:
        return self.form.held_back or self.carrier.held_back


def formats() -> list[Format]:
    lines = (_HERE / "secret_formats.txt").read_text("utf-8").splitlines()
    rows = (line.split(" ", 3) for line in lines if line and line[0] != "#")
    return [Format(*row) for row in rows]


def carriers() -> list[Carrier]:
    data = tomllib.loads((_HERE / "secret_carriers.toml").read_text("utf-8"))
    return [Carrier(row["path"], row["text"]) for row in data["carrier"]]


def random_value(template: str, source: random.Random) -> str:
    """Fill a template with random characters."""

    def fill(match: re.Match[str]) -> str:
        return "".join(source.choices(_characters(match[2]), k=int(match[1])))

    return _FIELD.sub(fill, template)


def measure(values: int, seed: int) -> list[Result]:
    """Scan each format in each carrier, with as many values."""
    source = random.Random(seed)
    pairs = [(form, carrier) for form in formats() for carrier in carriers()] * values
    cases = [
        carrier.case(form, random_value(form.template, source))
        for form, carrier in pairs
    ]
    levels = ours(cases)
    return [Result(*pair, level) for pair, level in zip(pairs, levels, strict=True)]


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/secrets_generated.py")
    parser.add_argument("--values", type=int, default=1, help="values per pair")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--missed", action="store_true", help="list what is not found")
    parser.add_argument(
        "--held-back", action="store_true", help="list the held-back ones, too"
    )
    options = parser.parse_args(words)
    results = measure(options.values, options.seed)
    print("| values | cases | block or warn | block |")
    print("|---|---:|---:|---:|")
    for group, title in _GROUPS.items():
        for held_back in (False, True):
            chosen = [
                result.level
                for result in results
                if result.form.group == group and result.held_back is held_back
            ]
            kind = "held back" if held_back else "looked at"
            print(f"| {title}, {kind} | {len(chosen)} | {_shares(chosen)} |")
    if options.missed:
        _print_missed(results, with_held_back=options.held_back)
    return 0


def _print_missed(results: list[Result], *, with_held_back: bool) -> None:
    lowest = {"own": 2, "named": 1}
    for result in results:
        if result.held_back and not with_held_back:
            continue
        if result.level < lowest[result.form.group]:
            print(result.level, result.form.issuer, result.carrier.path)


def _shares(levels: list[int]) -> str:
    found = 100 * sum(level >= 1 for level in levels) / max(1, len(levels))
    blocked = 100 * sum(level >= 2 for level in levels) / max(1, len(levels))
    return f"{found:.1f} % | {blocked:.1f} %"


def _characters(text: str) -> str:
    ranges = (
        "".join(map(chr, range(ord(first), ord(last) + 1)))
        for first, last in _RANGE.findall(text)
    )
    return "".join(ranges) + _RANGE.sub("", text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
