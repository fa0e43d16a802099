"""The versions in requirements.lock."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text("ascii")
#: One package: name, version, extra (None for what is needed at run time), hashes.
PIN = re.compile(
    r"([a-z0-9][a-z0-9-]*)==([0-9][\w.]*)(?: ; extra == \"(dev|docs|lsp|mcp|sarif|vault)\")? \\\n"
    r"((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)"
)


def pins(*extras: str) -> dict[str, str]:
    """Return the versions of the lines without a marker, and of those of the extras."""
    return {
        match[1]: match[2]
        for match in PIN.finditer(LOCK)
        if (match[3] or "") in ("", *extras)
    }
