"""The interface of a report format, its options and its error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from zt_gate.errors import GateError
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.model.report import Report


class ReportError(GateError):
    """A report could not be rendered or written; the message is one line."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run in the audit log: its time as text, its verdict, active findings by level."""

    time: str
    verdict: str
    block: int = 0
    warn: int = 0


@dataclass(frozen=True, slots=True)
class Options:
    """Presentation options.

    ``colour``: use SGR colours (the caller has asked ``wants_colour``).
    ``width``: columns of the terminal.  ``verbose``: list what is otherwise only
    counted.  ``terminal``: the output is a terminal, so the first line of a finding
    is wrapped; elsewhere it stays on one line for grep and log matchers.
    ``program``: the command that starts zt-gate here.  ``has_terminal``: the reader can
    type into the terminal that shows the report; a graphical client has none.
    ``staged``: the report is about the staged change, not about a message alone.
    ``limit``: maximum size in bytes (Markdown only; None means the 1 MiB of a step
    summary).  ``past`` are the latest runs in the audit log, the newest last (HTML only).
    """

    colour: bool = False
    width: int = 80
    verbose: bool = False
    terminal: bool = False
    limit: int | None = None
    program: str = "zt-gate"
    has_terminal: bool = True
    staged: bool = True
    past: tuple[PastRun, ...] = ()


def wants_colour(
    environ: Mapping[str, str], *, is_terminal: bool, no_color: bool = False
) -> bool:
    """Whether a terminal report has colours.

    ``no_color`` is the option.  Then NO_COLOR (any value), FORCE_COLOR (any value; ``0``
    and ``false`` mean no colours) and ``TERM=dumb`` decide, in this order, and last
    whether the output is a terminal.  See no-color.org and force-color.org.
    """
    if no_color or environ.get("NO_COLOR"):
        return False
    force = environ.get("FORCE_COLOR", "")
    if force:
        return force.lower() not in {"0", "false"}
    return is_terminal and environ.get("TERM") != "dumb"


class Renderer(Protocol):
    """The functions of a format's module."""

    def render(self, report: Report, options: Options) -> bytes:
        """Return the report as UTF-8; raises for no content of the report."""
        ...
