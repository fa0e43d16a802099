"""Frozen records that cost nothing at start; see ``zt_gate.record``."""

from __future__ import annotations

from zt_gate.record import field, record, replace

__all__ = ["field", "record", "replace"]
