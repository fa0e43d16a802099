"""devcontainer.json: the life-cycle commands and the packages that they install."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import Dependency, json_object

if TYPE_CHECKING:
    from zt_gate.syntax.document import Leaf

_LIMIT = 1024 * 1024
_COMMAND = lazy_re.compile(
    r"(?:initialize|onCreate|updateContent|postCreate|postStart|postAttach)Command\Z"
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the life-cycle commands: a string, a list of words, or an object of either."""
    document = json_object(data, _LIMIT, "not_applicable", relaxed=True)
    dependencies: list[Dependency] = []
    word_lists: dict[tuple[str, ...], list[Leaf]] = {}
    for leaf in document.leaves():
        if leaf.value is None or not leaf.names or not _COMMAND.match(leaf.names[0]):
            continue
        is_list_element = leaf.names[-1] == ""
        if is_list_element:
            word_lists.setdefault(leaf.names, []).append(leaf)
        else:
            dependencies += commands.in_string(leaf.value, leaf.value_place)
    for leaves in word_lists.values():
        words = [leaf.value for leaf in leaves]
        dependencies += commands.in_words(words, leaves[0].value_place)
    return tuple(dependencies)
