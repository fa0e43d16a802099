"""Where made-up passwords and keys are usual."""

from __future__ import annotations

from zt_gate.syntax import paths


def are_usual(path: bytes) -> bool:
    """Whether the file is a test, an example or documentation."""
    return paths.is_any(path, "test", "test-data", "example", "doc")
