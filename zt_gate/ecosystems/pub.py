"""Dart and Flutter packages."""

from __future__ import annotations

from zt_gate.ecosystems.base import Ecosystem, ManifestFormat

ECOSYSTEM = Ecosystem(
    name="pub",
    title="Dart packages",
    noun="Dart package",
    name_pattern=r"[a-z_][a-z0-9_]*\Z",
    formats=(ManifestFormat("pubspec", (b"pubspec.yaml",), role="versions"),),
    floating_pattern=r"(?:any)?\Z",
)
