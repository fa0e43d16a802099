"""Recall of the injection scanner on planted cases, and its alarms on clean folders.

Usage: python bench/injection_quick.py [CASES.jsonl[.xz]] [--clean FOLDER]… [--show]

Cases are JSON lines with ``id``, ``group``, ``obfuscation``, ``file`` and ``text``.
Each file of a clean folder counts as one added file.  Alarms are per 100,000 lines.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.changes import change_of, context
from zt_gate import rulebook
from zt_gate.scanners.injection import SCANNER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.finding import Finding
    from zt_gate.scanners.base import Context


def levels(findings: tuple[Finding, ...]) -> set[str]:
    return {str(finding.level) for finding in findings}


def recall(path: Path, ctx: Context, *, show: bool) -> None:
    opener = lzma.open if path.suffix == ".xz" else open
    total: Counter[str] = Counter()
    block: Counter[str] = Counter()
    review: Counter[str] = Counter()
    with opener(path, "rt", encoding="utf-8") as file:
        for line in file:
            case = json.loads(line)
            group = case["group"]
            names = [group] + ([f"{group}/{case['obfuscation']}"] if case["obfuscation"] else [])
            change = change_of({case["file"]: case["text"].encode("utf-8", "surrogatepass")})
            run = SCANNER.scan(change, ctx)
            found = levels(run.findings)
            for name in names:
                total[name] += 1
                block[name] += "block" in found
                review[name] += bool(found & {"block", "warn"})
            if show and "block" not in found:
                print("missed", case["id"], sorted({f.rule for f in run.findings}))
    print(f"{'group':26} {'cases':>6} {'block':>7} {'or review':>10}")
    for name in sorted(total):
        n = total[name]
        print(f"{name:26} {n:6} {block[name] / n:7.0%} {review[name] / n:10.0%}")


def batches(folder: Path, kinds: dict[str, set[str]]) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield the files of a folder by kind, some hundred to a change."""
    held: dict[str, dict[str, bytes]] = {kind: {} for kind in kinds}
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            suffix = os.path.splitext(name)[1]
            kind = next((k for k, suffixes in kinds.items() if suffix in suffixes), None)
            path = Path(root, name)
            if kind is None or path.is_symlink() or path.stat().st_size > 2_000_000:
                continue
            held[kind][str(path.relative_to(folder))] = path.read_bytes()
            if len(held[kind]) >= 200:
                yield kind, held[kind]
                held[kind] = {}
    yield from ((kind, batch) for kind, batch in held.items() if batch)


def alarms(folder: Path, ctx: Context, *, show: bool) -> None:
    kinds = {
        "code": {".py", ".pyi", ".js", ".ts", ".c", ".h", ".pyx", ".css"},
        "docs": {".md", ".rst", ".txt", ".html"},
        "translations": {".po", ".ftl", ".xlf"},
        "data": {".json", ".yaml", ".yml", ".toml", ".csv", ".xml", ".cfg", ".ini"},
    }
    lines: Counter[str] = Counter()
    size: Counter[str] = Counter()
    cpu: Counter[str] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    for kind, batch in batches(folder, kinds):
        change = change_of(batch)
        start = time.process_time()
        run = SCANNER.scan(change, ctx)
        cpu[kind] += time.process_time() - start  # type: ignore[assignment]
        lines[kind] += run.lines
        size[kind] += sum(map(len, batch.values()))
        for finding in run.findings:
            found[kind, str(finding.level)] += 1
            if show:
                where = f"{os.fsdecode(finding.location.path or b'')}:{finding.location.line}"
                print(f"{finding.level} {finding.rule} {where}: {finding.message[:220]}")
    print(f"{folder}\n{'kind':14} {'lines':>9} {'block/100k':>11} {'review/100k':>12} {'ms/KB':>7}")
    for kind in sorted(lines):
        n = max(lines[kind], 1) / 100_000
        print(
            f"{kind:14} {lines[kind]:9} {found[kind, 'block'] / n:11.1f}"
            f" {found[kind, 'warn'] / n:12.1f} {cpu[kind] * 1000 / max(size[kind] / 1024, 1):7.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path, nargs="?")
    parser.add_argument("--clean", type=Path, action="append", default=[])
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ctx = context(rulebook.load("injection"), Path(folder))
        if args.cases:
            recall(args.cases, ctx, show=args.show)
        for clean in args.clean:
            alarms(clean, ctx, show=args.show)


if __name__ == "__main__":
    main()
