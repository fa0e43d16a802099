"""Which npm registry is asked: npm's own settings, with scopes and tokens."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zt_gate.ecosystems.registries.settings import (
    Endpoints,
    SettingsSources,
    configured_service,
    make_index,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.ecosystems.registries.package_index import Index

_SYSTEM = ("/usr/local/etc/npmrc", "/usr/etc/npmrc", "/etc/npmrc")
_LINE = re.compile(
    r"^[ \t]*([^;#=\s][^=\r\n]{0,500}?)[ \t]*=[ \t]*([^\r\n]*)", re.MULTILINE
)
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]{0,200})(\?)?\}")
_PREFIX = "npm_config_"


def endpoints(sources: SettingsSources) -> Endpoints:
    """Return where npm packages are looked up; reads files, asks nobody."""
    user = list(_user_files(sources))
    tokens = _Tokens([_environment(sources.environ), *user])
    chosen: Index | None = None
    scopes: dict[str, Index] = {}
    for settings, cleartext in _places(sources, user):
        for name, value in settings.items():
            if name.startswith("@") and name.endswith(":registry") and value:
                scope = name.removesuffix(":registry")
                scopes.setdefault(scope, tokens.index(value, cleartext=cleartext))
        if chosen is None and settings.get("registry"):
            chosen = tokens.index(settings["registry"], cleartext=cleartext)
    standard = default_index()
    first = chosen or standard
    service = configured_service(
        sources, "ZT_GATE_NPM_DOWNLOADS_URL", "npm-downloads", "/downloads"
    )
    if service is None and first.url == standard.url:
        service = _default_service(standard)
    return Endpoints((first,), scopes, service, explicit_indexes=(standard,))


def default_index() -> Index:
    """Return the registry that a library names; it wants a version to name it."""
    page = urlsplit(
        import_module("packageurl.contrib.purl2url").get_download_url("pkg:npm/x@1")
    )
    return make_index(f"{page.scheme}://{page.netloc}", cleartext=False, default=True)


def _default_service(standard: Index) -> Index:
    parts = urlsplit(standard.url)
    host = f"api.{parts.netloc.partition('.')[2]}"
    return make_index(f"{parts.scheme}://{host}", cleartext=False)


class _Tokens:
    """The user's tokens by the address that they are for; never the project's."""

    def __init__(self, files: list[dict[str, str]]) -> None:
        self._headers: dict[str, str] = {}
        for settings in files:
            for name, value in settings.items():
                where, _, kind = name.rpartition(":")
                if not where.startswith("//") or not value or "${" in value:
                    continue
                scheme = {"_authToken": "Bearer", "_auth": "Basic"}.get(kind)
                if scheme:
                    self._headers.setdefault(where.rstrip("/"), f"{scheme} {value}")

    def index(self, url: str, *, cleartext: bool) -> Index:
        index = make_index(url, cleartext=cleartext)
        address = index.url.partition(":")[2]
        while address.count("/") >= 2 and address != "//":
            if address in self._headers and not index.authorization:
                return make_index(
                    url, cleartext=cleartext, authorization=self._headers[address]
                )
            address = address.rpartition("/")[0]
        return index


def _places(
    sources: SettingsSources, user: list[dict[str, str]]
) -> Iterator[tuple[Mapping[str, str], bool]]:
    yield _environment(sources.environ), True
    yield {"registry": sources.policy.get("npm", "")}, False
    for content in sources.project_files(b".npmrc"):
        yield _parse(content.decode("utf-8", "replace")), False
    yield from ((settings, True) for settings in user)


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``npm_config_*`` in any case.

    A program that npm started gets these variables from npm, which has read
    the work tree's .npmrc: there they are the change's word, not the user's.
    """
    if "npm_lifecycle_event" in environ:
        return {}
    found = {}
    for name, value in environ.items():
        if name.lower().startswith(_PREFIX) and value:
            key = name[len(_PREFIX) :]
            found[key if key.startswith(("//", "@")) else key.lower()] = value
    return found


def _user_files(sources: SettingsSources) -> Iterator[dict[str, str]]:
    environ = {name.lower(): value for name, value in sources.environ.items()}
    inherited = "npm_lifecycle_event" in environ
    user = "" if inherited else environ.get("npm_config_userconfig", "")
    machine = "" if inherited else environ.get("npm_config_globalconfig", "")
    system = _SYSTEM if sources.system is None else sources.system.get("npm", ())
    for path in (user or sources.home(".npmrc"), machine, *system):
        text = sources.user_file(path)
        if text is not None:
            yield {
                name: _expanded(value, sources.environ)
                for name, value in _parse(text).items()
            }


def _parse(text: str) -> dict[str, str]:
    return {match[1]: match[2].strip().strip("\"'") for match in _LINE.finditer(text)}


def _expanded(value: str, environ: Mapping[str, str]) -> str:
    """Expand ``${NAME}``; an unknown one stays, which no address survives."""

    def put(match: re.Match[str]) -> str:
        return environ.get(match[1], "" if match[2] else match[0])

    return _VARIABLE.sub(put, value)
