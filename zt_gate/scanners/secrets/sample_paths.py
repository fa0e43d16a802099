"""Recognises the files in which invented passwords and keys are common."""

from __future__ import annotations

from zt_gate.syntax import paths


def is_sample(path: bytes) -> bool:
    """Whether the file is a test, an example or documentation."""
    return paths.is_any(path, "test", "test-data", "example", "doc")
