"""The configured registries, found in the places where package managers look.

In order of priority: the environment, the policy's ``[registries]``, the project's
files from the trusted side, the user's files, the constant of a library.  The first
place that names an index decides.  Extra indexes count if that place or one above it
names them.  Nothing of the change itself is read.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zt_gate.ecosystems.project_tree import ancestors
from zt_gate.ecosystems.registries.package_index import Index
from zt_gate.ecosystems.registries.proxies import basic_authorization, split_credentials
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class SettingsSources:
    """The places where registries may be configured.

    ``trusted`` returns the content of a file on the trusted side.  ``folder`` is that
    of the manifest, relative to the root of the project.  ``system`` are the
    machine-wide files by package manager, None for the usual ones.
    """

    environ: Mapping[str, str]
    policy: Mapping[str, str]
    trusted: Callable[[bytes], bytes | None]
    folder: bytes = b""
    system: Mapping[str, tuple[str, ...]] | None = None

    def project_files(self, name: bytes) -> list[bytes]:
        """Return the trusted content of a file next to the manifest and at the root."""
        beside = self.folder + b"/" + name if self.folder else name
        contents = [self.trusted(path) for path in dict.fromkeys((beside, name))]
        return [content for content in contents if content is not None]

    def files_above(self, *names: bytes) -> list[tuple[bytes, bytes]]:
        """Return path and trusted content of files beside the manifest and in all folders above.

        The nearest folder comes first.
        """
        found: list[tuple[bytes, bytes]] = []
        for folder in ancestors(self.folder):
            for name in names:
                path = folder + b"/" + name if folder else name
                content = self.trusted(path)
                if content is not None:
                    found.append((path, content))
        return found

    def user_file(self, path: str) -> str | None:
        """Return the text of one of the user's files, None if it cannot be read."""
        if not os.path.isabs(path):
            return None
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read(1 << 20)
        except OSError:
            return None

    def home(self, *parts: str) -> str:
        """Return a path below the user's home directory, "" if that is not known."""
        home = self.environ.get("HOME", "")
        return os.path.join(home, *parts) if os.path.isabs(home) else ""

    def config(self, *parts: str) -> str:
        """Return a path below the user's configuration directory (XDG)."""
        base = self.environ.get("XDG_CONFIG_HOME", "")
        if os.path.isabs(base):
            return os.path.join(base, *parts)
        return self.home(".config", *parts)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The indexes for the manifests of one folder.

    ``indexes`` are queried in order until one has the package.  ``scopes`` are the
    registries of scopes.  ``service`` counts downloads; it is None for an index that is
    not the library's default, unless a service is configured.
    """

    indexes: tuple[Index, ...]
    scopes: Mapping[str, Index] = field(default_factory=dict)
    service: Index | None = None
    #: Further trusted indexes, queried only for entries that name them.
    explicit_indexes: tuple[Index, ...] = ()
    #: A manifest's own index replaces the default one.  Its names are not sent to other
    #: services or compared with the snapshot of well-known names.
    replaces_default: bool = False
    #: Returns the indexes of one name, where they differ from name to name.
    select: Callable[[str], tuple[Index, ...]] | None = None

    def for_name(self, key: str) -> tuple[Index, ...]:
        """Return the indexes for one name: its scope's registry, or the general ones."""
        if self.select is not None:
            return self.select(key)
        scope = key.partition("/")[0]
        return (self.scopes[scope],) if scope in self.scopes else self.indexes

    def find_index(self, url: str) -> Index | None:
        """Return the trusted index with this URL, None for an unknown one."""
        bare_url, _ = split_credentials(url.strip())
        bare_url = bare_url.rstrip("/")
        for index in (*self.indexes, *self.scopes.values(), *self.explicit_indexes):
            if index.url == bare_url:
                return index
        return None


def make_index(
    url: str, *, cleartext: bool, authorization: str = "", default: bool = False
) -> Index:
    """Return the Index of a URL; credentials in it replace ``authorization``."""
    bare_url, own_authorization = split_credentials(url.strip())
    return Index(
        bare_url.rstrip("/"), own_authorization or authorization, default, cleartext
    )


def configured_service(
    sources: SettingsSources, variable: str, key: str, optional_suffix: str
) -> Index | None:
    """Return the service that the environment or the policy names, None without one.

    ``optional_suffix`` is the part of the path that users may leave out.
    """
    user_url = sources.environ.get(variable, "")
    url = user_url or sources.policy.get(key, "")
    if not url:
        return None
    base_url = url.rstrip("/").removesuffix(optional_suffix)
    return make_index(base_url, cleartext=bool(user_url))


def netrc_authorization(sources: SettingsSources, url: str) -> str:
    """Return the Authorization header for a host in the user's netrc, "" without one."""
    path = sources.environ.get("NETRC", "") or sources.home(".netrc")
    text = sources.user_file(path)
    if not text:
        return ""
    import netrc
    from urllib.parse import urlsplit

    try:
        entry = netrc.netrc(path).authenticators(urlsplit(url).hostname or "")
    except (netrc.NetrcParseError, OSError, ValueError):
        return ""
    if not entry:
        return ""
    login, account, password = entry
    return basic_authorization(login or account or "", password or "")
