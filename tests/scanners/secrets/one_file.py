"""The scanner on one added file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import changes
from zt_gate import rulebook
from zt_gate.scanners.secrets import SCANNER

if TYPE_CHECKING:
    from zt_gate.model.finding import Finding

RULES = rulebook.load("secrets")


def findings_in(text: str, path: str = "app.cfg") -> tuple[Finding, ...]:
    """Return what the scanner finds where a change adds a file with this text."""
    run = SCANNER.scan(changes.change_of({path: text}), changes.context(RULES, Path()))
    assert run.status == "ok"
    return run.findings
