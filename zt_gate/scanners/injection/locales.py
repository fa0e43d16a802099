"""Recognizes paths of translations into right-to-left languages."""

from __future__ import annotations

import re

_RTL = rb"(?i)(?:^|[/._-])(?:ar|he|iw|fa|ur|yi|ps|sd|ug|dv|ckb|ku|arc)(?:[/._@-]|$)"


def is_right_to_left(path: bytes) -> bool:
    """Whether the path names the locale of a right-to-left language."""
    return re.search(_RTL, path) is not None
