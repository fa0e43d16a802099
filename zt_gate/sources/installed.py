"""Lock files and environments whose packages are audited: no change, but what is there.

The packages of an environment are in the request; here they only count for the digest.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from zt_gate.model.change import ChangeSet
from zt_gate.record import replace
from zt_gate.sources import tree
from zt_gate.sources.errors import SourceError

if TYPE_CHECKING:
    from zt_gate.git.run import Git
    from zt_gate.sources.base import SourceInputs


def read_change(git: Git | None, inputs: SourceInputs) -> ChangeSet:
    """Return the lock files as if they were new; ``spec`` names all that is audited.

    ``patch`` lists the packages of the environments.  Raises SourceError.
    """
    if not isinstance(inputs.patch, bytes):
        raise SourceError("the packages of an environment are not a stream")
    if inputs.paths:
        change = tree.read_change(git, inputs)
    else:
        change = ChangeSet("tree", git.empty_tree if git else "", "", "", ())
    digest = hashlib.sha256(f"{change.digest}\n".encode() + inputs.patch).hexdigest()
    return replace(change, head=inputs.spec, digest=digest)
