"""build.gradle and build.gradle.kts: literal coordinates, plugins and repositories.

The files are programs.  Computed coordinates are reported as such, not guessed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    Text,
    decode_manifest,
    make_dependency,
    unnamed_entry,
    valid_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 1024 * 1024
_COMMENT = lazy_re.compile(
    r"'(?:[^'\\\n]++|\\.)*+'|\"(?:[^\"\\\n]++|\\.)*+\"|//[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?"
)
_CONFIGURATION = (
    r"(?:api|implementation|compile|compileOnly|compileOnlyApi|runtime|runtimeOnly|testCompile|testRuntime"
    r"|testImplementation|testCompileOnly|testRuntimeOnly|annotationProcessor|kapt|ksp|classpath"
    r"|androidTestImplementation|debugImplementation|releaseImplementation|provided|developmentOnly"
    r"|[a-z][A-Za-z0-9]{0,40}(?:Implementation|Api|CompileOnly|RuntimeOnly|AnnotationProcessor))"
)
_CALL = lazy_re.compile(
    rf"(?:^|[{{;])[ \t]*(?:\"|')?({_CONFIGURATION})(?:\"|')?[ \t]*\(?[ \t]*"
    r"(?:(?:enforcedPlatform|platform|kotlin)[ \t]*\([ \t]*)?"
    r"(?:(['\"])([^'\"\n]{1,300})\2|([^\n]{0,300}))",
    re.MULTILINE,
)
_NAMED = lazy_re.compile(
    r"group[ \t]*[:=][ \t]*['\"]([^'\"\n]{1,200})['\"][ \t]*,"
    r"[ \t]*name[ \t]*[:=][ \t]*['\"]([^'\"\n]{1,200})['\"]"
    r"(?:[ \t]*,[ \t]*version[ \t]*[:=][ \t]*['\"]([^'\"\n]{1,100}))?"
)
_PLUGIN = lazy_re.compile(
    r"(?:^|[{;])[ \t]*id[ \t]*\(?[ \t]*['\"]([^'\"\n]{1,200})['\"]\)?"
    r"[ \t]*version[ \t]*\(?['\"]([^'\"\n]{1,100})['\"]",
    re.MULTILINE,
)
_REPOSITORY = lazy_re.compile(
    r"\b(?:url|uri|maven)[ \t]*[=(]?[ \t]*(?:uri[ \t]*\()?[ \t]*['\"](https?://[^'\"\n]{1,500})['\"]"
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the calls that add a dependency, in their order."""
    content = _COMMENT.sub(_blank, decode_manifest(data, _LIMIT, "build.gradle"))
    text = Text.of(content)
    dependencies: list[Dependency] = []
    for match in _CALL.finditer(content):
        dependencies += _call(text, match)
    dependencies += _plugins(text)
    dependencies += _repositories(text)
    return tuple(dependencies)


def _blank(match: re.Match[str]) -> str:
    """Return a string as it is, a comment as blanks."""
    token = match[0]
    return token if token[0] in "'\"" else re.sub(r"[^\n]", " ", token)


def _call(text: Text, match: re.Match[str]) -> Iterator[Dependency]:
    section, notation = match[1], match[3]
    if notation is None:
        yield from _named_arguments(text, match)
        return
    place = text.place(*match.span(3))
    parts = notation.split(":")
    if len(parts) < 2:
        return
    name = ":".join(parts[:2])
    if "$" in name or not valid_name("maven", name):
        target = f"coordinates that are computed (line {place[0]})"
        yield unnamed_entry("maven", Source("computed", target), place, section)
        return
    version = parts[2].partition("@")[0] if len(parts) > 2 else ""
    yield make_dependency("maven", name, place, section, version)


def _named_arguments(text: Text, match: re.Match[str]) -> Iterator[Dependency]:
    """Yield the dependency of a call with the arguments group, name and version."""
    named = _NAMED.search(text.content, match.start(4), match.end(4))
    if named is None:
        return
    name = f"{named[1]}:{named[2]}"
    if valid_name("maven", name):
        place = text.place(*named.span(2))
        yield make_dependency("maven", name, place, match[1], named[3] or "")


def _plugins(text: Text) -> Iterator[Dependency]:
    for match in _PLUGIN.finditer(text.content):
        name = f"{match[1]}:{match[1]}.gradle.plugin"
        if valid_name("maven", name):
            place = text.place(*match.span(1))
            yield make_dependency("maven", name, place, "plugins", match[2])


def _repositories(text: Text) -> Iterator[Dependency]:
    from zt_gate.ecosystems.manifests import hosts

    for match in _REPOSITORY.finditer(text.content):
        url = match[1]
        if not hosts.is_default_registry("maven", hosts.origin(url)):
            place = text.place(*match.span(1))
            yield unnamed_entry("maven", Source("index", url), place, "repositories")
