"""Extensions of VS Code and the editors made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.base import Ecosystem, ManifestFormat

if TYPE_CHECKING:
    from collections.abc import Sequence


def _is_extension_list(name: bytes, folders: Sequence[bytes]) -> bool:
    is_in_editor_folder = folders[-1:] in ([b".vscode"], [b".cursor"], [b".windsurf"])
    return name == b"extensions.json" and is_in_editor_folder


ECOSYSTEM = Ecosystem(
    name="vscode",
    title="Editor extensions (VS Code)",
    noun="editor extension",
    separator=".",
    # Publisher and name.
    name_pattern=r"[A-Za-z0-9][A-Za-z0-9-]*\.[A-Za-z0-9][A-Za-z0-9._-]*\Z",
    normalise=str.lower,
    formats=(
        ManifestFormat(
            "editor_extensions",
            suffixes=(b"code-workspace",),
            matches=_is_extension_list,
            role="versions",
        ),
    ),
    publisher=lambda key: key.partition(".")[0],
)
