"""Certificate authorities that the user's package managers trust, such as a company's own.

Only the user's settings count: the environment, and the files in the user's home and of
the machine.  A project's setting never does, because it would let a change choose whom
the gate believes.  These certificates are trusted in addition to the system's.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zt_gate.ecosystems.registries.package_index import CaFile, Index
from zt_gate.record import replace
from zt_gate.syntax.document import SyntaxReadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.registries.package_manager_settings import (
        Endpoints,
        SettingsSources,
    )

_GIT_SYSTEM_FILES: tuple[str, ...] = ("/etc/gitconfig",)


def of_ecosystem(ecosystem: str, sources: SettingsSources) -> tuple[CaFile, ...]:
    """Return the files that the ecosystem's package manager trusts; reads settings."""
    from zt_gate.ecosystems import ecosystem_named

    certificates = ecosystem_named(ecosystem).certificates
    return () if certificates is None else tuple(certificates(sources))


def with_files(endpoints: Endpoints, files: tuple[CaFile, ...]) -> Endpoints:
    """Return the endpoints with the files on every index and service."""
    if not files:
        return endpoints
    select = endpoints.select

    def own(index: Index) -> Index:
        return replace(index, ca_files=files)

    return replace(
        endpoints,
        indexes=tuple(map(own, endpoints.indexes)),
        scopes={scope: own(index) for scope, index in endpoints.scopes.items()},
        service=None if endpoints.service is None else own(endpoints.service),
        explicit_indexes=tuple(map(own, endpoints.explicit_indexes)),
        select=None if select is None else lambda key: tuple(map(own, select(key))),
    )


def of_cargo(sources: SettingsSources) -> Iterator[CaFile]:
    """Yield Cargo's ``http.cainfo``, else Git's: crates may come from repositories."""
    value = sources.environ.get("CARGO_HTTP_CAINFO", "")
    if value:
        yield CaFile(value, "CARGO_HTTP_CAINFO")
        return
    home = sources.environ.get("CARGO_HOME", "") or sources.home(".cargo")
    for name in ("config.toml", "config"):
        path = os.path.join(home, name)
        value = _cargo_setting(sources.user_file(path) or "")
        if value:
            # Cargo takes relative paths from the folder above that of the file.
            above = os.path.dirname(os.path.dirname(path))
            yield CaFile(os.path.join(above, value), f"http.cainfo in {path}")
            return
    yield from of_git(sources)


def _cargo_setting(text: str) -> str:
    from zt_gate.syntax import toml

    try:
        value = toml.read(text).table("http").get("cainfo") if text else ""
    except SyntaxReadError:
        return ""
    return value if isinstance(value, str) else ""


def of_git(sources: SettingsSources) -> Iterator[CaFile]:
    """Yield Git's ``http.sslCAInfo``, with which Go and Cargo fetch repositories."""
    value = sources.environ.get("GIT_SSL_CAINFO", "")
    if value:
        yield CaFile(value, "GIT_SSL_CAINFO")
        return
    own = sources.environ.get("GIT_CONFIG_GLOBAL", "")
    files = (
        (own,) if own else (sources.home(".gitconfig"), sources.config("git", "config"))
    )
    system = _GIT_SYSTEM_FILES
    if sources.system is not None:
        system = sources.system.get("git", ())
    for path in (*files, *system):
        value = _git_setting(sources.user_file(path) or "")
        if value:
            path_of_file = expanded_home(sources, value)
            yield CaFile(path_of_file, f"http.sslCAInfo in {path}")
            return


def _git_setting(text: str) -> str:
    from zt_gate.syntax import ini

    if "sslcainfo" not in text.lower():
        return ""
    try:
        root = ini.read(text, dialect="lenient").root
    except SyntaxReadError:
        return ""
    values = [
        "".join(line.value for line in node.listed())
        for section, options in root.entries()
        if section.value.lower() == "http"
        for key, node in options.entries()
        if key.value.lower() == "sslcainfo"
    ]
    return values[-1].strip().strip('"') if values else ""


def expanded_home(sources: SettingsSources, path: str) -> str:
    """Return a path with ``~/`` replaced by the user's home directory."""
    return sources.home(path[2:]) or path if path.startswith("~/") else path
