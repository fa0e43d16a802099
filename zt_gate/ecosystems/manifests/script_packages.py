"""Packages that a single source file declares in itself, for a runner that installs them.

C# file-based apps and scripts, F# scripts, JBang, Groovy's ``@Grab``, Kotlin scripts,
Scala CLI, sbt, Ruby's inline Bundler, and Rust scripts.  Python's are in ``python``,
Deno's in ``javascript``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    make_dependency,
    unnamed_entry,
    valid_name,
)
from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 2 * 1024 * 1024
_SECTION = "script"


@dataclass(frozen=True, slots=True)
class _Form:
    """A form of a declaration: its groups are the name (or coordinates) and the version."""

    ecosystem: str
    suffixes: tuple[bytes, ...]
    pattern: re.Pattern[str]


_JVM = (b".java", b".kt", b".kts", b".groovy", b".jsh", b".jav")
_SCALA = (b".scala", b".sc", b".sbt")
#: Group and artifact, and the version.
_COORDINATES = r"([\w.-]{1,200}:[\w.-]{1,200}):?([^'\"\s@]{0,100})"
_CROSS = r"([\w.-]{1,200}:{1,3}[\w.-]{1,200}):{1,2}([^\"`\s,]{0,100})"
_LINES = re.MULTILINE
_FORMS = (
    _Form("nuget", (b".cs",), lazy_re.compile(
        r"^#:(?:package|sdk)[ \t]+([^\s@]{1,200})[@ \t]?(\S{0,100})", _LINES)),
    _Form("nuget", (b".csx", b".fsx", b".dib"), lazy_re.compile(
        r"^[ \t]*#[ri][ \t]+\"nuget:[ \t]*([^\s,\"]{1,200})[ \t]*,?[ \t]*([^\"\n]{0,100})",
        _LINES)),
    _Form("maven", _JVM, lazy_re.compile(rf"^//DEPS[ \t]+{_COORDINATES}", _LINES)),
    _Form("maven", (b".groovy", b".gvy"), lazy_re.compile(
        rf"@Grab\([ \t]*(?:value[ \t]*=[ \t]*)?['\"]{_COORDINATES}")),
    _Form("maven", (b".kts",), lazy_re.compile(
        rf"@file:DependsOn\([ \t]*\"{_COORDINATES}")),
    _Form("maven", _SCALA, lazy_re.compile(
        r"^//>[ \t]*using[ \t]+(?:test\.)?(?:deps?|libs?|dependenc(?:y|ies))[ \t]+\"?"
        rf"{_CROSS}", _LINES)),
    _Form("maven", _SCALA, lazy_re.compile(
        rf"(?:\$ivy\.[`{{]{{0,2}}|\bivy\"|\bmvn\"){_CROSS}")),
    _Form("maven", (b".sbt", b".scala"), lazy_re.compile(
        r"\"([\w.-]{1,200}\"[ \t]*%{1,3}[ \t]*\"[\w.-]{1,200})\"[ \t]*%[ \t]*\"?"
        r"([\w.+-]{0,100})")),
)  # fmt: skip
_SBT_SIGN = lazy_re.compile(r"\"[ \t]*(%{1,3})[ \t]*\"")
# ``cargo`` scripts: a manifest between fences at the top of the file.
_FRONT_MATTER = lazy_re.compile(
    r"\A(?:#![^\n\[][^\n]*\n)?[ \t\n]*-{3,}(?:cargo)?[ \t]*\n"
    r"(?P<toml>(?:(?!-{3})[^\n]*\n){1,500})-{3,}"
)
_SUFFIX_OF_RUST, _SUFFIX_OF_RUBY = b".rs", b".rb"


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the declarations; a file over 2 MB gives nothing."""
    if len(data) > _LIMIT:
        return ()
    name = path.lower()
    text = Text.of(data.decode("utf-8-sig", "replace").replace("\r", ""))
    if name.endswith(_SUFFIX_OF_RUST):
        return tuple(_rust(path, text))
    if name.endswith(_SUFFIX_OF_RUBY):
        return tuple(_ruby(path, data))
    return tuple(
        _entry(form.ecosystem, text, match)
        for form in _FORMS
        if name.endswith(form.suffixes)
        for match in form.pattern.finditer(text.content)
    )


def _entry(ecosystem: str, text: Text, match: re.Match[str]) -> Dependency:
    place = text.place(*match.span(1))
    name = match[1]
    sign = _SBT_SIGN.search(name)
    is_cross_built = "::" in name or (sign is not None and len(sign[1]) > 1)
    if sign is not None:
        name = _SBT_SIGN.sub(":", name)
    if is_cross_built:
        # The version of Scala is a part of the name, and the build chooses it.
        shown = ":".join(part for part in name.split(":") if part)
        source = Source("computed", f"{shown} for the project's version of Scala")
        return unnamed_entry(ecosystem, source, place, _SECTION)
    if not valid_name(ecosystem, name):
        source = Source("computed", "a package whose name is computed")
        return unnamed_entry(ecosystem, source, place, _SECTION)
    return make_dependency(ecosystem, name, place, _SECTION, match[2].strip())


def _rust(path: bytes, text: Text) -> Iterator[Dependency]:
    """Yield the dependencies of the manifest at the top of a script."""
    front_matter = _FRONT_MATTER.match(text.content)
    if front_matter is None:
        return
    from zt_gate.ecosystems.manifests import cargo

    lines_before = text.line(front_matter.start("toml")) - 1
    try:
        entries = cargo.read(path, front_matter["toml"].encode())
    except ManifestError as error:
        line = error.line + lines_before
        reason = f"the script's manifest: {error.reason}"
        raise ManifestError(line, reason, "not_applicable") from error
    for entry in entries:
        yield replace(entry, line=entry.line + lines_before)


def _ruby(path: bytes, data: bytes) -> Iterator[Dependency]:
    """Yield the gems of a script with inline Bundler."""
    if b"bundler/inline" not in data:
        return
    from zt_gate.ecosystems.manifests import gemfile

    try:
        yield from gemfile.read(path, data)
    except ManifestError as error:
        raise ManifestError(error.line, error.reason, "not_applicable") from error
