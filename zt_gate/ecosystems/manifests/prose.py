"""Markdown and reStructuredText: install commands in code blocks.

People and agents copy and run these lines.  Only code blocks are read, because a
package name in a sentence is not a command.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import Dependency, Text
from zt_gate.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    #: The language of a code block, and the offsets of its content.
    Block = tuple[str, int, int]

_LIMIT = 2 * 1024 * 1024
_FENCE = lazy_re.compile(
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
_DIRECTIVE = lazy_re.compile(
    r"(?P<blank>[ \t]{0,40})\.\. (?:code-block|code|sourcecode|prompt|parsed-literal)::"
    r"[ \t]*(?P<info>\S{0,30})"
)
_MAGIC = lazy_re.compile(r"[ \t]*(?:>>> )?[!%]{1,2}(?=(?:pip|uv|conda|npm|python)\b)")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the code blocks of one file; a file over 2 MB gives nothing."""
    if len(data) > _LIMIT:
        return ()
    text = Text.of(data.decode("utf-8-sig", "replace"))
    has_suffix = b"." in path.rpartition(b"/")[2]
    is_rst = path.lower().endswith((b".rst", b".txt")) or not has_suffix
    blocks = _rst_blocks(text) if is_rst else _fenced_blocks(text)
    dependencies: list[Dependency] = []
    for language, start, end in blocks:
        dependencies += _block(text, language, start, end)
    return tuple(dependencies)


def _block(text: Text, language: str, start: int, end: int) -> Iterator[Dependency]:
    if language in _SHELLS:
        yield from commands.in_text(text, start, end, prose=True)
    elif language in _NOTEBOOK:
        yield from _magics(text, start, end)
    elif language in _DOCKER:
        from zt_gate.ecosystems.manifests import dockerfile

        body = text.content[start:end].encode("utf-8", "replace")
        yield from _moved(dockerfile.read(b"", body), text, start)
    elif language in _JSON and '"command"' in text.content[start:end]:
        yield from _mcp(text, start, end)


def _magics(text: Text, start: int, end: int) -> Iterator[Dependency]:
    """Yield what lines such as ``!pip install`` in a block of Python install."""
    offset = start
    for line in text.content[start:end].split("\n"):
        magic = _MAGIC.match(line)
        if magic is not None:
            yield from commands.in_text(
                text, offset + magic.end(), offset + len(line), prose=True
            )
        offset += len(line) + 1


def _mcp(text: Text, start: int, end: int) -> Iterator[Dependency]:
    """Yield the packages of an MCP configuration, which may lack its outer braces."""
    from zt_gate.ecosystems.manifests import mcp
    from zt_gate.ecosystems.manifests.base import ManifestError
    from zt_gate.ecosystems.manifests.command_arguments import is_real_name

    body = text.content[start:end]
    for candidate in (body, "{" + body + "}"):
        try:
            dependencies = mcp.read(b"mcp.json", candidate.encode("utf-8", "replace"))
        except ManifestError:
            continue
        real = [entry for entry in dependencies if is_real_name(entry.name)]
        yield from _moved(real, text, start)
        return


def _moved(
    dependencies: Iterable[Dependency], text: Text, start: int
) -> Iterator[Dependency]:
    """Yield the dependencies of a block at their lines in the whole file."""
    lines_before = text.line(start) - 1
    for dependency in dependencies:
        yield replace(dependency, line=dependency.line + lines_before)


def _fenced_blocks(text: Text) -> Iterator[Block]:
    opening_mark = ""
    language, begin = "", 0
    offset = 0
    for line in text.content.split("\n"):
        line_start = offset
        offset += len(line) + 1
        fence = _FENCE.match(line)
        if fence is None:
            continue
        mark, info = fence["mark"], fence["info"].strip()
        if not opening_mark:
            opening_mark, begin = mark, offset
            language = _language(info)
            continue
        is_long_enough = len(mark) >= len(opening_mark)
        if mark[0] == opening_mark[0] and is_long_enough and not info:
            yield language, begin, line_start
            opening_mark = ""
    if opening_mark:
        yield language, begin, len(text.content)


def _language(info: str) -> str:
    """Return the language in a fence's info string."""
    first_word = re.split(r"[\s{,:]", info.lstrip("{.").lower(), maxsplit=1)[0]
    return first_word.rstrip("}")


def _rst_blocks(text: Text) -> Iterator[Block]:
    """Yield the literal blocks of reStructuredText: those of directives and after ``::``."""
    language: str | None = None
    indent, begin, end = 0, -1, 0
    offset = 0
    for line in text.content.split("\n"):
        line_start = offset
        offset += len(line) + 1
        depth = len(line) - len(line.lstrip())
        if language is not None and line.strip():
            if depth > indent:
                is_option = line.lstrip().startswith(":")
                if begin < 0 and not is_option:
                    begin = line_start
                end = offset
                continue
            if begin >= 0:
                yield language, begin, min(end, len(text.content))
            language, begin = None, -1
        if language is not None:
            continue
        directive = _DIRECTIVE.match(line)
        if directive is not None:
            language, indent = directive["info"].lower(), depth
        elif line.rstrip().endswith("::") and not line.lstrip().startswith(".."):
            language, indent = "", depth
    if language is not None and begin >= 0:
        yield language, begin, min(end, len(text.content))
