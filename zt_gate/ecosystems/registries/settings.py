"""Which registries are asked: the user's own, found as the package managers find them.

First what the environment says, then the policy's ``[registries]``, then the
project's files from the trusted side, then the user's files, then the constant
of a library.  The first that names an index decides; extra indexes count where
they are named beside it or above it.  Nothing of the change itself is read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zt_gate.ecosystems.registries.package_index import Index
from zt_gate.ecosystems.registries.proxies import basic_authorization, split_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class SettingsSources:
    """Everything that may name a registry.

    ``folder`` is the manifest's, from the root of the project; ``system`` are
    the files that hold for the whole machine, by package manager.
    """

    environ: Mapping[str, str]
    policy: Mapping[str, str]
    trusted: Callable[[bytes], bytes | None]
    folder: bytes = b""
    system: Mapping[str, tuple[str, ...]] | None = None

    def project_files(self, name: bytes) -> list[bytes]:
        """Return the trusted content of a file beside the manifest and at the root."""
        paths = dict.fromkeys(
            (self.folder + b"/" + name if self.folder else name, name)
        )
        found = [self.trusted(path) for path in paths]
        return [content for content in found if content is not None]

    def user_file(self, path: str) -> str | None:
        """Return the text of one of the user's files, None where it cannot be read."""
        if not os.path.isabs(path):
            return None
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read(1 << 20)
        except OSError:
            return None

    def home(self, *parts: str) -> str:
        """Return a path below the user's home, "" where that is not known."""
        home = self.environ.get("HOME", "")
        return os.path.join(home, *parts) if os.path.isabs(home) else ""

    def config(self, *parts: str) -> str:
        """Return a path below the user's configuration folder (XDG)."""
        base = self.environ.get("XDG_CONFIG_HOME", "")
        return (
            os.path.join(base, *parts)
            if os.path.isabs(base)
            else self.home(".config", *parts)
        )


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the names of one folder's manifests are looked up.

    ``indexes`` are asked in their order until one has the package.  ``service``
    counts downloads; None where a count is not applicable: for an index that is
    not the library's default, unless a service is set.
    """

    indexes: tuple[Index, ...]
    scopes: Mapping[str, Index] = field(default_factory=dict)
    service: Index | None = None
    #: Further indexes that are trusted, but asked only where an entry names them.
    explicit_indexes: tuple[Index, ...] = ()
    #: A manifest's own index took the place of the usual one: what it has is
    #: nobody else's business, and the snapshot knows nothing of it.
    replaces_default: bool = False

    def for_name(self, key: str) -> tuple[Index, ...]:
        """Return the indexes for one name: its scope's registry, or the usual ones."""
        scope = key.partition("/")[0]
        return (self.scopes[scope],) if scope in self.scopes else self.indexes

    def find_index(self, url: str) -> Index | None:
        """Return the trusted index with this address, None where it is a stranger."""
        wanted = split_credentials(url.strip())[0].rstrip("/")
        every = (*self.indexes, *self.scopes.values(), *self.explicit_indexes)
        return next((index for index in every if index.url == wanted), None)


def make_index(
    url: str, *, cleartext: bool, authorization: str = "", default: bool = False
) -> Index:
    """Make an Index of an address that may hold credentials."""
    bare, inside = split_credentials(url.strip())
    return Index(bare.rstrip("/"), inside or authorization, default, cleartext)


def configured_service(
    sources: SettingsSources, variable: str, key: str, tail: str
) -> Index | None:
    """Return the download service that the environment or the policy names.

    ``tail`` is the part of the service's path that people may or may not write.
    """
    value = sources.environ.get(variable, "")
    url = value or sources.policy.get(key, "")
    if not url:
        return None
    return make_index(url.rstrip("/").removesuffix(tail), cleartext=bool(value))


def netrc_authorization(sources: SettingsSources, url: str) -> str:
    """Return the header for a host that the user's netrc knows, or ""."""
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
    return (
        basic_authorization(entry[0] or entry[1] or "", entry[2] or "") if entry else ""
    )
