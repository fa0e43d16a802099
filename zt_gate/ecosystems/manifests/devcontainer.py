"""devcontainer.json: the life-cycle commands and the packages that they install."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import commands, references
from zt_gate.ecosystems.manifests.base import Dependency, json_object
from zt_gate.ecosystems.manifests.editor_extensions import extension

if TYPE_CHECKING:
    from zt_gate.syntax.document import Document, Leaf, Node

_LIMIT = 1024 * 1024
_COMMAND = lazy_re.compile(
    r"(?:initialize|onCreate|updateContent|postCreate|postStart|postAttach)Command\Z"
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the image, the features, the editor's extensions, and the life-cycle commands.

    A command is a string, a list of words, or an object of either.
    """
    document = json_object(data, _LIMIT, "not_applicable", relaxed=True)
    dependencies = _references(document)
    word_lists: dict[tuple[str, ...], list[Leaf]] = {}
    for leaf in document.leaves():
        dependencies += extension(leaf, "extensions")
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


def _references(document: Document) -> list[Dependency]:
    """Return the image and the features, which are images, too."""
    written: list[tuple[Node, str]] = []
    image, features = document.root.get("image"), document.root.get("features")
    if image is not None and image.style:
        written.append((image, "image"))
    for key, _ in features.entries() if features is not None else ():
        if not key.value.startswith((".", "/", "http")):
            written.append((key, "features"))
    entries = [
        references.image(node.value, document.text.place(node.start, node.end), section)
        for node, section in written
    ]
    return [entry for entry in entries if entry is not None]
