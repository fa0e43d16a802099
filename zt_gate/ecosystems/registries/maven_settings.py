"""Maven repositories in the project's files of the trusted side: pom.xml and Gradle's files.

Repositories with an address of their own are asked before the public ones.  Google's is
asked for the groups that it publishes, the plug-in portal for Gradle's plug-ins.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.registries import default_settings
from zt_gate.ecosystems.registries.package_manager_settings import (
    Endpoints,
    make_index,
)
from zt_gate.record import dataclass, field
from zt_gate.syntax.document import SyntaxReadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.registries.package_index import Index
    from zt_gate.ecosystems.registries.package_manager_settings import SettingsSources

_GOOGLE = "https://dl.google.com/dl/android/maven2"
_GOOGLE_ALIAS = "https://maven.google.com"
_PORTAL = "https://plugins.gradle.org/m2"
_GOOGLE_GROUPS = ("androidx.", "com.android.", "com.google.")
_PLUGIN = ".gradle.plugin"
_MIRRORS_OF_CENTRAL = frozenset(("*", "external:*", "central"))
_GRADLE = (
    b"settings.gradle",
    b"settings.gradle.kts",
    b"build.gradle",
    b"build.gradle.kts",
)
_COMMENT = lazy_re.compile(
    r"'(?:[^'\\\n]++|\\.)*+'|\"(?:[^\"\\\n]++|\\.)*+\"|//[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?"
)
_URL = lazy_re.compile(
    r"\b(?:url|uri|maven)[ \t]*[=(]?[ \t]*(?:uri[ \t]*\()?[ \t]*['\"](https?://[^'\"\n]{1,500})['\"]"
)


@dataclass(slots=True)
class _Repositories:
    """What the files of a build name."""

    urls: dict[str, None] = field(default_factory=dict)
    google: bool = False
    #: Whether a file replaces Maven's central repository, or leaves it out.
    without_central: bool = False


def endpoints(sources: SettingsSources) -> Endpoints:
    """Return the repositories; reads files, sends no request."""
    default = default_settings.endpoints("maven", sources)
    found = _repositories(sources)
    own = tuple(make_index(url, cleartext=False) for url in found.urls)
    public: tuple[Index, ...] = () if found.without_central else default.indexes
    google = (make_index(_GOOGLE, cleartext=False),) if found.google else ()
    portal = (make_index(_PORTAL, cleartext=False),)

    def select(key: str) -> tuple[Index, ...]:
        # The first index is asked last, after the private ones.
        group = key.partition(":")[0] + "."
        before = (*own, *(google if group.startswith(_GOOGLE_GROUPS) else ()))
        last = portal if key.endswith(_PLUGIN) else public
        return (*last, *before) or default.indexes

    official = tuple(
        make_index(url, cleartext=False) for url in (_GOOGLE, _GOOGLE_ALIAS, _PORTAL)
    )
    explicit = (*default.explicit_indexes, *own, *official)
    indexes = (*public, *own) or default.indexes
    return Endpoints(indexes, explicit_indexes=explicit, select=select)


def _repositories(sources: SettingsSources) -> _Repositories:
    found = _Repositories()
    for _, content in sources.files_above(b"pom.xml"):
        _read_pom(content, found)
    for _, content in sources.files_above(b".mvn/settings.xml", b"settings.xml"):
        _read_settings(content, found)
    texts = [
        _COMMENT.sub(
            lambda match: match[0] if match[0][0] in "'\"" else " ",
            content.decode("utf-8", "replace"),
        )
        for _, content in sources.files_above(*_GRADLE)
    ]
    for text in texts:
        found.google |= re.search(r"\bgoogle\s*[({]", text) is not None
        _add(found, (match[1] for match in _URL.finditer(text)))
    names_some = any("repositories" in text for text in texts)
    names_central = any("mavenCentral(" in text for text in texts)
    if found.urls and names_some and not names_central:
        found.without_central = True
    return found


def _read_pom(content: bytes, found: _Repositories) -> None:
    from zt_gate.syntax import xml

    try:
        document = xml.read(content)
    except SyntaxReadError:
        return
    for names, _, element in xml.elements(document):
        if names[-1] not in {"repository", "pluginRepository"}:
            continue
        if "distributionManagement" in names:
            continue
        url, name = element.get("url"), element.get("id")
        if url is None:
            continue
        before = len(found.urls)
        _add(found, (url.value.strip(),))
        is_central = name is not None and name.value.strip() == "central"
        found.without_central |= is_central and len(found.urls) > before


def _read_settings(content: bytes, found: _Repositories) -> None:
    """Add the mirrors and repositories of Maven's settings in a project."""
    from zt_gate.ecosystems.manifests import maven_settings
    from zt_gate.syntax import xml

    try:
        document = xml.read(content)
    except SyntaxReadError:
        return
    for item in maven_settings.repositories(document):
        before = len(found.urls)
        _add(found, (item.url,))
        mirrored = {name.strip() for name in item.mirror_of.split(",")}
        replaces = bool(mirrored & _MIRRORS_OF_CENTRAL)
        found.without_central |= replaces and len(found.urls) > before


def _add(found: _Repositories, urls: Iterator[str] | tuple[str, ...]) -> None:
    from zt_gate.ecosystems.manifests import hosts

    for written in urls:
        url = written.rstrip("/")
        if hosts.is_registry("maven", url):
            continue
        if url in {_GOOGLE, _GOOGLE_ALIAS}:
            found.google = True
        elif url != _PORTAL:
            found.urls[url] = None
