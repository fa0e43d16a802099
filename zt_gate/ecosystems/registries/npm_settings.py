"""The npm registries in npm's own settings, with scopes and tokens."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zt_gate import lazy_re
from zt_gate.ecosystems.registries.certificates import expanded_home
from zt_gate.ecosystems.registries.javascript_settings import project_registries
from zt_gate.ecosystems.registries.package_index import CaFile
from zt_gate.ecosystems.registries.package_manager_settings import (
    Endpoints,
    SettingsSources,
    configured_service,
    make_index,
)
from zt_gate.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.ecosystems.registries.package_index import Index

_SYSTEM_FILES: tuple[str, ...] = (
    "/usr/local/etc/npmrc",
    "/usr/etc/npmrc",
    "/etc/npmrc",
)
_SETTING = lazy_re.compile(
    r"^[ \t]*([^;#=\s][^=\r\n]{0,500}?)[ \t]*=[ \t]*([^\r\n]*)", re.MULTILINE
)
_VARIABLE = lazy_re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]{0,200})(\?)?\}")
_PREFIX = "npm_config_"
#: The Authorization scheme of a token, by the name of its setting.
_TOKEN_SCHEMES = {"_authToken": "Bearer", "_auth": "Basic"}


def endpoints(sources: SettingsSources) -> Endpoints:
    """Return the registries of npm packages; reads files, sends no request."""
    user_settings = [settings for _, settings in _user_settings(sources)]
    tokens = _Tokens([_environment(sources.environ), *user_settings])
    registry: Index | None = None
    scopes: dict[str, Index] = {}
    others = project_registries(sources)
    named = None
    if others.registry and not _environment(sources.environ).get("registry"):
        named = registry = _project_index(others.registry, tokens)
    for scope, url in others.scopes.items():
        scopes[scope] = tokens.index(url, cleartext=False)
    for settings, cleartext in _by_priority(sources, user_settings):
        for name, value in settings.items():
            if name.startswith("@") and name.endswith(":registry") and value:
                scope = name.removesuffix(":registry")
                scopes.setdefault(scope, tokens.index(value, cleartext=cleartext))
        if registry is None and settings.get("registry"):
            registry = tokens.index(settings["registry"], cleartext=cleartext)
    default = default_index()
    if registry is None:
        registry = default
    service = configured_service(
        sources, "ZT_GATE_NPM_DOWNLOADS_URL", "npm-downloads", "/downloads"
    )
    if named is not None:
        service = None  # a name of the project's own registry is sent nowhere else
    elif service is None and registry.url == default.url:
        service = _default_service(default)
    elif service is None:
        # The registry itself already has the name, and may count its own downloads.
        service = replace(registry, optional=True)
    explicit = (default, *_named_by_project(sources, others.named, tokens))
    return Endpoints((registry,), scopes, service, explicit_indexes=explicit)


def _named_by_project(
    sources: SettingsSources, named: list[str], tokens: _Tokens
) -> Iterator[Index]:
    """Yield every registry that the project's files name, also overridden ones."""
    for url in named:
        yield tokens.index(url, cleartext=False)
    for content in sources.project_files(b".npmrc"):
        for name, value in _parse(content.decode("utf-8", "replace")).items():
            if value and (name == "registry" or name.endswith(":registry")):
                yield tokens.index(value, cleartext=False)


def certificates(sources: SettingsSources) -> Iterator[CaFile]:
    """Yield npm's ``cafile``, and the certificates in its ``ca``, of the user's settings."""
    places = [("npm_config_cafile", _environment(sources.environ))]
    places += [
        (f"cafile in {path}", settings) for path, settings in _user_settings(sources)
    ]
    for setting, settings in places:
        path, inline = settings.get("cafile", ""), settings.get("ca", "")
        if path and path != "null":
            yield CaFile(expanded_home(sources, path), setting)
        if inline and inline != "null":
            pem = inline.replace("\\n", "\n")
            yield CaFile("", setting.replace("cafile", "ca"), pem)
        if path or inline:
            return


