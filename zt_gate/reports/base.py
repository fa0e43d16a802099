"""What every format takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from zt_gate.errors import GateError

if TYPE_CHECKING:
    from zt_gate.model.report import Report


class ReportError(GateError):
    """A report could not be made or written; the text is one line and says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a report is to look; what it says does not depend on them.

    ``colour``: SGR colours are wanted (the caller has looked at NO_COLOR).
    ``width``: columns of the terminal.  ``verbose``: list what is only counted
    otherwise.  ``terminal``: a person looks at it, so long heads of findings
    are broken; elsewhere each stays on one line for grep and log matchers.
    ``limit``: the most bytes that the sink takes (Markdown only; None stands
    for the 1 MiB of a step summary).
    """

    colour: bool = False
    width: int = 80
    verbose: bool = False
    terminal: bool = False
    limit: int | None = None


class Renderer(Protocol):
    """What a format's module has."""

    def render(self, report: Report, options: Options) -> bytes:
        """Return the report as UTF-8; never raises, whatever the texts hold."""
        ...
