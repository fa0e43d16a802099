"""The Python indexes in the settings of pip and uv, and in poetry's and pdm's sources."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.registries.certificates import expanded_home
from zt_gate.ecosystems.registries.package_index import CaFile
from zt_gate.ecosystems.registries.package_manager_settings import (
    Endpoints,
    SettingsSources,
    configured_service,
    make_index,
    netrc_authorization,
)
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.registries.package_index import Index

# The service with PyPI's download counts, which is not a package registry.
_STATISTICS = "https://pypistats.org"
_SYSTEM_FILES: tuple[str, ...] = (
    "/etc/pip.conf",
    "/etc/xdg/pip/pip.conf",
    "/etc/uv/uv.toml",
)
_INDEX_VARIABLES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")


@dataclass(frozen=True, slots=True)
class _Settings:
    """The indexes in one place: the main one, extra ones, and those used only by name."""

    index: str = ""
    extras: tuple[str, ...] = ()
    explicit_indexes: tuple[str, ...] = ()


def endpoints(sources: SettingsSources) -> Endpoints:
    """Return the indexes of Python packages; reads files, sends no request."""
    extras: list[Index] = []
    explicit: list[Index] = []
    main: Index | None = None
    for settings, cleartext in _by_priority(sources):
        extras += [_index(sources, url, cleartext=cleartext) for url in settings.extras]
        explicit += [
            _index(sources, url, cleartext=cleartext)
            for url in settings.explicit_indexes
        ]
        if settings.index:
            main = _index(sources, settings.index, cleartext=cleartext)
            break
    default = default_index()
    if main is None:
        main = default
    service = configured_service(sources, "ZT_GATE_PYPISTATS_URL", "pypistats", "/api")
    if service is None and main.url == default.url:
        service = make_index(_STATISTICS, cleartext=False)
    indexes = tuple(dict.fromkeys((main, *extras)))
    for settings in _project(sources):
        urls = (settings.index, *settings.extras, *settings.explicit_indexes)
        explicit += [_index(sources, url, cleartext=False) for url in urls if url]
    return Endpoints(indexes, service=service, explicit_indexes=(*explicit, default))


def default_index() -> Index:
    """Return PyPI's own index, as pip or another library names it."""
    try:
        url = str(import_module("pip._internal.models.index").PyPI.simple_url)
    except (ImportError, AttributeError):
        from urllib.parse import urlsplit

        purl2url = import_module("packageurl.contrib.purl2url")
        page = urlsplit(purl2url.get_repo_url("pkg:pypi/x"))
        url = f"{page.scheme}://{page.netloc}/simple"
    return make_index(url, cleartext=False, default=True)


def _index(sources: SettingsSources, url: str, *, cleartext: bool) -> Index:
    """Return the index of a URL, with credentials from the URL or from netrc."""
    index = make_index(url, cleartext=cleartext)
    if index.authorization:
        return index
    authorization = netrc_authorization(sources, index.url)
    return make_index(url, cleartext=cleartext, authorization=authorization)


def _by_priority(sources: SettingsSources) -> Iterator[tuple[_Settings, bool]]:
    """Yield the settings, first those that win, and whether they may allow plain http."""
    yield _environment(sources), True
    yield _Settings(sources.policy.get("pypi", "")), False
    for settings in _project(sources):
        yield settings, False
    for settings in _user_files(sources):
        yield settings, True


def _project(sources: SettingsSources) -> Iterator[_Settings]:
    """Yield the settings in the project's files, first those that win."""
    for content in sources.project_files(b"uv.toml"):
        data = _toml(content)
        yield _uv(data)
        yield _uv(_table(data, "pip"))
    for content in sources.project_files(b"pyproject.toml"):
        yield from _pyproject(_toml(content))
    for name in (b"pdm.toml", b".pdm.toml"):
        for content in sources.project_files(name):
            yield _pdm_settings(_toml(content))


def _environment(sources: SettingsSources) -> _Settings:
    environ = sources.environ
    extras = environ.get("PIP_EXTRA_INDEX_URL", "").split()
    extras += environ.get("UV_EXTRA_INDEX_URL", "").split()
    for entry in environ.get("UV_INDEX", "").split():
        has_name = "=" in entry.partition("://")[0]
        extras.append(entry.rpartition("=")[2] if has_name else entry)
    index = ""
    for name in _INDEX_VARIABLES:
        index = index or environ.get(name, "")
    return _Settings(_without_name(index), tuple(extras))


def _without_name(value: str) -> str:
    """Return an address without uv's ``name=`` before it."""
    name, equals, address = value.partition("=")
    has_name = bool(equals) and "/" not in name and ":" not in name
    return address if has_name else value


