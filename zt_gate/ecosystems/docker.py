"""Container images: Dockerfiles, compose, CI jobs, Kubernetes, Helm values, dev containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.base import Ecosystem, ManifestFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

_HUB_HOSTS = ("docker.io/", "index.docker.io/", "registry-1.docker.io/")
_KUBERNETES_FOLDERS = frozenset(
    (b"k8s", b"kubernetes", b"manifests", b"kustomize", b"deploy", b"deployment", b"deployments",
     b"overlays", b"helm", b"charts", b"argocd", b"flux", b"clusters")
)  # fmt: skip


def normalise(name: str) -> str:
    """Return the name with the namespace of official images, without the default host."""
    key = name.lower()
    for host in _HUB_HOSTS:
        key = key.removeprefix(host)
    return key if "/" in key else f"library/{key}"


def publisher(key: str) -> str:
    """Return the namespace that publishes an image, with its host."""
    return key.rpartition("/")[0]


def _is_kubernetes(name: bytes, folders: Sequence[bytes]) -> bool:
    is_yaml = name.endswith((b".yaml", b".yml"))
    return is_yaml and not _KUBERNETES_FOLDERS.isdisjoint(folders)


ECOSYSTEM = Ecosystem(
    name="docker",
    title="Container images",
    noun="container image",
    name_pattern=r"(?i)[a-z0-9][a-z0-9._-]*(?::\d+)?(?:/[a-z0-9][a-z0-9._-]*)*\Z",
    normalise=normalise,
    formats=(
        ManifestFormat(
            "kubernetes",
            (b"kustomization.yaml", b"kustomization.yml", b"values.yaml"),
            matches=_is_kubernetes,
            role="text",
            marks=(b"image", b"tag", b"digest", b"repository", b"&", b"*"),
        ),
    ),
    publisher=publisher,
    pin_pattern=r"sha256:[0-9a-f]{64}\Z",
    # The names of tags that are moved with every release, and an image without a tag.
    floating_pattern=(
        r"(?:(?:latest|stable|edge|main|master|nightly|dev|devel|develop|canary|rolling|next|beta"
        r"|alpha|testing|unstable|current|lts|slim|mainline|preview|insiders|snapshot|prod|staging)"
        r"(?:-[a-z]+)*)?\Z"
    ),
)
