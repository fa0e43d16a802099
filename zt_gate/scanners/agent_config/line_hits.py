"""What the readers of lines yield."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zt_gate.model.finding import Level


@dataclass(frozen=True, slots=True)
class LineHit:
    """One finding in a line: the rule, the place (offsets into ``text``), and a sentence."""

    rule: str
    level: Level
    number: int
    text: str
    start: int
    end: int
    message: str
