"""Events as real clients sent them, from ``data/NAME.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


def observed(client: str, name: str, folder: str, **changes: Any) -> bytes:
    """An event with ``folder`` where a text begins with ``@``, and other fields or arguments."""
    text = (DATA / f"{client}.json").read_text()
    event = json.loads(text.replace('"@', f'"{folder}'))[name]
    for key, value in changes.items():
        if key == "tool_input" and isinstance(value, dict):
            event[key] = {**event[key], **value}
        else:
            event[key] = value
    return json.dumps(event).encode()


def names(client: str) -> list[str]:
    """The names of all observed events."""
    return [
        name
        for name in json.loads((DATA / f"{client}.json").read_text())
        if name != "about"
    ]
