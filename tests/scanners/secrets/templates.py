"""Examples of rules, written so that no file holds a value that looks live.

``{36*A-Za-z0-9}`` stands for 36 characters of that class, made by a generator
whose seed is the template: the same every time, and never a real key.
"""

from __future__ import annotations

import base64
import random
import re

_FIELD = re.compile(r"\{(\d+)(?:-(\d+))?\*([^{}]+)\}")
_RANGE = re.compile(r"(.)-(.)")


def expand(template: str) -> str:
    """Put a value together from its template."""
    source = random.Random(template)

    def value(match: re.Match[str]) -> str:
        low, high = int(match[1]), int(match[2] or match[1])
        letters = charset(match[3])
        return "".join(source.choice(letters) for _ in range(source.randint(low, high)))

    return _FIELD.sub(value, template)


def charset(text: str) -> str:
    """Return the characters of a class such as ``A-Za-z0-9_-``."""
    letters = "".join(
        "".join(chr(n) for n in range(ord(a), ord(b) + 1))
        for a, b in _RANGE.findall(text)
    )
    return letters + _RANGE.sub("", text)


def encoded(template: str) -> str:
    """Return the expanded template in base64."""
    return base64.b64encode(expand(template).encode()).decode()