def certificates(sources: SettingsSources) -> Iterator[CaFile]:
    """Yield pip's ``cert`` in the first of the user's files that has it."""
    for path, text in _user_texts(sources):
        value = "" if path.endswith(".toml") else _pip_option(text, "cert")
        if value:
            yield CaFile(expanded_home(sources, value), f"cert in {path}")
            return


def _user_files(sources: SettingsSources) -> Iterator[_Settings]:
    for path, text in _user_texts(sources):
        if path.endswith(".toml"):
            yield _uv(_toml(text.encode()))
        else:
            yield _pip_conf(text)


def _user_texts(sources: SettingsSources) -> Iterator[tuple[str, str]]:
    """Yield path and text of the user's files, then of the machine's."""
    system_files = _SYSTEM_FILES
    if sources.system is not None:
        system_files = sources.system.get("pypi", ())
    files = [
        sources.environ.get("PIP_CONFIG_FILE", ""),
        sources.config("pip", "pip.conf"),
        sources.home(".pip", "pip.conf"),
        sources.home("Library", "Application Support", "pip", "pip.conf"),
        sources.config("uv", "uv.toml"),
        *system_files,
    ]
    for path in files:
        text = sources.user_file(path)
        if text is not None:
            yield path, text


def _pip_conf(text: str) -> _Settings:
    extras = _pip_option(text, "extra-index-url")
    return _Settings(_pip_option(text, "index-url"), tuple(extras.split()))


def _pip_option(text: str, name: str) -> str:
    """Return an option of a pip.conf, "" without one."""
    import configparser

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return ""
    value = ""
    for section in ("global", "download", "install"):  # as in pip, later ones win
        if parser.has_section(section):
            value = parser.get(section, name, fallback=value)
    return value.strip()


def _toml(content: bytes) -> dict[str, Any]:
    """Return a file of the trusted side or of the user, {} if it is not valid TOML."""
    from zt_gate.syntax import toml
    from zt_gate.syntax.document import SyntaxReadError

    try:
        return toml.read(content).table()
    except SyntaxReadError:
        return {}


def _table(data: object, *keys: str) -> dict[str, Any]:
    """Return the table at a path of keys, {} without one."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _tables(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        return []
    return [table for table in value if isinstance(table, dict)]


def _uv(data: dict[str, Any]) -> _Settings:
    default: list[dict[str, Any]] = []
    explicit: list[dict[str, Any]] = []
    extra: list[dict[str, Any]] = []
    for table in _tables(data.get("index")):
        if table.get("explicit"):
            explicit.append(table)
        if table.get("default"):
            default.append(table)
        elif not table.get("explicit"):
            extra.append(table)
    plain_index = data.get("index-url")
    index = plain_index if isinstance(plain_index, str) else ""
    default_urls = _urls(default)
    if default_urls:
        index = default_urls[0]
    plain_extras = data.get("extra-index-url")
    extras = list(_urls(extra))
    if isinstance(plain_extras, list):
        extras += [url for url in plain_extras if isinstance(url, str)]
    return _Settings(index, tuple(extras), _urls(explicit))


def _pyproject(data: dict[str, Any]) -> Iterator[_Settings]:
    yield _uv(_table(data, "tool", "uv"))
    yield _uv(_table(data, "tool", "uv", "pip"))
    yield _poetry(_tables(_table(data, "tool", "poetry").get("source")))
    yield _pdm(_tables(_table(data, "tool", "pdm").get("source")))


def _poetry(tables: Sequence[dict[str, Any]]) -> _Settings:
    by_priority: dict[object, list[dict[str, Any]]] = {}
    primary: list[dict[str, Any]] = []
    for table in tables:
        priority = table.get("priority", "primary")
        if priority in {"primary", "default"}:
            primary.append(table)
        else:
            by_priority.setdefault(priority, []).append(table)
    primary_urls = _urls(primary)
    supplemental_urls = _urls(by_priority.get("supplemental", ()))
    return _Settings(
        primary_urls[0] if primary_urls else "",
        (*primary_urls[1:], *supplemental_urls),
        _urls(by_priority.get("explicit", ())),
    )


def _pdm(tables: Sequence[dict[str, Any]]) -> _Settings:
    replacements = _urls([table for table in tables if table.get("name") == "pypi"])
    others = _urls([table for table in tables if table.get("name") != "pypi"])
    return _Settings(replacements[0] if replacements else "", others)


def _pdm_settings(data: dict[str, Any]) -> _Settings:
    """Return the index of PDM's own file, whose further tables are further sources."""
    pypi = _table(data, "pypi")
    url = pypi.get("url")
    others = [table for table in pypi.values() if isinstance(table, dict)]
    return _Settings(url if isinstance(url, str) else "", _urls(others))


def _urls(tables: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(table["url"] for table in tables if isinstance(table.get("url"), str))
