"""Swift packages: repositories that Package.swift names."""

from __future__ import annotations

from zt_gate.ecosystems.base import Ecosystem, ManifestFormat

ECOSYSTEM = Ecosystem(
    name="swift",
    title="Swift packages",
    noun="Swift package",
    # Host, owner and name of the repository.
    name_pattern=r"[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~-]+)+\Z",
    normalise=str.lower,
    formats=(ManifestFormat("swift", (b"package.swift",), role="versions"),),
    publisher=lambda key: "/".join(key.split("/")[:2]),
    floating_pattern=r"branch:.*\Z",
)
