"""Helm charts: the dependencies of a chart, and helmfiles."""

from __future__ import annotations

from zt_gate.ecosystems.base import Ecosystem, ManifestFormat

ECOSYSTEM = Ecosystem(
    name="helm",
    title="Helm charts",
    noun="Helm chart",
    # The repository's host and path, and the chart.
    name_pattern=r"[A-Za-z0-9][A-Za-z0-9._:@-]*(?:/[A-Za-z0-9._-]+)*\Z",
    normalise=str.lower,
    formats=(
        ManifestFormat(
            "helm_chart",
            (b"chart.yaml", b"requirements.yaml", b"helmfile.yaml"),
            role="versions",
        ),
    ),
    publisher=lambda key: key.rpartition("/")[0],
    floating_pattern=r"\*?\Z",
)
