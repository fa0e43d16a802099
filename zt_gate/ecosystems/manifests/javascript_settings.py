"""Registries in the project's settings of yarn, pnpm and bun.

``.yarnrc.yml`` (yarn 2 and later), ``.yarnrc`` (yarn 1), ``bunfig.toml`` and
``pnpm-workspace.yaml``.  The files name no package.  A registry that a change adds
there is another source of code.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Place,
    Source,
    Text,
    unnamed_entry,
)
from zt_gate.record import dataclass
from zt_gate.syntax.document import Limits, SyntaxReadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Document, Node

_LIMITS = Limits(size=1024 * 1024)
_YARN_1 = lazy_re.compile(
    r"^[ \t]*\"?((?:@[^\s:\"]{1,214}:)?registry)\"?[ \t]+\"?([^\s\"]{1,2000})\"?[ \t]*\r?$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class RegistrySetting:
    """One setting: the scope (``@scope``, "" for all names), the URL and its place."""

    scope: str
    url: str
    place: Place


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Return an index entry for each registry that the file names."""
    name = path.rpartition(b"/")[2].lower()
    try:
        settings = registries(name, data)
    except SyntaxReadError as error:
        raise ManifestError(error.line, error.reason) from error
    return tuple(
        unnamed_entry(
            "npm", Source("index", item.url), item.place, item.scope or "registry"
        )
        for item in settings
    )


def registries(name: bytes, content: bytes) -> list[RegistrySetting]:
    """Return the settings of a file by its name; raises SyntaxReadError."""
    if name == b".yarnrc":
        text = Text.of(content.decode("utf-8", "replace"))
        return [
            RegistrySetting(
                match[1].removesuffix("registry").rstrip(":"),
                match[2],
                text.place(*match.span(2)),
            )
            for match in _YARN_1.finditer(text.content)
        ]
    from zt_gate.syntax import toml, yaml

    read_document = toml.read if name == b"bunfig.toml" else yaml.read
    document = read_document(content, limits=_LIMITS)
    return list(_of_document(name, document))


def _of_document(name: bytes, document: Document) -> Iterator[RegistrySetting]:
    root = document.root
    if name == b".yarnrc.yml":
        yield from _setting(document, "", root.get("npmRegistryServer"))
        scopes = root.get("npmScopes")
        yield from _scopes(document, scopes, "npmRegistryServer")
    elif name == b"bunfig.toml":
        install = root.get("install")
        if install is not None:
            yield from _setting(document, "", install.get("registry"), "url")
            yield from _scopes(document, install.get("scopes"), "url")
    else:
        yield from _setting(document, "", root.get("registry"))
        yield from _scopes(document, root.get("registries"))


def _scopes(
    document: Document, table: Node | None, key: str = ""
) -> Iterator[RegistrySetting]:
    for name, node in table.entries() if table is not None else ():
        scope = "" if name.value == "default" else "@" + name.value.removeprefix("@")
        yield from _setting(document, scope, node, key)


def _setting(
    document: Document, scope: str, node: Node | None, key: str = ""
) -> Iterator[RegistrySetting]:
    """Yield the setting of a URL, or of a table with a URL at ``key``."""
    if node is not None and not node.is_scalar:
        node = node.get(key) if key else None
    if node is not None and node.is_scalar and node.value:
        place = document.text.place(node.start, node.end)
        yield RegistrySetting(scope, node.value, place)