def _project_index(url: str, tokens: _Tokens) -> Index | None:
    """Return the registry that a project names, None if it is an alias of the default one."""
    from zt_gate.ecosystems.manifests import hosts

    if hosts.is_registry("npm", url):
        return None
    return tokens.index(url, cleartext=False)


def default_index() -> Index:
    """Return the registry that a library names; the library needs a version for it."""
    purl2url = import_module("packageurl.contrib.purl2url")
    page = urlsplit(purl2url.get_download_url("pkg:npm/x@1"))
    return make_index(f"{page.scheme}://{page.netloc}", cleartext=False, default=True)


def _default_service(registry: Index) -> Index:
    """Return the download service on the api host beside the registry's."""
    parts = urlsplit(registry.url)
    host = f"api.{parts.netloc.partition('.')[2]}"
    return make_index(f"{parts.scheme}://{host}", cleartext=False)


class _Tokens:
    """The user's tokens by the address that they are for; the project's are not used."""

    def __init__(self, files: list[dict[str, str]]) -> None:
        self._headers: dict[str, str] = {}
        for settings in files:
            for name, value in settings.items():
                address, _, token_name = name.rpartition(":")
                if not address.startswith("//") or not value or "${" in value:
                    continue
                scheme = _TOKEN_SCHEMES.get(token_name)
                if scheme:
                    header = f"{scheme} {value}"
                    self._headers.setdefault(address.rstrip("/"), header)

    def index(self, url: str, *, cleartext: bool) -> Index:
        """Return the index of a URL with the token of its nearest parent path."""
        index = make_index(url, cleartext=cleartext)
        if index.authorization:
            return index
        address = index.url.partition(":")[2]
        while address.count("/") >= 2 and address != "//":
            if address in self._headers:
                authorization = self._headers[address]
                return make_index(url, cleartext=cleartext, authorization=authorization)
            address = address.rpartition("/")[0]
        return index


def _by_priority(
    sources: SettingsSources, user_settings: list[dict[str, str]]
) -> Iterator[tuple[Mapping[str, str], bool]]:
    """Yield the settings, first those that win, and whether they may allow plain http."""
    yield _environment(sources.environ), True
    yield {"registry": sources.policy.get("npm", "")}, False
    for content in sources.project_files(b".npmrc"):
        yield _parse(content.decode("utf-8", "replace")), False
    for settings in user_settings:
        yield settings, True


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings in ``npm_config_*`` variables, in any case.

    npm sets these variables for the programs that it starts, from the work tree's
    .npmrc: there they belong to the change, not to the user, and are ignored.
    """
    if "npm_lifecycle_event" in environ:
        return {}
    settings = {}
    for name, value in environ.items():
        if name.lower().startswith(_PREFIX) and value:
            key = name[len(_PREFIX) :]
            is_address = key.startswith(("//", "@"))
            settings[key if is_address else key.lower()] = value
    return settings


def _user_settings(sources: SettingsSources) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield path and settings of the user's, the global and the system's npmrc files."""
    environ = {name.lower(): value for name, value in sources.environ.items()}
    user_file, global_file = "", ""
    if "npm_lifecycle_event" not in environ:
        user_file = environ.get("npm_config_userconfig", "")
        global_file = environ.get("npm_config_globalconfig", "")
    system_files = _SYSTEM_FILES
    if sources.system is not None:
        system_files = sources.system.get("npm", ())
    for path in (user_file or sources.home(".npmrc"), global_file, *system_files):
        text = sources.user_file(path)
        if text is not None:
            settings = {
                name: _expanded(value, sources.environ)
                for name, value in _parse(text).items()
            }
            yield path, settings


def _parse(text: str) -> dict[str, str]:
    return {
        match[1]: match[2].strip().strip("\"'") for match in _SETTING.finditer(text)
    }


def _expanded(value: str, environ: Mapping[str, str]) -> str:
    """Expand ``${NAME}``; an unknown variable stays, which makes a URL invalid."""

    def variable(match: re.Match[str]) -> str:
        is_optional = bool(match[2])
        return environ.get(match[1], "" if is_optional else match[0])

    return _VARIABLE.sub(variable, value)
