"""Which Python index is asked: pip's and uv's settings, poetry's and pdm's sources."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.registries.settings import (
    Endpoints,
    SettingsSources,
    configured_service,
    make_index,
    netrc_authorization,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.registries.package_index import Index

# The service that publishes PyPI's download figures; no registry.
_STATISTICS = "https://pypistats.org"
_SYSTEM = ("/etc/pip.conf", "/etc/xdg/pip/pip.conf", "/etc/uv/uv.toml")


@dataclass(frozen=True, slots=True)
class _Named:
    """What one place says: the index, those beside it, and those only named."""

    index: str = ""
    extras: tuple[str, ...] = ()
    explicit_indexes: tuple[str, ...] = ()


def endpoints(sources: SettingsSources) -> Endpoints:
    """Return where Python packages are looked up; reads files, asks nobody."""
    extras: list[Index] = []
    named: list[Index] = []
    chosen: Index | None = None
    for place, cleartext in _places(sources):
        extras += [_index(sources, url, cleartext=cleartext) for url in place.extras]
        named += [
            _index(sources, url, cleartext=cleartext) for url in place.explicit_indexes
        ]
        if place.index:
            chosen = _index(sources, place.index, cleartext=cleartext)
            break
    standard = default_index()
    first = chosen or standard
    service = configured_service(sources, "ZT_GATE_PYPISTATS_URL", "pypistats", "/api")
    if service is None and first.url == standard.url:
        service = make_index(_STATISTICS, cleartext=False)
    indexes = tuple(dict.fromkeys((first, *extras)))
    return Endpoints(indexes, service=service, explicit_indexes=(*named, standard))


def default_index() -> Index:
    """Return the registry's own index, as a library names it."""
    try:
        url = str(import_module("pip._internal.models.index").PyPI.simple_url)
    except (ImportError, AttributeError):
        from urllib.parse import urlsplit

        page = urlsplit(
            import_module("packageurl.contrib.purl2url").get_repo_url("pkg:pypi/x")
        )
        url = f"{page.scheme}://{page.netloc}/simple"
    return make_index(url, cleartext=False, default=True)


def _index(sources: SettingsSources, url: str, *, cleartext: bool) -> Index:
    index = make_index(url, cleartext=cleartext)
    if index.authorization:
        return index
    return make_index(
        url, cleartext=cleartext, authorization=netrc_authorization(sources, index.url)
    )


def _places(sources: SettingsSources) -> Iterator[tuple[_Named, bool]]:
    """Yield what each place says, the first first, and whether it may say plain http."""
    environ = sources.environ
    spaced = f"{environ.get('PIP_EXTRA_INDEX_URL', '')} {environ.get('UV_EXTRA_INDEX_URL', '')}"
    listed = [entry.rpartition("=")[2] if "=" in entry.partition("://")[0] else entry
              for entry in environ.get("UV_INDEX", "").split()]  # fmt: skip
    usual = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")
    first = next((environ[name] for name in usual if environ.get(name)), "")
    yield _Named(_unnamed(first), (*spaced.split(), *listed)), True
    yield _Named(sources.policy.get("pypi", "")), False
    for content in sources.project_files(b"uv.toml"):
        yield _uv(_toml(content)), False
    for content in sources.project_files(b"pyproject.toml"):
        yield from ((place, False) for place in _pyproject(_toml(content)))
    yield from ((place, True) for place in _user_files(sources))


def _unnamed(value: str) -> str:
    """Drop uv's ``name=`` before an address."""
    head, mark, rest = value.partition("=")
    return rest if mark and "/" not in head and ":" not in head else value


def _user_files(sources: SettingsSources) -> Iterator[_Named]:
    config = sources.environ.get("PIP_CONFIG_FILE", "")
    system = _SYSTEM if sources.system is None else sources.system.get("pypi", ())
    files = [config, sources.config("pip", "pip.conf"), sources.home(".pip", "pip.conf"),
             sources.home("Library", "Application Support", "pip", "pip.conf"),
             sources.config("uv", "uv.toml"), *system]  # fmt: skip
    for path in files:
        text = sources.user_file(path)
        if text is not None:
            yield (
                _uv(_toml(text.encode())) if path.endswith(".toml") else _pip_conf(text)
            )


def _pip_conf(text: str) -> _Named:
    import configparser

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return _Named()
    index, extras = "", ()
    for section in ("global", "download", "install"):  # the later one wins, as in pip
        if parser.has_section(section):
            index = parser.get(section, "index-url", fallback=index)
            written = parser.get(section, "extra-index-url", fallback=" ".join(extras))
            extras = tuple(written.split())
    return _Named(index.strip(), extras)


def _toml(content: bytes) -> dict[str, Any]:
    """Return a file from the trusted side or the user's own; {} where it is no TOML."""
    from zt_gate.syntax import toml
    from zt_gate.syntax.document import SyntaxReadError

    try:
        return toml.read(content).table()
    except SyntaxReadError:
        return {}


def _table(data: object, *keys: str) -> dict[str, Any]:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _tables(value: object) -> list[dict[str, Any]]:
    return (
        [table for table in value if isinstance(table, dict)]
        if isinstance(value, list)
        else []
    )


def _uv(data: dict[str, Any]) -> _Named:
    tables = _tables(data.get("index"))
    index = _urls(table for table in tables if table.get("default"))
    plain = data.get("index-url")
    written = data.get("extra-index-url")
    return _Named(
        index[0] if index else plain if isinstance(plain, str) else "",
        (
            *_urls(t for t in tables if not t.get("default") and not t.get("explicit")),
            *(
                url
                for url in (written if isinstance(written, list) else ())
                if isinstance(url, str)
            ),
        ),
        _urls(table for table in tables if table.get("explicit")),
    )


def _pyproject(data: dict[str, Any]) -> Iterator[_Named]:
    yield _uv(_table(data, "tool", "uv"))
    poetry = _tables(_table(data, "tool", "poetry").get("source"))
    primary = _urls(
        t for t in poetry if t.get("priority", "primary") in {"primary", "default"}
    )
    yield _Named(
        primary[0] if primary else "",
        (
            *primary[1:],
            *_urls(t for t in poetry if t.get("priority") == "supplemental"),
        ),
        _urls(t for t in poetry if t.get("priority") == "explicit"),
    )
    pdm = _tables(_table(data, "tool", "pdm").get("source"))
    replaced = _urls(table for table in pdm if table.get("name") == "pypi")
    others = _urls(table for table in pdm if table.get("name") != "pypi")
    yield _Named(replaced[0] if replaced else "", others)


def _urls(
    tables: Iterator[dict[str, Any]] | Sequence[dict[str, Any]],
) -> tuple[str, ...]:
    return tuple(table["url"] for table in tables if isinstance(table.get("url"), str))
