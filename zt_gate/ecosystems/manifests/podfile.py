"""Podfile and podspecs: the libraries of CocoaPods."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import references
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    Text,
    decode_manifest,
    unnamed_entry,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 1024 * 1024
_POD = lazy_re.compile(
    r"^[ \t]*(?:pod|\w{1,20}\.(?:\w{1,20}\.)?dependency)[ \t]*\(?[ \t]*"
    r"['\"]([^'\"\n]{1,200})['\"]([^\n]{0,500})",
    re.MULTILINE,
)
_VERSION = lazy_re.compile(r"\A[ \t]*,[ \t]*['\"]([^'\"\n]{1,100})['\"]")
_OPTION = lazy_re.compile(
    r":?(git|path|podspec|branch|tag|commit)[ \t]*(?:=>|:)[ \t]*['\"]([^'\"\n]{1,300})['\"]"
)
_SOURCE = lazy_re.compile(
    r"^[ \t]*source[ \t]*\(?['\"]([^'\"\n]{1,300})['\"]", re.MULTILINE
)
_OWN_HOSTS = ("github.com/cocoapods/specs", "cdn.cocoapods.org")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read every pod, and other sources of pods."""
    text = Text.of(decode_manifest(data, _LIMIT, "Podfile"))
    dependencies: list[Dependency] = []
    for match in _POD.finditer(text.content):
        dependencies += _pod(text, match)
    is_podfile = path.lower().endswith(b"podfile")
    for match in _SOURCE.finditer(text.content) if is_podfile else ():
        if not any(host in match[1].lower() for host in _OWN_HOSTS):
            place = text.place(*match.span(1))
            source = Source("index", match[1])
            dependencies.append(unnamed_entry("cocoapods", source, place, "source"))
    return tuple(dependencies)


def _pod(text: Text, match: re.Match[str]) -> Iterator[Dependency]:
    options = {option[1]: option[2] for option in _OPTION.finditer(match[2])}
    place = text.place(*match.span(1))
    name = match[1].partition("/")[0]  # a part of a library belongs to it
    if "path" in options:
        return
    if "git" in options:
        ref = options.get("commit") or options.get("tag") or options.get("branch", "")
        entry = references.repository(options["git"], place, "pod", ref)
        if entry is not None:
            yield entry
        return
    version = _VERSION.match(match[2])
    constraint = version[1] if version else ""
    yield references.reference("cocoapods", name, place, "pod", constraint)
