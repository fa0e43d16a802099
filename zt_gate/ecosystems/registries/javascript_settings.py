"""Registries in the project's settings of yarn, pnpm and bun, read from the trusted side.

``.yarnrc.yml`` (yarn 2 and later), ``.yarnrc`` (yarn 1), ``bunfig.toml`` and
``pnpm-workspace.yaml``.  What npm has as well, ``.npmrc``, is read by ``npm_settings``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.syntax.document import SyntaxReadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.registries.package_manager_settings import SettingsSources

_FILES = (b".yarnrc.yml", b".yarnrc", b"bunfig.toml", b"pnpm-workspace.yaml")
_YARN_1 = lazy_re.compile(
    r"^[ \t]*\"?((?:@[^\s:\"]{1,214}:)?registry)\"?[ \t]+\"?([^\s\"]{1,2000})\"?[ \t]*$",
    re.MULTILINE,
)


@dataclass(slots=True)
class ProjectRegistries:
    """The registry for all names, "" for none, and those of scopes (``@scope``)."""

    registry: str = ""
    scopes: dict[str, str] = field(default_factory=dict)


def project_registries(sources: SettingsSources) -> ProjectRegistries:
    """Return the registries of the nearest files; a broken file sets none."""
    found = ProjectRegistries()
    for path, content in sources.files_above(*_FILES):
        for scope, url in _registries(path.rpartition(b"/")[2], content):
            if not scope:
                found.registry = found.registry or url
            else:
                found.scopes.setdefault(scope, url)
    return found


def _registries(name: bytes, content: bytes) -> Iterator[tuple[str, str]]:
    """Yield scope ("" for all names) and URL of each setting of a file."""
    if name == b".yarnrc":
        for match in _YARN_1.finditer(content.decode("utf-8", "replace")):
            yield match[1].removesuffix("registry").rstrip(":"), match[2]
        return
    try:
        values = _values(name, content)
    except SyntaxReadError:
        return
    if name == b".yarnrc.yml":
        yield from _named({"": values.get("npmRegistryServer")})
        yield from _named(_table(values, "npmScopes"), "npmRegistryServer")
    elif name == b"bunfig.toml":
        install = _table(values, "install")
        yield from _named({"": install.get("registry")}, "url")
        yield from _named(_table(install, "scopes"), "url")
    else:
        yield from _named({"": values.get("registry")})
        yield from _named(_table(values, "registries"))


def _values(name: bytes, content: bytes) -> dict[str, Any]:
    from zt_gate.syntax import toml, yaml

    document = (toml if name.endswith(b".toml") else yaml).read(content)
    return document.value if isinstance(document.value, dict) else {}


def _table(values: dict[str, Any], name: str) -> dict[str, Any]:
    table = values.get(name)
    return table if isinstance(table, dict) else {}


def _named(table: dict[str, Any], key: str = "") -> Iterator[tuple[str, str]]:
    """Yield the entries that are a URL, or a table with one at ``key``."""
    for name, value in table.items():
        url = value.get(key) if isinstance(value, dict) else value
        if isinstance(url, str) and url:
            scope = "" if name in {"", "default"} else "@" + name.removeprefix("@")
            yield scope, url
