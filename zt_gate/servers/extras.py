"""What to install for a server whose package is missing."""

from __future__ import annotations

import shlex
import sys

from zt_gate.errors import UsageError


def missing(extra: str) -> UsageError:
    """Return the error for a missing extra, with the command that installs it.

    The command names the extra's packages: it works wherever zt-gate came from.
    """
    packages = _requirements(extra)
    words = [sys.executable, "-m", "pip", "install", *packages]
    return UsageError(
        f"zt-gate {extra} needs the extra {extra!r} of zt-gate; "
        f"install it with: {shlex.join(words)}"
    )


def _requirements(extra: str) -> list[str]:
    """Return the requirements of an extra; its own name if the package does not say."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        texts = requires("zt-gate") or []
    except PackageNotFoundError:
        texts = []
    marked = [text.partition(";") for text in texts]
    found = [
        requirement.strip()
        for requirement, _, marker in marked
        if marker.replace("'", '"').strip() == f'extra == "{extra}"'
    ]
    return found or [extra]
