"""The lines of whole contents, for files that count as added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.change import ContentUnavailableError, HunkLines
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.git.spooled_text import Spool
    from zt_gate.model.change import Blob

#: Bytes of one side; as in ``zt_gate.syntax.text``, scanners skip what is too large for them.
_LARGEST = 1 << 31


@dataclass(slots=True)
class ContentAsLines:
    """Keeps the lines of whole contents, large ones in a file in ``workdir``."""

    workdir: Path
    _spool: Spool | None = None

    def of(self, blob: Blob | None) -> tuple[HunkLines | None, str]:
        """Return the lines of a content, None if it has none, and why they are unknown."""
        try:
            if blob is None:
                raise ContentUnavailableError("the content of the file is not known")
            content = blob.read(_LARGEST)
        except ContentUnavailableError as error:
            return (
                None,
                f"the whole content of a moved or linked file is needed: {error}",
            )
        if not content:
            return None, ""
        spool = self._text()
        start = spool.size
        spool.append(content)
        lines = content.count(b"\n") + (not content.endswith(b"\n"))
        return HunkLines(spool, start, len(content), lines), ""

    def nothing(self) -> HunkLines:
        """Return no lines."""
        return HunkLines(self._text(), 0, 0, 0)

    def _text(self) -> Spool:
        if self._spool is None:
            from zt_gate.git.spooled_text import Spool

            self._spool = Spool(self.workdir)
        return self._spool
