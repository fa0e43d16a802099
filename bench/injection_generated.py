#!/usr/bin/env python3
"""Measures the injection scanner on cases of its own, and on the text that is installed here.

    bench/injection_generated.py [--missed] [--clean FOLDER]… [--most-files N]

The cases are generated: incidents of 2025-26 (``injection_cases/incidents.txt``), and orders
in six languages (``orders.toml``) in carriers, hidden and disguised.  Every third incident is
held back: whoever changes the scanner looks only at the others (``--missed`` lists what was
not found there).  Clean text is that of the installed packages, unless folders are named.
The output is Markdown.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import site
import sys
import tempfile
import time
import tomllib
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.changes import change_of, context  # noqa: E402
from zt_gate import rulebook  # noqa: E402
from zt_gate.scanners.injection import SCANNER  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_CASES = Path(__file__).resolve().parent / "injection_cases"
_NAME = re.compile(r"@([\w-]+)-\d+\|(.+)")
_FILLED = {"{env}": ".e" + "nv", "{url}": "https" + "://collect.example.net/in"}
_CLEAN = {
    "code": {".py", ".js", ".ts", ".go"},
    "documents": {".md", ".rst", ".txt", ".html"},
    "data": {".json", ".yaml", ".yml", ".toml", ".po", ".svg"},
}
#: Bytes of a file of clean text; larger files are left out.
_MAX_BYTES = 500_000
_BATCH = 100


class Case(NamedTuple):
    """One file with an order.  ``kind`` is its row in the table."""

    name: str
    kind: str
    path: str
    text: str


def _lines(text: str, width: int, form: str) -> str:
    pieces = [text[start : start + width] for start in range(0, len(text), width)]
    return "\n".join(form.replace("*", piece) for piece in pieces)


def _group(text: str, width: int) -> str:
    return "X = (\n" + _lines(text, width, '    "*"') + "\n)\n"


def _array(text: str, width: int) -> str:
    return "x = [\n" + _lines(text, width, '  "*",') + '\n].join("")\n'


def _packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


#: Files that carry an order, by kind and path; each returns the text of the file.
_CARRIERS: dict[str, dict[str, Callable[[str], str]]] = {
    "in a carrier": {
        "README.md": lambda order: f"# Notes\n\n{order}\n",
        "src/a.py": lambda order: f"# {order}\nx = 1\n",
        "data/a.json": lambda order: json.dumps({"stars": 4, "text": order}, indent=1),
        "img/a.svg": lambda order: f"<svg><desc>{order}</desc><rect/></svg>\n",
        "a.ipynb": lambda order: json.dumps({"cells": [{"outputs": [{"text": [order]}]}]}),
        "alt.html": lambda order: f'<img src="x.png" alt="{order}">\n',
        "tool.py": lambda order: f'"""Adds.\n\n<IMPORTANT>\n{order}\n</IMPORTANT>\n"""\n',
        "tool.json": lambda order: json.dumps({"name": "t", "description": f"Adds. {order}"}),
    },
    "hidden": {
        "tiny.html": lambda order: f'<p style="font-size:1px">{order}</p>\n',
        "white.html": lambda order: f'<p style="color: #fff">{order}</p>\n',
        "clear.html": lambda order: f'<p style="opacity:0">{order}</p>\n',
        "far.md": lambda order: f"Title{' ' * 150}{order}\n",
        "paper.tex": lambda order: f"{{\\color{{white}}\\tiny {order}}}\n",
    },
    "in pieces or packed": {
        "b64.py": lambda order: f'X = "{_packed(order)}"\n',
        "b64lines.py": lambda order: _group(_packed(order), 24),
        "b64array.js": lambda order: _array(_packed(order), 20),
        "b64.md": lambda order: _lines(_packed(order), 40, "# *") + "\n",
        "hex.py": lambda order: f'X = "{order.encode().hex()}"\n',
        "hexlines.py": lambda o: _group(o.encode().hex(), 32),
        "literals.py": lambda order: _group(order, 17),
        "joined.js": lambda o: " + ".join(f'"{o[i : i + 9]}"' for i in range(0, len(o), 9)),
        "reversed.md": lambda order: order[::-1] + "\n",
        "spaced.md": lambda o: "  ".join(" ".join(word) for word in o.split(" ")) + "\n",
    },
}  # fmt: skip


def incidents() -> Iterator[Case]:
    """Yield the rebuilt incidents; every third one is held back."""
    order: list[str] = []
    name = path = ""
    lines: list[str] = []

    def case() -> Case:
        held = order.index(name) % 3 == 2
        kind = "incidents, held back" if held else "incidents"
        return Case(name, kind, path, "".join(lines).replace("{+}", ""))

    text = (_CASES / "incidents.txt").read_text(encoding="utf-8")
    for line in text.splitlines(keepends=True):
        match = _NAME.match(line.strip())
        if match is None:
            lines.append(line)
            continue
        if name:
            yield case()
        name, path = match[1], match[2]
        lines = []
        if name not in order:
            order.append(name)
    yield case()


def orders() -> Iterator[Case]:
    """Yield every order of every language in every carrier."""
    tables = tomllib.loads((_CASES / "orders.toml").read_text(encoding="utf-8"))
    for language, table in tables.items():
        for act in ("steal", "erase", "praise", "obey"):
            if act not in table:
                continue
            order = _filled(table[act])
            for kind, carriers in _CARRIERS.items():
                for path, carrier in carriers.items():
                    name = f"{language} {act} {path}"
                    yield Case(name, kind, path, carrier(order))
        for number, sentence in enumerate(table["honest"]):
            text = f"# Notes\n\n{_filled(sentence)}\n"
            yield Case(f"{language} honest {number}", "honest", "README.md", text)


def _filled(text: str) -> str:
    text = text.replace("{+}", "")
    for slot, value in _FILLED.items():
        text = text.replace(slot, value)
    return text


class Scanner:
    """The scanner, with the time that it takes."""

    def __init__(self, folder: Path) -> None:
        self.rules = rulebook.load("injection")
        self.folder = folder

    def levels(self, files: Mapping[str, bytes]) -> Counter[str]:
        """Return the number of findings of each level."""
        run = SCANNER.scan(change_of(dict(files)), context(self.rules, self.folder))
        return Counter(str(finding.level) for finding in run.findings)


def recall(scanner: Scanner, *, missed: bool) -> None:
    """Print how many cases of each kind are found at block and at warn."""
    total: Counter[str] = Counter()
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for case in (*incidents(), *orders()):
        levels = scanner.levels({case.path: case.text.encode()})
        level = "block" if levels["block"] else "warn" if levels["warn"] else ""
        total[case.kind] += 1
        found[case.kind][level] += 1
        if (
            missed
            and level != "block"
            and case.kind not in {"honest", "incidents, held back"}
        ):
            print(level or "silent", case.kind, case.name, file=sys.stderr)
    print("| kind | cases | block | block or warn |\n| --- | --: | --: | --: |")
    for kind, count in total.items():
        blocks = found[kind]["block"]
        seen = blocks + found[kind]["warn"]
        print(f"| {kind} | {count} | {blocks / count:.0%} | {seen / count:.0%} |")
    print()


def clean(scanner: Scanner, folders: Sequence[Path], most_files: int) -> None:
    """Print alarms and CPU time on ordinary text."""
    print("| clean text | lines | block, of 100,000 | warn | ms CPU/KB |")
    print("| --- | --: | --: | --: | --: |")
    for kind, suffixes in _CLEAN.items():
        paths = [
            path
            for folder in folders
            for path in sorted(folder.rglob("*"))
            if path.suffix in suffixes
            and path.is_file()
            and path.stat().st_size < _MAX_BYTES
        ][:most_files]
        count: Counter[str] = Counter()
        lines = size = 0
        seconds = 0.0
        for first in range(0, len(paths), _BATCH):
            batch = {
                str(path)[1:]: path.read_bytes()
                for path in paths[first : first + _BATCH]
            }
            lines += sum(data.count(b"\n") for data in batch.values())
            size += sum(map(len, batch.values()))
            start = time.process_time()
            count += scanner.levels(batch)
            seconds += time.process_time() - start
        shares = [
            f"{count[level] * 1e5 / max(lines, 1):.1f}" for level in ("block", "warn")
        ]
        cost = seconds * 1024e3 / max(size, 1)
        print(f"| {kind} | {lines:,} | {shares[0]} | {shares[1]} | {cost:.2f} |")
    print()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--missed", action="store_true")
    parser.add_argument("--clean", type=Path, action="append")
    parser.add_argument("--most-files", type=int, default=400)
    args = parser.parse_args()
    folders = args.clean or [Path(folder) for folder in site.getsitepackages()]
    with tempfile.TemporaryDirectory() as name:
        scanner = Scanner(Path(name))
        recall(scanner, missed=args.missed)
        clean(scanner, folders, args.most_files)
    return 0


if __name__ == "__main__":
    sys.exit(main())
