"""Measures the code scanner's CPU time on large files: a two-line change, and a new file.

    python -m bench.code_large_files FILE…

Each row is one cold scan in memory, without a cache: CPU seconds of this process and of
the engine.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from pathlib import Path

from tests.support.changes import change_of, context
from zt_gate import rulebook
from zt_gate.scanners.code import SCANNER

CHANGE = ["  // changed", ""]


def cpu() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def changed(text: str) -> str:
    """Return the text with two more lines after a statement in the middle."""
    lines = text.split("\n")
    middle = len(lines) // 2
    while middle < len(lines) - 1 and not lines[middle].rstrip().endswith(";"):
        middle += 1
    return "\n".join([*lines[: middle + 1], *CHANGE, *lines[middle + 1 :]])


def main() -> None:
    rules = rulebook.load("code")
    print("file lines two-lines new not-inspected")
    for name in sys.argv[1:]:
        text = Path(name).read_text("utf-8")
        base = os.path.basename(name)
        seconds = []
        skipped = 0
        for change in (
            change_of({base: changed(text)}, {base: text}),
            change_of({base: text}),
        ):
            with tempfile.TemporaryDirectory() as folder:
                before = cpu()
                run = SCANNER.scan(change, context(rules, Path(folder)))
                seconds.append(f"{cpu() - before:.2f}")
                skipped = len(run.not_inspected)
        print(base, text.count("\n"), *seconds, skipped, flush=True)


if __name__ == "__main__":
    main()
