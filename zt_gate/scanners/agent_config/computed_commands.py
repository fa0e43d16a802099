"""Finds commands of hooks that are computed when they run, so that no scanner knows them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.change import ContentUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.change import FileChange
    from zt_gate.syntax.shell_tree import Script, ShellWord

_SHELLS = frozenset(("sh", "bash", "zsh", "dash", "ksh"))
#: A variable or substitution that alone decides what runs; a path behind it does not.
_COMPUTED = lazy_re.compile(r"\$(?:\{?\w+[^/]*\}?|\(\))\Z")
#: Variables that git, shells and hook managers set, and the arguments of a hook.
_KNOWN = lazy_re.compile(r"\$\{?(?:SHELL|EDITOR|VISUAL|PAGER|PYTHON\d?|[@*#?$!0-9-])")
_ENTRY = lazy_re.compile(
    r"(?m)^\s*-?\s*(?:entry|run|command|cmd)\s*:\s*[\"']?([^\n]+)$"
)
_SHOWN = 80
_OWN_VARIABLES = frozenset(("MAKE", "SHELL", "CC", "CXX", "0"))
# Alone, with quotes and blanks around it: an argument behind a known program is none.
_ALONE = (
    rb"[\"'@+-]{0,3}[ \t]{0,4}"
    rb"(?P<command>\$(?:\{\{[^}\n]{1,200}\}\}|\{\w+\}|\(\w+\)|\w+))"
    rb"[ \t\"',\]]{0,8}\r?\Z"
)
#: What runs the command, names of the files, and a line that is a computed command.
_KINDS = tuple(
    (kind, lazy_re.compile(names), lazy_re.compile(pattern + _ALONE))
    for kind, names, pattern in (
        (
            "the entry",
            rb"\.pre-commit-(?:config|hooks)\.ya?ml",
            rb"[ \t-]{0,40}entry:[ \t]{0,8}",
        ),
        (
            "the step",
            rb".*\.ya?ml",
            rb"[ \t-]{0,40}(?:run|script|command|cmd):[ \t]{0,8}(?:\[[ \t]{0,4})?",
        ),
        (
            "the recipe",
            rb"(?:gnu|bsd)?makefile(?:\..+)?|.*\.(?:mk|mak)",
            rb"\t[ \t]{0,8}",
        ),
        (
            "the image",
            rb"(?:docker|container)file(?:\..+)?|.*\.dockerfile",
            rb"(?i:[ \t]{0,8}(?:cmd|entrypoint|run))[ \t]{1,8}(?:\[[ \t]{0,4})?",
        ),
        (
            "the script",
            rb".*\.(?:json|ya?ml|sh|bash)|(?:gnu)?makefile|dockerfile",
            (
                rb"[^\n]{0,200}?\b(?:npm|pnpm|yarn|bun)(?:[ \t]{1,4}-\S{1,40}){0,3}"
                rb"[ \t]{1,4}(?:run|run-script|exec)[ \t]{1,4}"
            ),
        ),
    )
)


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


def of_kind(file: FileChange) -> tuple[str, str]:
    """Return what runs a computed command and the command, for files besides hooks.

    They are workflows, Makefiles, Dockerfiles, the scripts of package.json and the entries
    of pre-commit in any folder.  Both are "" without one.
    """
    lines = [line.data for line in file.added_lines() if b"$" in line.data]
    if not lines:
        return "", ""
    name = file.path.rpartition(b"/")[2].lower()
    for kind, names, pattern in _KINDS:
        if names.fullmatch(name) is None:
            continue
        for line in lines:
            match = pattern.match(line)
            if match is None:
                continue
            command = match["command"].decode("utf-8", "replace")
            if not _is_known(file, command):
                return kind, ascii(command[:_SHOWN])
    return "", ""


def _is_known(file: FileChange, command: str) -> bool:
    """Whether the file itself gives the variable a literal value, or the program does."""
    from zt_gate.syntax.text import decode_lossy

    word = re.search(r"(?:(matrix|env|inputs|vars)\.)?([\w-]+)[^\w]*\Z", command)
    if word is None or word[2] in _OWN_VARIABLES or _KNOWN.match(command):
        return word is not None
    if word[1] in {"vars", "inputs"}:
        return False
    try:
        text = decode_lossy(file.new.read()) if file.new is not None else ""
    except ContentUnavailableError:
        return False
    assigned = re.search(
        rf"(?m)(?:^|[\s;\"]){re.escape(word[2])}[ \t]*(?:\??:?=|:|[ ])[ \t]*[\"'\[]?[\w./-]",
        text,
    )
    return assigned is not None or (word[1] == "matrix" and "fromJSON" not in text)


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
