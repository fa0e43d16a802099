"""Git repositories whose code a tool runs: pre-commit hooks, and modules of Terraform."""

from __future__ import annotations

from zt_gate.ecosystems.base import Ecosystem

#: References that name a branch: they have no digit.
BRANCH = r"(?:branch:.*|head|main|master|trunk|develop|development|stable|latest|next|[a-z_/-]*)\Z"


def publisher(key: str) -> str:
    """Return host and owner of a repository."""
    return "/".join(key.split("/")[:2])


ECOSYSTEM = Ecosystem(
    name="git",
    title="Git repositories (pre-commit hooks, Terraform modules)",
    noun="repository",
    # Host, owner and name.
    name_pattern=r"[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~-]+)+\Z",
    normalise=str.lower,
    publisher=publisher,
    pin_pattern=r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z",
    floating_pattern=f"(?i){BRANCH}",
)
