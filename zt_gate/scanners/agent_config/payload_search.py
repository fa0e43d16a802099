"""Finds payloads in a text that is run: a shell's or another language's.

Each of the two readers meets texts of the other (``sh -c`` in Python, ``python -c`` in
a shell), so each is given the other's search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.scanners.agent_config import payload_code, payload_shell

if TYPE_CHECKING:
    from zt_gate.scanners.agent_config.payload_effects import PayloadEffect


def in_shell(text: str) -> list[PayloadEffect]:
    """Return the effects of running a text in a shell."""
    return payload_shell.find(text, in_code)


def in_code(text: str, language: str) -> list[PayloadEffect]:
    """Return the effects of running a source text in a language."""
    return payload_code.find(text, language, in_shell)
