"""Registries in the project's own files of the trusted side: gems, Composer, NuGet and Cargo.

A source that has another interface than the public registry cannot be asked here.  It
is in the list nevertheless: a name that it may have is then ``unverified``, and is
sent to nobody else.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import hosts
from zt_gate.ecosystems.manifests.base import ManifestError
from zt_gate.ecosystems.registries import default_settings
from zt_gate.ecosystems.registries.package_index import Index
from zt_gate.ecosystems.registries.package_manager_settings import (
    Endpoints,
    make_index,
)
from zt_gate.record import replace
from zt_gate.syntax.document import SyntaxReadError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.ecosystems.registries.package_manager_settings import SettingsSources
    from zt_gate.syntax.document import Document


_BLOCK_START = lazy_re.compile(
    r"\bdo\b[ \t]*(?:\|[^|]{0,100}\|)?[ \t]*(?:#.{0,500})?\r?\Z"
)


def gem(sources: SettingsSources) -> Endpoints:
    """Return the sources of the Gemfiles above; those of blocks are named by their gems."""
    from zt_gate.ecosystems.manifests import bundle_config, gemfile

    default = default_settings.endpoints("gem", sources)
    own: dict[str, None] = {}
    of_gems: dict[str, None] = {}
    has_public = False
    for path, content in sources.files_above(b"Gemfile", b"gems.rb"):
        try:
            entries = gemfile.read(path, content)
        except ManifestError:
            continue
        indexes = [entry for entry in entries if entry.source.kind == "index"]
        of_gems.update(dict.fromkeys(entry.source.target for entry in indexes))
        lines = content.decode("utf-8", "replace").split("\n")
        # The gems of a block name its source themselves.
        named = [
            entry
            for entry in indexes
            if not entry.key and not _BLOCK_START.search(lines[entry.line - 1])
        ]
        own.update(dict.fromkeys(entry.source.target.rstrip("/") for entry in named))
        has_public |= gemfile.names_public_source(content)
    for path, content in sources.files_above(b".bundle/config"):
        try:
            mirrors = bundle_config.read(path, content)
        except ManifestError:
            continue
        for mirror in mirrors:  # it is asked instead of the public source
            own[mirror.source.target.rstrip("/")] = None
            has_public = False
    private = tuple(make_index(url, cleartext=False) for url in own)
    endpoints = _after(default, private, exclusive=bool(private) and not has_public)
    named_by_gems = tuple(make_index(url, cleartext=False) for url in of_gems)
    return replace(
        endpoints, explicit_indexes=(*endpoints.explicit_indexes, *named_by_gems)
    )


def composer(sources: SettingsSources) -> Endpoints:
    """Return the repositories of the composer.json files above, by the names in them."""
    from zt_gate.syntax import json

    default = default_settings.endpoints("composer", sources)
    rules: list[tuple[Index, list[str], list[str]]] = []
    exclusive = False
    for _, content in sources.files_above(b"composer.json"):
        try:
            value = json.read(content).value
        except SyntaxReadError:
            continue
        repositories: Any = (
            value.get("repositories") if isinstance(value, dict) else None
        )
        named = repositories.items() if isinstance(repositories, dict) else ()
        items = [item for _, item in named] if named else repositories
        exclusive |= any(
            key.startswith("packagist") and item is False for key, item in named
        )
        for item in items if isinstance(items, list) else ():
            if not isinstance(item, dict):
                continue
            exclusive |= any(
                key.startswith("packagist") and found is False
                for key, found in item.items()
            )
            url = item.get("url")
            if item.get("type") != "composer" or not isinstance(url, str):
                continue
            if not hosts.is_registry("composer", url):
                rules.append(
                    (
                        _unusable(url),
                        _strings(item.get("only")),
                        _strings(item.get("exclude")),
                    )
                )

    def select(key: str) -> tuple[Index, ...]:
        private = tuple(
            index
            for index, only, excluded in rules
            if (not only or _matches(key, only)) and not _matches(key, excluded)
        )
        return (*(() if exclusive and private else default.indexes), *private)

    return _selected(default, tuple(index for index, _, _ in rules), select)


def nuget(sources: SettingsSources) -> Endpoints:
    """Return the package sources of the NuGet.config files above, with their mapping."""
    from zt_gate.syntax import xml

    default = default_settings.endpoints("nuget", sources)
    feeds: dict[str, str] = {}
    patterns: dict[str, list[str]] = {}
    cleared = False
    for _, content in sources.files_above(
        b"NuGet.config", b"nuget.config", b"NuGet.Config"
    ):
        try:
            document = xml.read(content)
        except SyntaxReadError:
            continue
        if not cleared:
            cleared |= _read_nuget(document, feeds, patterns)
    public = {name for name, url in feeds.items() if hosts.is_registry("nuget", url)}
    private = {
        name: _unusable(url) for name, url in feeds.items() if name not in public
    }

    def select(key: str) -> tuple[Index, ...]:
        names = _mapped(key, patterns) if patterns else [*feeds]
        own = tuple(private[name] for name in names if name in private)
        has_public = not cleared if not patterns else False
        has_public |= any(name in public for name in names) or not own
        return (*(default.indexes if has_public else ()), *own)

    return _selected(default, tuple(private.values()), select)


def _read_nuget(
    document: Document, feeds: dict[str, str], patterns: dict[str, list[str]]
) -> bool:
    """Add the sources and patterns of a file; return whether it drops those above it."""
    from zt_gate.ecosystems.manifests import nuget_config
    from zt_gate.syntax import xml

    cleared = False
    for item in nuget_config.package_sources(document):
        if "://" in item.address:
            feeds.setdefault(item.key, item.address)
    for path, _, element in xml.elements(document):
        names = [name.lower() for name in path]
        if names[-2:] == ["packagesources", "clear"]:
            cleared = True
        elif names[-2:] == ["packagesource", "package"]:
            patterns.setdefault("", []).append(
                nuget_config.attribute(element, "pattern")
            )
        elif names[-2:] == ["packagesourcemapping", "packagesource"]:
            # Its patterns come before it: children are yielded before parents.
            own = patterns.pop("", [])
            name = nuget_config.attribute(element, "key")
            patterns.setdefault(name, []).extend(own)
    return cleared


def _mapped(key: str, patterns: dict[str, list[str]]) -> list[str]:
    """Return the sources with the longest pattern for a name, as NuGet selects them."""
    best, names = -1, list[str]()
    for name, listed in patterns.items():
        for pattern in listed:
            lower = pattern.lower()
            prefix = lower.removesuffix("*")
            if lower != key and not (lower.endswith("*") and key.startswith(prefix)):
                continue
            length = len(prefix) + (lower == key)
            if length > best:
                best, names = length, []
            if length == best and name not in names:
                names.append(name)
    return names


def cargo(sources: SettingsSources) -> Endpoints:
    """Return the registries of Cargo's configuration, which may replace the public one."""
    from zt_gate.ecosystems.manifests import cargo_config
    from zt_gate.syntax import toml

    default = default_settings.endpoints("cargo", sources)
    replaced, named = "", dict[str, Index]()
    addresses: list[Index] = []
    for path, content in sources.files_above(b".cargo/config.toml", b".cargo/config"):
        try:
            value = toml.read(content).value
            addresses += _named_addresses(cargo_config.read(path, content))
        except (SyntaxReadError, ManifestError):
            continue
        table = value if isinstance(value, dict) else {}
        public = _dict(_dict(table, "source"), "crates-io")
        replaced = replaced or str(public.get("replace-with", ""))
        for name, registry in _dict(table, "registries").items():
            index = registry.get("index") if isinstance(registry, dict) else None
            named.setdefault(name, _unusable(name, str(index or name)))
    for variable in sources.environ:
        if variable.startswith("CARGO_REGISTRIES_") and variable.endswith("_INDEX"):
            name = variable[17:-6].lower().replace("_", "-")
            named.setdefault(name, _unusable(name))
    if replaced:
        indexes = (_unusable(replaced),)
        return Endpoints(
            indexes,
            explicit_indexes=(*named.values(), *addresses, *default.indexes),
            replaces_default=True,
        )
    explicit = (*default.explicit_indexes, *named.values(), *addresses)
    return Endpoints(default.indexes, explicit_indexes=explicit)


