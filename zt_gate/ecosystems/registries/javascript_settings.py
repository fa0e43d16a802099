"""Registries in the project's settings of yarn, pnpm and bun, read from the trusted side.

What npm has as well, ``.npmrc``, is read by ``npm_settings``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.javascript_settings import registries
from zt_gate.record import dataclass, field
from zt_gate.syntax.document import SyntaxReadError

if TYPE_CHECKING:
    from zt_gate.ecosystems.registries.package_manager_settings import SettingsSources

_FILES = (b".yarnrc.yml", b".yarnrc", b"bunfig.toml", b"pnpm-workspace.yaml")


@dataclass(slots=True)
class ProjectRegistries:
    """The registry for all names, "" for none, and those of scopes (``@scope``)."""

    registry: str = ""
    scopes: dict[str, str] = field(default_factory=dict)
    #: Every registry that a file names, also those that another one overrides.
    named: list[str] = field(default_factory=list)


def project_registries(sources: SettingsSources) -> ProjectRegistries:
    """Return the registries of the nearest files; a broken file sets none."""
    found = ProjectRegistries()
    for path, content in sources.files_above(*_FILES):
        try:
            settings = registries(path.rpartition(b"/")[2], content)
        except SyntaxReadError:
            continue
        for item in settings:
            found.named.append(item.url)
            if not item.scope:
                found.registry = found.registry or item.url
            else:
                found.scopes.setdefault(item.scope, item.url)
    return found
