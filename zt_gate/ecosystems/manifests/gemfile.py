"""Gemfile and gemspecs: calls of ``gem``, ``source`` and ``add_dependency``.

The files are Ruby code.  Only literal names can be read; a computed name is
reported as such.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    SourceKind,
    Text,
    decode_manifest,
    make_dependency,
    unnamed_entry,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 1024 * 1024
_CALL = lazy_re.compile(
    r"^[ \t]*(?:(?:\w{1,50}\.)?(gem|source|git_source|add_(?:runtime_|development_)?dependency))"
    r"\b[ \t]*\(?[ \t]*"
    r"(?:(['\"])([^'\"\n]{1,300})\2|([^\s'\"][^\n]{0,200}))([^\n]{0,2000})",
    re.MULTILINE,
)
_VERSION = lazy_re.compile(r"\A[ \t]*,[ \t]*['\"]([^'\"\n]{1,100})['\"]")
_OPTION = lazy_re.compile(
    r"(?::(git|github|path|source|gist|bitbucket)[ \t]*=>"
    r"|\b(git|github|path|source|gist|bitbucket):)[ \t]*['\"]([^'\"\n]{1,500})['\"]"
)
_SOURCE_KINDS: dict[str, SourceKind] = {"path": "path", "source": "index"}


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the calls in their order."""
    text = Text.of(decode_manifest(data, _LIMIT, "Gemfile"))
    dependencies: list[Dependency] = []
    for match in _CALL.finditer(text.content):
        dependencies += _call(text, match)
    return tuple(dependencies)


def _call(text: Text, match: re.Match[str]) -> Iterator[Dependency]:
    call, name, expression, arguments = match[1], match[3], match[4], match[5] or ""
    place = text.place(*match.span(3 if name is not None else 4))
    if name is None or "#{" in name:
        if call == "gem" and expression and not expression.startswith(("=", ".")):
            target = f"a gem whose name is computed (line {place[0]})"
            yield unnamed_entry("gem", Source("computed", target), place, call)
        return
    if call == "git_source":
        return
    if call == "source":
        if _is_other_index(name):
            yield unnamed_entry("gem", Source("index", name), place, call)
        return
    version = _VERSION.match(arguments)
    constraint = version[1] if version else ""
    try:
        yield make_dependency("gem", name, place, call, constraint, _source(arguments))
    except ManifestError:
        if call == "gem":
            raise


def _is_other_index(url: str) -> bool:
    from zt_gate.ecosystems.manifests import hosts

    return "://" in url and not hosts.is_default_registry("gem", hosts.origin(url))


def _source(arguments: str) -> Source:
    """Return the source that the options of a call name."""
    option = _OPTION.search(arguments)
    if option is None:
        return Source()
    name = option[1] or option[2]
    return Source(_SOURCE_KINDS.get(name, "vcs"), option[3])
