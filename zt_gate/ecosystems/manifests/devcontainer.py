"""devcontainer.json: the commands that it runs, and the features that it takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import Dependency, json_object

if TYPE_CHECKING:
    from zt_gate.syntax.document import Leaf

_LIMIT = 1024 * 1024
_COMMAND = re.compile(
    r"(?:initialize|onCreate|updateContent|postCreate|postStart|postAttach)Command\Z"
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - every reader's form
    """Read the life-cycle commands: a text, a list of words, or an object of either."""
    document = json_object(data, _LIMIT, "not_applicable", relaxed=True)
    found: list[Dependency] = []
    lists: dict[tuple[str, ...], list[Leaf]] = {}
    for leaf in document.leaves():
        if leaf.value is None or not leaf.names or not _COMMAND.match(leaf.names[0]):
            continue
        if leaf.names[-1] == "":
            lists.setdefault(leaf.names, []).append(leaf)
        else:
            found += commands.in_string(leaf.value, leaf.value_place)
    for words in lists.values():
        found += commands.in_words([leaf.value for leaf in words], words[0].value_place)
    return tuple(found)
