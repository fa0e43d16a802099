"""The scanners; the tuple below is the registry.

A new scanner is one file or folder here, one line in the tuple, its rules
under ``rules/`` and a test file of the same name.
"""

from __future__ import annotations

#: Name and module of each scanner, in the order in which they are started:
#: the slowest first.  Modules are imported in the scanner's own process.
SCANNERS: tuple[tuple[str, str], ...] = (
    ("code", "zt_gate.scanners.code"),
    ("dependencies", "zt_gate.scanners.dependencies"),
    ("secrets", "zt_gate.scanners.secrets"),
    ("injection", "zt_gate.scanners.injection"),
    ("agent_config", "zt_gate.scanners.agent_config"),
    ("scope", "zt_gate.scanners.scope"),
    ("tampering", "zt_gate.scanners.tampering"),
)
