"""Nix flakes: the inputs of a flake."""

from __future__ import annotations

from zt_gate.ecosystems.base import Ecosystem, ManifestFormat

ECOSYSTEM = Ecosystem(
    name="nix",
    title="Nix flakes",
    noun="Nix flake",
    # Host, owner and name of the repository.
    name_pattern=r"[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~-]+)+\Z",
    normalise=str.lower,
    formats=(ManifestFormat("nix_flake", (b"flake.nix",), role="versions"),),
    publisher=lambda key: "/".join(key.split("/")[:2]),
)
