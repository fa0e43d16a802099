"""``python -I -m zt_gate`` and the console script."""

from __future__ import annotations

import sys


def run() -> None:
    """Start the command line and leave with its exit code."""
    from zt_gate.cli import main

    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
