"""hatch.toml: the tables that pyproject.toml has below ``tool.hatch``."""

from __future__ import annotations

from zt_gate.ecosystems.manifests import pyproject, toml_requirements
from zt_gate.ecosystems.manifests.base import Dependency, parse_manifest


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the environments, the build hooks and their scripts."""
    from zt_gate.syntax import toml

    document = parse_manifest(toml.read, data)
    prefix = ("tool", "hatch")
    lists = tuple(path[2:] for path in pyproject.LISTS if path[:2] == prefix)
    texts = tuple(path[2:] for path in pyproject.COMMANDS if path[:2] == prefix)
    return (
        *toml_requirements.requirement_lists(document, lists),
        *toml_requirements.command_entries(document, texts),
    )
