"""devcontainer.json: the commands that it runs, and the features that it takes."""

from __future__ import annotations

import re

from zt_gate.ecosystems.manifests import commands, json_text
from zt_gate.ecosystems.manifests.base import Dependency, ManifestError

_LIMIT = 1024 * 1024
_COMMAND = re.compile(
    r"(?:initialize|onCreate|updateContent|postCreate|postStart|postAttach)Command\Z"
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - every reader's form
    """Read the life-cycle commands: a text, a list of words, or an object of either."""
    try:
        document = json_text.relaxed(data, _LIMIT, "devcontainer.json")
    except ManifestError as error:
        raise ManifestError(error.line, error.reason, "not_applicable") from error
    found: list[Dependency] = []
    lists: dict[tuple[str, ...], list[json_text.Leaf]] = {}
    for leaf in json_text.leaves(document.text):
        if leaf.value is None or not leaf.path or not _COMMAND.match(leaf.path[0]):
            continue
        if leaf.path[-1] == "":
            lists.setdefault(leaf.path, []).append(leaf)
        else:
            found += commands.in_string(leaf.value, leaf.inside)
    for words in lists.values():
        found += commands.in_words([leaf.value for leaf in words], words[0].inside)
    return tuple(found)
