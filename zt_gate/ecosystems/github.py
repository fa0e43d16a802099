"""Actions of GitHub workflows: they have no registry, and a full commit id pins them."""

from __future__ import annotations

from zt_gate.ecosystems.base import Ecosystem

ECOSYSTEM = Ecosystem(
    name="github",
    title="GitHub Actions",
    # Owner, repository, and a folder in the repository.
    name_pattern=r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*\Z",
    normalise=str.lower,
    noun="GitHub Action",
    publisher=lambda key: key.partition("/")[0],
    install_words=(b"uses:",),
    pin_pattern=r"(?:[0-9a-f]{40}|[0-9a-f]{64}|sha256:[0-9a-f]{64})\Z",
)
