"""Writes the invented pairs of ``bench/code_cases`` as samples for ``bench.code``.

    python -m bench.code_pairs bench/code_cases/javascript.txt [--part seen|held-back]

A pair is a vulnerable form and a safe one.  A third of the pairs, chosen by the digest
of their names, is held back: nobody looks at what the rules do with them while writing
rules.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = re.compile(r"=== ([\w-]+) \| ([\d,]+) \| (py|js|ts|tsx|go)\n")
_LANGUAGES = {
    "py": "python",
    "js": "javascript",
    "ts": "typescript",
    "tsx": "tsx",
    "go": "go",
}
PARTS = ("seen", "held-back")


@dataclass(frozen=True)
class Pair:
    """A vulnerable text and a safe one, with the CWE numbers of the first."""

    name: str
    cwe: tuple[int, ...]
    extension: str
    vulnerable: str
    safe: str

    @property
    def language(self) -> str:
        """The language as ``bench.code`` names it."""
        return _LANGUAGES[self.extension]

    @property
    def part(self) -> str:
        """``held-back`` for a third of the names, ``seen`` for the others."""
        digest = hashlib.sha256(self.name.encode()).digest()
        return PARTS[digest[0] % 3 == 0]


def read(file: Path) -> Iterator[Pair]:
    """Yield the pairs of a file; raises ValueError for a pair without a safe form."""
    pieces = _HEAD.split(file.read_text("utf-8"))[1:]
    for name, numbers, extension, text in zip(*[iter(pieces)] * 4, strict=True):
        vulnerable, separator, safe = text.partition("--- safe\n")
        if not separator:
            raise ValueError(f"{file}: {name} has no safe form")
        cwe = tuple(map(int, numbers.split(",")))
        yield Pair(name, cwe, extension, vulnerable, safe)


def main(words: list[str] | None = None) -> None:
    """Print the samples, one JSON object a line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--part", choices=PARTS)
    options = parser.parse_args(words)
    for file in options.files:
        for pair in read(file):
            if options.part not in {None, pair.part}:
                continue
            for label, text in (("vulnerable", pair.vulnerable), ("safe", pair.safe)):
                row = {
                    "id": pair.name, "source": f"pairs-{pair.part}", "lang": pair.language,
                    "cwe": pair.cwe, "label": label, "text": text,
                }  # fmt: skip
                print(json.dumps(row))


if __name__ == "__main__":
    main()
