"""Which files hold a language that is written from right to left."""

from __future__ import annotations

import re

_RTL = rb"(?i)(?:^|[/._-])(?:ar|he|iw|fa|ur|yi|ps|sd|ug|dv|ckb|ku|arc)(?:[/._@-]|$)"


def is_right_to_left(path: bytes) -> bool:
    """Whether the path names a locale that is written from right to left."""
    return re.search(_RTL, path) is not None
