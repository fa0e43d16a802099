"""Runs zt-gate in a process of its own, with its places below another home.

python -m tests.guard.tokens.gate HOME WORDS…
"""

from __future__ import annotations

import os
import sys

from zt_gate.guard import places


def places_below(home: str) -> places.GuardPlaces:
    """The guard's places of a home."""
    state = os.path.join(home, ".local/state/zt-gate/guard")
    return places.GuardPlaces(home, state, os.geteuid(), os.path.join(home, "no"))


if __name__ == "__main__":
    below = places_below(sys.argv[1])
    places.guard_places = lambda: below
    if sys.argv[2:4] == ["guard", "hook"]:
        from zt_gate.commands.guard_hook import run_fast

        sys.exit(run_fast(sys.argv[4:]))
    from zt_gate.cli import main

    sys.exit(main(sys.argv[2:]))
