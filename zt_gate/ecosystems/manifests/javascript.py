"""JavaScript and TypeScript: imports, requires, and calls that install packages.

Comments are blanked first, strings are kept.  A computed ``import()`` names no
package, so it is skipped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    valid_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Place

_LIMIT = 2 * 1024 * 1024
_COMMENT = lazy_re.compile(
    r"'(?:[^'\\\n]++|\\.)*+'|\"(?:[^\"\\\n]++|\\.)*+\"|`(?:[^`\\]++|\\.)*+`"
    r"|(?<![:\w\\])//[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?",
    re.DOTALL,
)
_IMPORT = lazy_re.compile(
    r"(?:^|[;}\n])[ \t]*(?:import|export)\b(?P<type>[ \t]+type\b(?![ \t]*,|[ \t]+from))?"
    r"(?:[\s\w$*{},]{0,2000}?[\s}*]from)?[ \t\n]*(?P<q>['\"])(?P<name>[^'\"\n]{1,300})(?P=q)"
    r"|\b(?:require(?:\.resolve)?|import)[ \t]*\([ \t\n]*"
    r"(?P<q2>['\"`])(?P<call>[^'\"`\n$]{1,300})(?P=q2)[ \t\n]*[,)]"
)
_RUN = lazy_re.compile(
    r"\b(?:exec|execSync|execa|execaCommand|spawn|spawnSync|execFile|execFileSync|\$)"
    r"[ \t]*(?:\([ \t\n]*)?"
    r"(?P<q>['\"`])(?P<text>[^'\"`\n]{1,500})(?P=q)(?P<rest>[ \t\n]*,[ \t\n]*\[[^\]]{0,1000}\])?"
)
_ITEM = lazy_re.compile(r"(['\"`])([^'\"`\n]{0,300})\1")
_BUILTINS = frozenset(
    ("assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants",
     "crypto", "dgram", "diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2",
     "https", "inspector", "module", "net", "os", "path", "perf_hooks", "process", "punycode",
     "querystring", "readline", "repl", "stream", "string_decoder", "sys", "timers", "tls",
     "trace_events", "tty", "url", "util", "v8", "vm", "wasi", "worker_threads", "zlib", "test",
     "sqlite", "sea", "bun", "electron")
)  # fmt: skip
# Prefixes of schemes, paths, bundler aliases and private imports.
_NOT_BARE = (".", "/", "@/", "~", "#", "$", "\0", "virtual:", "!", "%")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the imports of one module, and the packages that its commands install."""
    if len(data) > _LIMIT:
        reason = "larger than 2 MB: imports were not scanned"
        raise ManifestError(0, reason, "not_applicable")
    text = Text.of(_COMMENT.sub(_blank, data.decode("utf-8", "replace")))
    dependencies: list[Dependency] = []
    for match in _IMPORT.finditer(text.content):
        is_type_only = bool(match["type"])
        if is_type_only:
            continue
        group = "name" if match["name"] else "call"
        dependencies += specifier(match[group], text.place(*match.span(group)))
    for match in _RUN.finditer(text.content):
        dependencies += _run(text, match)
    return tuple(dependencies)


def _blank(match: re.Match[str]) -> str:
    """Return a string as it is, a comment as blanks."""
    token = match[0]
    return token if token[0] in "'\"`" else re.sub(r"[^\n]", " ", token)


def specifier(value: str, place: Place) -> Iterator[Dependency]:
    """Yield the package that a module specifier imports, if it imports one."""
    if value.startswith(("npm:", "http://", "https://")):
        from zt_gate.ecosystems.manifests import deno

        try:
            yield from deno.specifier(value, place, "command import")
        except ManifestError:
            return
        return
    if value.startswith(_NOT_BARE) or ":" in value or "?" in value or "!" in value:
        return
    parts = value.split("/")
    is_scoped = value.startswith("@")
    if is_scoped and len(parts) < 2:
        return
    name = "/".join(parts[:2]) if is_scoped else parts[0]
    if name in _BUILTINS or not valid_name("npm", name):
        return
    yield Dependency("npm", name, "", "", Source("import", value), *place, "import")


def _run(text: Text, match: re.Match[str]) -> list[Dependency]:
    """Return what a call that runs a program installs."""
    place = text.place(*match.span("text"))
    if not match["rest"]:
        return commands.in_string(match["text"], place)
    words: list[str | None] = [match["text"]]
    for item in _ITEM.finditer(match["rest"]):
        is_computed = "${" in item[2]
        words.append(None if is_computed else item[2])
    return commands.in_words(words, place)
