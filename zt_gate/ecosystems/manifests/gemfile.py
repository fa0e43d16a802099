"""Gemfile and gemspecs: calls of ``gem``, ``source`` and ``add_dependency``, and blocks.

The files are Ruby code.  Only literal names can be read; a computed name is
reported as such.  A gem in a block of ``path``, ``git``, ``github`` or ``source`` comes
from there.  ``git_source(:NAME)`` makes ``NAME:`` an option that names a repository.
"""

from __future__ import annotations

import re
from bisect import bisect
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
    own_name,
    unnamed_entry,
    valid_name,
)
from zt_gate.record import dataclass

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
    r"(?:(?<![\w:]):(\w{1,50})[ \t]*=>|(?<![\w:])(\w{1,50}):(?!:))[ \t]*['\"]([^'\"\n]{1,500})['\"]"
)
_SOURCE_KINDS: dict[str, SourceKind] = {
    "path": "path",
    "source": "index",
    "git": "vcs",
    "github": "vcs",
    "gist": "vcs",
    "bitbucket": "vcs",
    "gitlab": "vcs",
}
_BLOCK = lazy_re.compile(
    r"^[ \t]*(path|git|github|gist|bitbucket|source)\b[ \t]*\(?[ \t]*"
    r"(?:(['\"])([^'\"\n]{1,500})\2)?[^\n]{0,500}?"
    r"\bdo[ \t]*(?:\|[^|\n]{0,100}\|)?[ \t]*(?:#[^\n]{0,500})?$"
)
# Other lines that an ``end`` closes.
_OPENS = lazy_re.compile(
    r"^[ \t]*(?:if|unless|case|begin|while|until|def|class|module|for)\b"
    r"|\bdo[ \t]*(?:\|[^|\n]{0,100}\|)?[ \t]*(?:#[^\n]{0,500})?$"
)
_END = lazy_re.compile(r"\bend\b")
_ENDS = lazy_re.compile(r"^[ \t]*end\b")
_GIT_SOURCE = lazy_re.compile(
    r"^[ \t]*git_source[ \t]*\(?[ \t]*:?['\"]?(\w{1,50})", re.MULTILINE
)
_OWN_NAME = lazy_re.compile(
    r"^[ \t]*\w{1,50}\.name[ \t]*=[ \t]*(['\"])([^'\"\n#]{1,200})\1", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class _Blocks:
    """The source from which gems come from each offset on, None for the registry."""

    offsets: tuple[int, ...]
    sources: tuple[Source | None, ...]

    def source_at(self, offset: int) -> Source | None:
        """Return the source of the innermost block around an offset."""
        return self.sources[bisect(self.offsets, offset) - 1]


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the calls in their order."""
    text = Text.of(decode_manifest(data, _LIMIT, "Gemfile"))
    repositories = {match[1] for match in _GIT_SOURCE.finditer(text.content)}
    blocks = _blocks(text.content)
    dependencies = [
        own_name("gem", match[2], text.place(*match.span(2)), "name")
        for match in _OWN_NAME.finditer(text.content)
        if valid_name("gem", match[2])
    ]
    for match in _CALL.finditer(text.content):
        dependencies += _call(text, match, repositories, blocks)
    return tuple(dependencies)


def names_public_source(data: bytes) -> bool:
    """Return whether a Gemfile takes gems from the gem registry beside other sources."""
    text = data.decode("utf-8", "replace")
    return any(
        match[1] == "source" and match[3] is not None and not _is_other_index(match[3])
        for match in _CALL.finditer(text)
    )


def _blocks(content: str) -> _Blocks:
    """Return the sources of the blocks; a block without one has that around it."""
    offsets: list[int] = [0]
    sources: list[Source | None] = [None]
    around: list[Source | None] = [None]
    offset = 0
    for line in content.split("\n"):
        start, offset = offset, offset + len(line) + 1
        block = _BLOCK.match(line)
        if block is not None:
            around.append(_block_source(block) or around[-1])
        elif _ENDS.match(line) and len(around) > 1:
            around.pop()
        elif _OPENS.search(line) and not _END.search(line):
            around.append(around[-1])
        if around[-1] != sources[-1]:
            offsets.append(start)
            sources.append(around[-1])
    return _Blocks(tuple(offsets), tuple(sources))


def _block_source(block: re.Match[str]) -> Source | None:
    kind, target = _SOURCE_KINDS[block[1]], block[3]
    if not target or (kind == "index" and not _is_other_index(target)):
        return None
    return Source(kind, target)


def _call(
    text: Text,
    match: re.Match[str],
    repositories: set[str],
    blocks: _Blocks,
) -> Iterator[Dependency]:
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
    source = _source(arguments, repositories)
    if source is None and call == "gem":
        source = blocks.source_at(match.start())
    try:
        yield make_dependency("gem", name, place, call, constraint, source)
    except ManifestError:
        if call == "gem":
            raise


def _is_other_index(url: str) -> bool:
    from zt_gate.ecosystems.manifests import hosts

    return "://" in url and not hosts.is_default_registry("gem", hosts.origin(url))


def _source(arguments: str, repositories: set[str]) -> Source | None:
    """Return the source that the options of a call name, None for the gem registry."""
    for option in _OPTION.finditer(arguments):
        name = option[1] or option[2]
        if name in repositories and name not in _SOURCE_KINDS:
            return Source("vcs", option[3])
        if name in _SOURCE_KINDS:
            return Source(_SOURCE_KINDS[name], option[3])
    return None
