"""Build the snapshot of package names that zt-gate contains.

    python scripts/build_snapshot.py PYPI.tsv.xz NPM.tsv.xz --day 2026-11-01

The columns of the first file are name, month of the last release and rank; those of the
second are name and downloads per month.  Writes ``zt_gate/scanners/dependencies/data``.
"""

from __future__ import annotations

import argparse
import lzma
from datetime import date
from pathlib import Path

from zt_gate.scanners.dependencies import name_snapshot

DATA = Path(__file__).resolve().parent.parent / "zt_gate/scanners/dependencies/data"
# The list of PyPI has ranks without counts.  These are the orders of magnitude of its
# published download statistics, rounded down.
PYPI_CURVE = ((1, 1_000_000_000), (10, 500_000_000), (100, 120_000_000), (1_000, 10_000_000),
              (5_000, 600_000), (15_000, 50_000))  # fmt: skip
NPM_NAMES = 20_000
NPM_POINTS = (
    1,
    3,
    10,
    30,
    100,
    300,
    1_000,
    2_000,
    3_500,
    5_000,
    7_500,
    10_000,
    15_000,
    20_000,
)


def rows(path: str) -> list[list[str]]:
    with lzma.open(path, "rt", encoding="utf-8") as file:
        next(file)
        return [line.rstrip("\n").split("\t") for line in file]


def pypi(path: str, day: date) -> name_snapshot.Snapshot:
    ranked = sorted((int(rank), name) for name, _, rank in rows(path) if rank)
    body = name_snapshot.body_of([name for _, name in ranked])
    return name_snapshot.Snapshot("pypi", day, day, PYPI_CURVE, body)


def npm(path: str, day: date) -> name_snapshot.Snapshot:
    counted = sorted(((int(count), name) for name, count in rows(path)), reverse=True)[
        :NPM_NAMES
    ]
    curve = tuple((n, counted[n - 1][0]) for n in NPM_POINTS if n <= len(counted))
    body = name_snapshot.body_of([name for _, name in counted])
    return name_snapshot.Snapshot("npm", day, day, curve, body)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pypi")
    parser.add_argument("npm")
    parser.add_argument("--day", type=date.fromisoformat, required=True)
    options = parser.parse_args()
    DATA.mkdir(exist_ok=True)
    for snapshot in (pypi(options.pypi, options.day), npm(options.npm, options.day)):
        data = name_snapshot.encode(snapshot)
        name_snapshot.decode(data, snapshot.ecosystem)
        (DATA / f"{snapshot.ecosystem}.zlib").write_bytes(data)
        print(
            f"{snapshot.ecosystem}: {len(snapshot.names):,} names, {len(data):,} bytes"
        )


if __name__ == "__main__":
    main()
