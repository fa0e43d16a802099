"""CocoaPods: the libraries of a Podfile."""

from __future__ import annotations

from zt_gate.ecosystems.base import Ecosystem, ManifestFormat

ECOSYSTEM = Ecosystem(
    name="cocoapods",
    title="CocoaPods",
    noun="CocoaPods library",
    name_pattern=r"[A-Za-z0-9_][A-Za-z0-9_.+-]*\Z",
    formats=(ManifestFormat("podfile", (b"podfile",), (b"podspec",), role="versions"),),
)
