"""build.gradle and build.gradle.kts: literal coordinates, plugins and repositories.

They are programs: what is computed is said, not guessed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    Text,
    decode_manifest,
    valid_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 1024 * 1024
_COMMENT = re.compile(
    r"'(?:[^'\\\n]++|\\.)*+'|\"(?:[^\"\\\n]++|\\.)*+\"|//[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?"
)
_CONFIGURATION = (
    r"(?:api|implementation|compile|compileOnly|compileOnlyApi|runtime|runtimeOnly|testCompile|testRuntime"
    r"|testImplementation|testCompileOnly|testRuntimeOnly|annotationProcessor|kapt|ksp|classpath"
    r"|androidTestImplementation|debugImplementation|releaseImplementation|provided|developmentOnly"
    r"|[a-z][A-Za-z0-9]{0,40}(?:Implementation|Api|CompileOnly|RuntimeOnly|AnnotationProcessor))"
)
_CALL = re.compile(
    rf"(?:^|[{{;])[ \t]*(?:\"|')?({_CONFIGURATION})(?:\"|')?[ \t]*\(?[ \t]*"
    r"(?:(?:enforcedPlatform|platform|kotlin)[ \t]*\([ \t]*)?"
    r"(?:(['\"])([^'\"\n]{1,300})\2|([^\n]{0,300}))",
    re.MULTILINE,
)
_NAMED = re.compile(
    r"group[ \t]*[:=][ \t]*['\"]([^'\"\n]{1,200})['\"][ \t]*,"
    r"[ \t]*name[ \t]*[:=][ \t]*['\"]([^'\"\n]{1,200})['\"]"
    r"(?:[ \t]*,[ \t]*version[ \t]*[:=][ \t]*['\"]([^'\"\n]{1,100}))?"
)
_PLUGIN = re.compile(
    r"(?:^|[{;])[ \t]*id[ \t]*\(?[ \t]*['\"]([^'\"\n]{1,200})['\"]\)?"
    r"[ \t]*version[ \t]*\(?['\"]([^'\"\n]{1,100})['\"]",
    re.MULTILINE,
)
_REPOSITORY = re.compile(
    r"\b(?:url|uri|maven)[ \t]*[=(]?[ \t]*(?:uri[ \t]*\()?[ \t]*['\"](https?://[^'\"\n]{1,500})['\"]"
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the calls that add a dependency, in their order."""
    content = _COMMENT.sub(_blank, decode_manifest(data, _LIMIT, "build.gradle"))
    text = Text.of(content)
    found: list[Dependency] = []
    for match in _CALL.finditer(content):
        found += _call(text, match)
    for match in _PLUGIN.finditer(content):
        name = f"{match[1]}:{match[1]}.gradle.plugin"
        if valid_name("maven", name):
            found.append(
                Dependency(
                    "maven",
                    name,
                    name,
                    match[2],
                    Source(),
                    *text.place(*match.span(1)),
                    "plugins",
                )
            )
    found += _repositories(text)
    return tuple(found)


def _blank(match: re.Match[str]) -> str:
    word = match[0]
    return word if word[0] in "'\"" else re.sub(r"[^\n]", " ", word)


def _call(text: Text, match: re.Match[str]) -> Iterator[Dependency]:
    section = match[1]
    if match[3] is None:
        named = _NAMED.search(text.content, match.start(4), match.end(4))
        if named is not None and valid_name("maven", f"{named[1]}:{named[2]}"):
            name = f"{named[1]}:{named[2]}"
            yield Dependency(
                "maven",
                name,
                name,
                named[3] or "",
                Source(),
                *text.place(*named.span(2)),
                section,
            )
        return
    parts = match[3].split(":")
    place = text.place(*match.span(3))
    if len(parts) < 2:
        return
    name = ":".join(parts[:2])
    if "$" in name or not valid_name("maven", name):
        told = f"coordinates that are computed (line {place[0]})"
        yield Dependency("maven", "", "", "", Source("computed", told), *place, section)
        return
    version = parts[2].partition("@")[0] if len(parts) > 2 else ""
    yield Dependency("maven", name, name, version, Source(), *place, section)


def _repositories(text: Text) -> Iterator[Dependency]:
    from zt_gate.ecosystems.manifests import hosts

    for match in _REPOSITORY.finditer(text.content):
        if not hosts.is_default_registry("maven", hosts.origin(match[1])):
            yield Dependency(
                "maven",
                "",
                "",
                "",
                Source("index", match[1]),
                *text.place(*match.span(1)),
                "repositories",
            )
