"""Prints texts that people pipe into ``head`` or ``less``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def print_lines(lines: Iterable[str]) -> int:
    """Print lines and return 0, also if the reader closes the pipe before the end.

    Unlike a report, of which a missing part could be a finding, a list is read as far as
    somebody wants.
    """
    try:
        for line in lines:
            print(line)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would try to write the rest at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
