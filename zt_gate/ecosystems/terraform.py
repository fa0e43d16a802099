"""Terraform and OpenTofu: providers and modules of the public registries."""

from __future__ import annotations

from zt_gate.ecosystems.base import Ecosystem, ManifestFormat


def normalise(name: str) -> str:
    """Return the name without the registries' default hosts."""
    key = name.lower()
    for host in ("registry.terraform.io/", "registry.opentofu.org/"):
        key = key.removeprefix(host)
    return key


ECOSYSTEM = Ecosystem(
    name="terraform",
    title="Terraform providers and modules",
    noun="Terraform provider or module",
    name_pattern=r"(?:[A-Za-z0-9.-]+(?::\d+)?/)?[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+){1,2}\Z",
    normalise=normalise,
    formats=(ManifestFormat("terraform", suffixes=(b"tf", b"tofu"), role="versions"),),
    publisher=lambda key: key.partition("/")[0],
    floating_pattern=r"\Z",
)
