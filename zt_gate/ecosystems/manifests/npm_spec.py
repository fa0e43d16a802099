"""What npm, yarn, pnpm and bun accept as a package: names, ranges, addresses, selectors."""

from __future__ import annotations

import re

from zt_gate.ecosystems.manifests import hosts
from zt_gate.ecosystems.manifests.base import Source

_VCS = re.compile(
    r"(?:git(?:\+[a-z]{1,5})?:|ssh:|github:|gitlab:|bitbucket:|gist:|git@)",
    re.IGNORECASE,
)
_SHORTHAND = re.compile(r"[A-Za-z0-9][\w.-]{0,99}/[\w.-]{1,100}(?:#.*)?\Z")
_LOCAL = ("file:", "link:", "portal:", "./", "../", "/", "~/")


def selected_package(key: str) -> str:
    """Return the package that a selector means: ``**/a/@s/b@npm:^1`` means ``@s/b``."""
    inner = key.rpartition(">")[2].strip()
    parts = inner.split("/")
    at = next((n for n, part in enumerate(parts) if "@" in part[1:]), len(parts) - 1)
    parts = [*parts[:at], parts[at][:1] + parts[at][1:].partition("@")[0]]
    if len(parts) > 1 and parts[-2].startswith("@"):
        return "/".join(parts[-2:])
    return parts[-1]


def parse_spec(name: str, value: str) -> tuple[str, str, Source]:
    """Return the package that is installed, its range and its source (npm-package-arg's forms)."""
    spec = value.strip()
    lower = spec.lower()
    if lower.startswith("npm:"):
        alias = spec[4:]
        at = alias.find("@", 1)
        if at < 0 and re.match(r"[\d^~<>=*]", alias):  # yarn's ``npm:^1.2``
            return name, alias, Source()
        return (
            (alias if at < 0 else alias[:at]),
            ("" if at < 0 else alias[at + 1 :]),
            Source(),
        )
    if lower.startswith(("workspace:", "link:", "portal:")):
        target = spec.partition(":")[2]
        return name, spec, Source("path", target if "/" in target else ".")
    if lower.startswith(_LOCAL):
        target = spec[5:] if lower.startswith("file:") else spec
        return name, "", Source("path", target.removeprefix("//"))
    if _VCS.match(spec) or (_SHORTHAND.match(spec) and not spec.startswith("@")):
        return name, "", Source("vcs", spec)
    if "://" in spec:
        return (
            name,
            "",
            Source("vcs" if re.search(r"\.git(?:#|\Z)", spec) else "url", spec),
        )
    if lower.startswith("jsr:"):
        return name, "", Source("index", spec)
    return name, spec, Source()


def archive_source(address: str) -> Source:
    """Return the source that a lock file's ``resolved`` means: npm's registry, or another."""
    if _VCS.match(address):
        return Source("vcs", address)
    if address.lower().startswith("file:"):
        return Source("path", address[5:].removeprefix("//"))
    if "://" not in address:
        return Source()
    host = hosts.origin(address)
    if hosts.is_npm(host):
        return Source()
    # A registry's archives stand in NAME/-/NAME-VERSION.tgz; anything else is an address.
    before, mark, _ = address.partition("/-/")
    if not mark:
        return Source("url", address)
    parts = before.split("/")
    depth = 2 if len(parts) > 4 and parts[-2].startswith("@") else 1
    return Source("index", "/".join(parts[:-depth]))
