"""Entry point of ``python -I -m zt_gate`` and of the console script."""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command line and exit with its exit code."""
    # A client waits for the guard's hook at every call of a tool.  Isolated alone: the
    # command line takes folders of the scanned project off the import path first.
    if sys.argv[1:3] == ["guard", "hook"] and sys.flags.isolated:
        from zt_gate.commands.guard_hook import run_fast

        code = run_fast(sys.argv[3:])
        if code is not None:
            sys.exit(code)
    from zt_gate.cli import main

    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
