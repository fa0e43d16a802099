"""TOML with the line of each table and key, as far as plain lines tell it."""

from __future__ import annotations

import re
import tomllib

from zt_gate.scanners.agent_config.documents import Document, UnreadableError
from zt_gate.syntax.toml_lines import deep_key_line, key_lines


def read(text: str) -> Document:
    """Parse one document; raises UnreadableError with the parser's place."""
    deep = deep_key_line(text)
    if deep is not None:
        raise UnreadableError(f"line {deep}: a key with too many dotted parts")
    try:
        root = tomllib.loads(text)
    except RecursionError as error:
        raise UnreadableError("not valid TOML: nested too deeply") from error
    except ValueError as error:
        place = re.search(r"line \d{1,9}", str(error))
        raise UnreadableError(f"{place[0] + ': ' if place else ''}not valid TOML") from error
    return Document(root, key_lines(text), text)
