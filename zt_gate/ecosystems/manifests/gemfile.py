"""Gemfile and gemspecs: calls of ``gem``, ``source`` and ``add_dependency`` with literal names.

They are Ruby: what is computed cannot be read, and is said.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    decode_manifest,
    make_dependency,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 1024 * 1024
_CALL = re.compile(
    r"^[ \t]*(?:(?:\w{1,50}\.)?(gem|source|git_source|add_(?:runtime_|development_)?dependency))"
    r"\b[ \t]*\(?[ \t]*"
    r"(?:(['\"])([^'\"\n]{1,300})\2|([^\s'\"][^\n]{0,200}))([^\n]{0,2000})",
    re.MULTILINE,
)
_VERSION = re.compile(r"\A[ \t]*,[ \t]*['\"]([^'\"\n]{1,100})['\"]")
_OPTION = re.compile(
    r"(?::(git|github|path|source|gist|bitbucket)[ \t]*=>"
    r"|\b(git|github|path|source|gist|bitbucket):)[ \t]*['\"]([^'\"\n]{1,500})['\"]"
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the calls in their order."""
    text = Text.of(decode_manifest(data, _LIMIT, "Gemfile"))
    found: list[Dependency] = []
    for match in _CALL.finditer(text.content):
        found += _call(text, match)
    return tuple(found)


def _call(text: Text, match: re.Match[str]) -> Iterator[Dependency]:
    call, name, rest = match[1], match[3], match[5] or ""
    group = 3 if name is not None else 4
    place = text.place(*match.span(group))
    if name is None or "#{" in name:
        if call == "gem" and match[4] and not match[4].startswith(("=", ".")):
            told = f"a gem whose name is computed (line {place[0]})"
            yield Dependency("gem", "", "", "", Source("computed", told), *place, call)
        return
    if call in {"source", "git_source"}:
        from zt_gate.ecosystems.manifests import hosts

        if (
            call == "source"
            and "://" in name
            and not hosts.is_default_registry("gem", hosts.origin(name))
        ):
            yield Dependency("gem", "", "", "", Source("index", name), *place, call)
        return
    option = _OPTION.search(rest)
    source = Source()
    if option is not None:
        kind = option[1] or option[2]
        source = Source(
            "path" if kind == "path" else "index" if kind == "source" else "vcs",
            option[3],
        )
    version = _VERSION.match(rest)
    try:
        yield make_dependency(
            "gem", name, place, call, version[1] if version else "", source
        )
    except ManifestError:
        if call == "gem":
            raise
