"""Package specs of npm, yarn, pnpm and bun: names, ranges, URLs, override selectors."""

from __future__ import annotations

import re

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import hosts
from zt_gate.ecosystems.manifests.base import Source

_VCS = lazy_re.compile(
    r"(?:git(?:\+[a-z]{1,5})?:|ssh:|github:|gitlab:|bitbucket:|gist:|git@)",
    re.IGNORECASE,
)
_SHORTHAND = lazy_re.compile(r"[A-Za-z0-9][\w.-]{0,99}/[\w.-]{1,100}(?:#.*)?\Z")
_GIT_URL = lazy_re.compile(r"\.git(?:#|\Z)")
_RANGE_START = lazy_re.compile(r"[\d^~<>=*]")
_EXACT = lazy_re.compile(r"\d{1,9}\.\d{1,9}\.\d{1,9}(?:[-+][0-9A-Za-z.+-]{1,200})?\Z")
_LOCAL = ("file:", "link:", "portal:", "./", "../", "/", "~/")


def selected_package(selector: str) -> str:
    """Return the package of an override's selector: ``@s/b`` for ``**/a/@s/b@npm:^1``."""
    inner = selector.rpartition(">")[2].strip()
    parts = inner.split("/")
    with_version = (number for number, part in enumerate(parts) if "@" in part[1:])
    last = next(with_version, len(parts) - 1)
    first_character, remainder = parts[last][:1], parts[last][1:]
    last_name = first_character + remainder.partition("@")[0]
    parts = [*parts[:last], last_name]
    if len(parts) > 1 and parts[-2].startswith("@"):
        return "/".join(parts[-2:])
    return parts[-1]


def split_version(text: str) -> tuple[str, str]:
    """Split NAME@VERSION at the sign after a possible scope; the version may be ""."""
    at = text.find("@", 1)
    return (text, "") if at < 0 else (text[:at], text[at + 1 :])


def parse_spec(name: str, value: str) -> tuple[str, str, Source]:
    """Return the installed package, its range and its source (npm-package-arg's forms)."""
    spec = value.strip()
    lower = spec.lower()
    if lower.startswith("npm:"):
        return _alias(name, spec[4:])
    if lower.startswith(("workspace:", "link:", "portal:")):
        target = spec.partition(":")[2]
        return name, spec, Source("path", target if "/" in target else ".")
    if lower.startswith(_LOCAL):
        target = spec[5:] if lower.startswith("file:") else spec
        return name, "", Source("path", target.removeprefix("//"))
    if _VCS.match(spec) or (_SHORTHAND.match(spec) and not spec.startswith("@")):
        return name, "", Source("vcs", spec)
    if "://" in spec:
        return name, "", Source("vcs" if _GIT_URL.search(spec) else "url", spec)
    if lower.startswith("jsr:"):
        return name, "", Source("index", spec)
    return name, spec, Source()


def _alias(name: str, target: str) -> tuple[str, str, Source]:
    """Return the package of an alias ``npm:NAME@RANGE``, or of yarn's ``npm:RANGE``."""
    package, version = split_version(target)
    if package == target and _RANGE_START.match(target):
        return name, target, Source()
    return package, version, Source()


def archive_source(address: str) -> Source:
    """Return the source for ``resolved`` in a lock file: npm's registry or another one."""
    if _VCS.match(address):
        return Source("vcs", address)
    if address.lower().startswith("file:"):
        return Source("path", address[5:].removeprefix("//"))
    if "://" not in address:
        return Source()
    if hosts.is_npm(hosts.origin(address)):
        return Source()
    # A registry keeps archives at NAME/-/NAME-VERSION.tgz; any other path is a plain URL.
    package_url, separator, _ = address.partition("/-/")
    if not separator:
        return Source("url", address)
    parts = package_url.split("/")
    is_scoped = len(parts) > 4 and parts[-2].startswith("@")
    name_parts = 2 if is_scoped else 1
    return Source("index", "/".join(parts[:-name_parts]))


def locked_source(
    address: str, name: str, version: str, *, is_requested: bool = False
) -> Source:
    """Return the source of a locked package; ``foreign`` for the archive of another one.

    ``host``: an address outside every registry, for a version of a registry.
    ``is_requested``: a package requests the address itself, so that it has no version.

    A registry keeps the archive of a version at NAME/-/NAME-VERSION.tgz, and installers
    do not compare: whatever is at the address is installed under the name.
    """
    source = archive_source(address)
    if source.kind == "url" and _EXACT.match(version) and not is_requested:
        return Source("host", address)
    is_from_registry = source.kind in {"registry", "index"} and "://" in address
    if not is_from_registry or not _EXACT.match(version):
        return source
    is_own = _is_archive_of(address, name, version)
    return source if is_own else Source("foreign", address)


def _is_archive_of(address: str, name: str, version: str) -> bool:
    from urllib.parse import unquote, urlsplit

    try:
        path = unquote(urlsplit(address).path)
    except ValueError:
        return False
    package, _, file = path.partition("/-/")
    base = name.rpartition("/")[2]
    # Some registries put the scope before the file's name as well.
    files = {f"{stem}-{version.partition('+')[0]}.tgz".lower() for stem in (base, name)}
    return package.lower().endswith(f"/{name.lower()}") and file.lower() in files