def _named_addresses(entries: Iterable[Dependency]) -> list[Index]:
    """Return the registries that entries of a configuration name by their address."""
    return [
        _unusable(entry.source.target)
        for entry in entries
        if entry.source.kind == "index" and not entry.name
    ]


def _after(
    default: Endpoints, private: tuple[Index, ...], *, exclusive: bool
) -> Endpoints:
    # The first index is asked last, after the private ones.
    indexes = private if exclusive else (*default.indexes, *private)
    return _selected(default, private, lambda _key: indexes)


def _selected(default: Endpoints, private: tuple[Index, ...], select: Any) -> Endpoints:
    if not private:
        return default
    explicit = (*default.explicit_indexes, *private)
    return Endpoints(default.indexes, explicit_indexes=explicit, select=select)


def _unusable(url: str, shown: str = "") -> Index:
    from zt_gate.ecosystems.manifests.base import quoted

    name = quoted(hosts.origin(shown or url) or shown or url)
    return Index(
        url.rstrip("/"),
        unusable="was not asked: the project also takes packages from"
        f" {name}, which cannot be asked here",
    )


def _matches(key: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(key, pattern.lower()) for pattern in patterns)


def _strings(value: object) -> list[str]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, str)]


def _dict(values: dict[str, Any], name: str) -> dict[str, Any]:
    value = values.get(name)
    return value if isinstance(value, dict) else {}
