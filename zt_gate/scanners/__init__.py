"""Registry of the scanners.

A new scanner is one file or folder here, one line in the tuple below, its rules
under ``rules/`` and a test file of the same name.  Its properties are declared in
its ``SCANNER.info``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zt_gate.model.scanner import ScannerInfo
    from zt_gate.scanners.base import Scanner

#: Module of each scanner in the order in which they are started, the slowest first.
#: Importing one must be cheap: a scanner imports what it needs when it scans.
SCANNERS: tuple[str, ...] = (
    "zt_gate.scanners.code",
    "zt_gate.scanners.dependencies",
    "zt_gate.scanners.secrets",
    "zt_gate.scanners.injection",
    "zt_gate.scanners.agent_config",
    "zt_gate.scanners.scope",
    "zt_gate.scanners.tampering",
)


def scanner_in(module: str) -> Scanner:
    """Return the object ``SCANNER`` of a module."""
    scanner: Scanner = import_module(module).SCANNER
    return scanner


def registered() -> dict[str, ScannerInfo]:
    """Return the properties of all scanners by name, in the registry's order."""
    infos = [scanner_in(module).info for module in SCANNERS]
    return {info.name: info for info in infos}


def modules() -> dict[str, str]:
    """Return the modules of all scanners by name, in the registry's order."""
    return {scanner_in(module).info.name: module for module in SCANNERS}
