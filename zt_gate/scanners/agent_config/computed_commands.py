"""Finds commands of hooks that are computed when they run, so that no scanner knows them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.model.change import ContentUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.change import FileChange
    from zt_gate.syntax.shell_tree import Script, ShellWord

_SHELLS = frozenset(("sh", "bash", "zsh", "dash", "ksh"))
#: A variable or substitution that alone decides what runs; a path behind it does not.
_COMPUTED = re.compile(r"\$(?:\{?\w+[^/]*\}?|\(\))\Z")
#: Variables that git, shells and hook managers set, and the arguments of a hook.
_KNOWN = re.compile(r"\$\{?(?:SHELL|EDITOR|VISUAL|PAGER|PYTHON\d?|[@*#?$!0-9-])")
_ENTRY = re.compile(r"(?m)^\s*-?\s*(?:entry|run|command|cmd)\s*:\s*[\"']?([^\n]+)$")
_SHOWN = 80


def first(file: FileChange) -> str:
    """Return the first computed command of a hook's new content, "" without one.

    A variable that the text assigns a literal value is not computed.
    """
    from zt_gate.syntax import shell_tree
    from zt_gate.syntax.text import decode_lossy

    if not any(b"$" in line.data or b"`" in line.data for line in file.added_lines()):
        return ""
    try:
        data = file.new.read() if file.new is not None else b""
    except ContentUnavailableError:
        return ""
    text = decode_lossy(data)
    if file.path.lower().endswith((b".yml", b".yaml", b".toml", b".json", b".jsonc")):
        text = "\n".join(match.rstrip("\"',") for match in _ENTRY.findall(text))
    elif data.startswith(b"#!") and b"sh" not in data.split(b"\n", 1)[0]:
        return ""
    assigned = set(
        re.findall(r"(?m)(?:^|[\s;])(\w+)=[\"']?[\w./-]+[\"']?(?=\s|;|$)", text)
    )
    assigned.update(re.findall(r"\bfor\s+(\w+)\s+in\b", text))
    for word in _run_words(shell_tree.parse(text)):
        name = re.fullmatch(r"\$\{?(\w+)\}?", word.text)
        is_known = name is not None and name[1] in assigned
        if (
            not is_known
            and _COMPUTED.fullmatch(word.text)
            and not _KNOWN.match(word.text)
        ):
            return ascii(word.text[:_SHOWN])
    return ""


def _run_words(script: Script) -> Iterator[ShellWord]:
    """Yield the words that decide what a command runs."""
    for pipeline in script.pipelines:
        for command in pipeline:
            if command.body is not None:
                yield from _run_words(command.body)
            words = command.words
            if not words:
                continue
            program = words[0].text.rpartition("/")[2]
            if words[0].dynamic and "=" not in words[0].text:
                yield words[0]
            elif program == "eval":
                yield from words[1:2]
            elif program in _SHELLS and len(words) > 2 and words[1].text == "-c":
                yield words[2]
