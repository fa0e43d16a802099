"""Where the other ecosystems are looked up: policy, their own settings, a library's constant."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zt_gate.ecosystems.registries.settings import Endpoints, Sources, index_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from zt_gate.ecosystems.registries.package_index import Index

# A package of each kind, from whose address the library's host is taken.
_EXAMPLES = {
    "cargo": "pkg:cargo/x@1",
    "golang": "pkg:golang/github.com/a/b@v1.0.0",
    "gem": "pkg:gem/x@1",
    "composer": "pkg:composer/a/b@1",
    "nuget": "pkg:nuget/x@1",
    "maven": "pkg:maven/g/a@1",
}
#: What stands between the host and a package.
_PATHS = {"maven": "/maven2"}
ECOSYSTEMS = tuple(_EXAMPLES)


def endpoints_of(ecosystem: str) -> Callable[[Sources], Endpoints]:
    """Return the function that says where an ecosystem's packages are looked up."""

    def endpoints(sources: Sources) -> Endpoints:
        standard = default_index(ecosystem)
        chosen = _go_proxy(sources) if ecosystem == "golang" else None
        if chosen is None and sources.policy.get(ecosystem):
            chosen = index_of(sources.policy[ecosystem], cleartext=False)
        return Endpoints((chosen or standard,), named=(standard,))

    return endpoints


def default_index(ecosystem: str) -> Index:
    """Return the registry that a library names."""
    library = import_module("packageurl.contrib.purl2url")
    example = _EXAMPLES[ecosystem]
    page = urlsplit(library.get_download_url(example) or library.get_repo_url(example))
    host = page.netloc
    if ecosystem == "nuget":  # its data are beside its pages
        host = f"api.{host.partition('.')[2]}"
    url = f"{page.scheme}://{host}{_PATHS.get(ecosystem, '')}"
    return index_of(url, cleartext=False, default=True)


def _go_proxy(sources: Sources) -> Index | None:
    """Return the first proxy of GOPROXY; "off" and "direct" come out as an address never asked."""
    value = sources.environ.get("GOPROXY", "")
    first = value.replace("|", ",").partition(",")[0].strip()
    return index_of(first, cleartext=True) if first else None


def is_private(sources: Sources, ecosystem: str, key: str) -> bool:
    """Say whether the user's settings keep a name from public hosts (GOPRIVATE, GONOPROXY)."""
    if ecosystem != "golang":
        return False
    from fnmatch import fnmatchcase

    environ = sources.environ
    value = environ.get("GONOPROXY") or environ.get("GOPRIVATE", "")
    for pattern in (part.strip() for part in value.split(",")):
        head = "/".join(key.split("/")[: pattern.count("/") + 1])
        if pattern and fnmatchcase(head, pattern.rstrip("/")):
            return True
    return False
