"""What the checks of added lines yield."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from zt_gate.model.finding import Level


@dataclass(frozen=True, slots=True)
class LineHit:
    """A rule that matched in line ``number``; ``start`` and ``end`` are offsets into ``text``."""

    rule: str
    level: Level
    number: int
    text: str
    start: int
    end: int
    message: str
    #: False for an unchanged line of which the change completes the meaning.
    is_added: bool = True
    #: All lines of a hit that spans several; "" for one that is in ``text``.
    context: str = ""
