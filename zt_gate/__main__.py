"""Entry point of ``python -I -m zt_gate`` and of the console script."""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command line and exit with its exit code."""
    from zt_gate.cli import main

    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
