"""What to install for a server whose package is missing."""

from __future__ import annotations

import shlex
import sys

from zt_gate.errors import UsageError

#: The requirements of each extra, as pyproject.toml has them (a test compares both).  An
#: installed package may have been made before the extra existed.
EXTRAS = {
    "lsp": ("lsprotocol>=2025", "pygls>=2,<3"),
    "mcp": ("mcp>=1.23,<2",),
}


def missing(extra: str) -> UsageError:
    """Return the error for a missing extra, with the command that installs it.

    The command names the extra's packages: it works wherever zt-gate came from.
    """
    words = [sys.executable, "-m", "pip", "install", *EXTRAS[extra]]
    return UsageError(
        f"zt-gate {extra} needs the extra {extra!r} of zt-gate; "
        f"install it with: {shlex.join(words)}"
    )
