"""Markdown and reStructuredText: commands in code blocks, and nowhere else.

People and agents copy these lines.  A name in a sentence is no command; so
only blocks whose language is a shell's, or that have none, are read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import Dependency, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 2 * 1024 * 1024
_FENCE = re.compile(
    r"(?P<blank>[ \t>]{0,40}(?:(?:[-*+]|\d{1,3}[.)])[ \t]{1,4})?)"
    r"(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^\n`]{0,200})"
)
_SHELLS = frozenset(
    ("", "sh", "bash", "shell", "zsh", "console", "shell-session", "shellsession", "terminal",
     "fish", "powershell", "ps1", "pwsh", "cmd", "bat", "batch", "doscon", "dos", "text", "txt",
     "plaintext", "none", "sh-session", "ksh", "make", "makefile", "command", "commandline", "npm",
     "yarn", "pip")
)  # fmt: skip
_DOCKER = frozenset(("dockerfile", "docker", "containerfile"))
_NOTEBOOK = frozenset(("python", "py", "ipython", "python3", "pycon", "jupyter"))
_JSON = frozenset(("json", "jsonc", "json5"))
_DIRECTIVE = re.compile(
    r"(?P<blank>[ \t]{0,40})\.\. (?:code-block|code|sourcecode|prompt|parsed-literal)::"
    r"[ \t]*(?P<info>\S{0,30})"
)
_MAGIC = re.compile(r"[ \t]*(?:>>> )?[!%]{1,2}(?=(?:pip|uv|conda|npm|python)\b)")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the code blocks of one file."""
    if len(data) > _LIMIT:
        return ()
    text = Text.of(data.decode("utf-8-sig", "replace"))
    is_rst = (
        path.lower().endswith((b".rst", b".txt"))
        or b"." not in path.rpartition(b"/")[2]
    )
    blocks = _directives(text) if is_rst else _fences(text)
    found: list[Dependency] = []
    for language, start, end in blocks:
        found += _block(text, language, start, end)
    return tuple(found)


def _block(text: Text, language: str, start: int, end: int) -> Iterator[Dependency]:
    if language in _SHELLS:
        yield from commands.in_text(text, start, end, prose=True)
    elif language in _NOTEBOOK:
        at = start
        for line in text.content[start:end].split("\n"):
            magic = _MAGIC.match(line)
            if magic is not None:
                yield from commands.in_text(
                    text, at + magic.end(), at + len(line), prose=True
                )
            at += len(line) + 1
    elif language in _DOCKER:
        from zt_gate.ecosystems.manifests import dockerfile

        yield from _moved(
            dockerfile.read(b"", text.content[start:end].encode("utf-8", "replace")),
            text,
            start,
        )
    elif language in _JSON and '"command"' in text.content[start:end]:
        yield from _mcp(text, start, end)


def _mcp(text: Text, start: int, end: int) -> Iterator[Dependency]:
    from zt_gate.ecosystems.manifests import mcp
    from zt_gate.ecosystems.manifests.base import ManifestError

    body = text.content[start:end]
    for written in (body, "{" + body + "}"):
        try:
            found = mcp.read(b"mcp.json", written.encode("utf-8", "replace"))
        except ManifestError:
            continue
        yield from _moved(
            tuple(one for one in found if commands.is_real_name(one.name)), text, start
        )
        return


def _moved(
    found: tuple[Dependency, ...], text: Text, start: int
) -> Iterator[Dependency]:
    import dataclasses

    before = text.place(start, start)[0] - 1
    for one in found:
        yield dataclasses.replace(one, line=one.line + before)


def _fences(text: Text) -> Iterator[tuple[str, int, int]]:
    opened = ""
    language, begin = "", 0
    offset = 0
    for line in text.content.split("\n"):
        start, offset = offset, offset + len(line) + 1
        fence = _FENCE.match(line)
        if fence is None:
            continue
        mark, info = fence["mark"], fence["info"].strip()
        if not opened:
            opened, begin = mark, offset
            language = re.split(r"[\s{,:]", info.lstrip("{.").lower(), maxsplit=1)[
                0
            ].rstrip("}")
        elif mark[0] == opened[0] and len(mark) >= len(opened) and not info:
            yield language, begin, start
            opened = ""
    if opened:
        yield language, begin, len(text.content)


def _directives(text: Text) -> Iterator[tuple[str, int, int]]:
    """Yield the literal blocks of reStructuredText: a directive's, or what follows ``::``."""
    language: str | None = None
    indent, begin, last = 0, -1, 0
    offset = 0
    for line in text.content.split("\n"):
        start, offset = offset, offset + len(line) + 1
        depth = len(line) - len(line.lstrip())
        if language is not None and line.strip():
            if depth > indent:
                if begin < 0 and not line.lstrip().startswith(":"):
                    begin = start
                last = offset
                continue
            if begin >= 0:
                yield language, begin, min(last, len(text.content))
            language, begin = None, -1
        if language is not None:
            continue
        directive = _DIRECTIVE.match(line)
        if directive is not None:
            language, indent = directive["info"].lower(), depth
        elif line.rstrip().endswith("::") and not line.lstrip().startswith(".."):
            language, indent = "", depth
    if language is not None and begin >= 0:
        yield language, begin, min(last, len(text.content))
