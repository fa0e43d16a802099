"""Paths, commands and addresses in the arguments of a tool that only its server knows.

What a tool does with an argument is not known; so a text counts as each of what it may be.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

#: Arguments whose text is a command, or the words of one; a part of the key is enough.
_COMMAND_KEYS = ("command", "cmd", "script", "shell", "bash", "exec", "argv")
_WORD_KEYS = ("args", "arguments", "argv", "parameters", "words", "options")
#: Arguments that may be a command, or code that starts one.
_TEXT_KEYS = ("input", "text", "code", "run", "statement", "stdin", "keys", "query")
_PROGRAMS = (
    "git ",
    "zt-gate ",
    "rm ",
    "chmod ",
    "cat ",
    "curl ",
    "bash ",
    "sh ",
    "sudo ",
)
_MOST_TEXTS = 4000
_MOST_COMMANDS = 40
_LONGEST_PATH = 4096
_LONGEST_TEXT = 20_000
_SCHEMES = ("http://", "https://")
_METADATA = ("169.254.169.254", "metadata.google.internal", "fd00:ec2::254")
_ENDS = " \t\n\"'<>)"


def texts(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the texts in arguments, each with its key; keys themselves are texts as well.

    A tool may take a table of files by their paths.  Raises RecursionError where it is
    nested too deeply, and ValueError for too many texts: the caller denies.
    """
    for count, item in enumerate(_all_texts(value, "")):
        if count >= _MOST_TEXTS:
            raise ValueError("the tool has too many arguments")
        yield item


def _all_texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if value:
            yield key, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield "", str(name)
            yield from _all_texts(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _all_texts(item, key)


def commands(value: Any, given: Sequence[tuple[str, str]]) -> list[str]:
    """Return the texts that a shell may run: by their keys, and words that are given apart."""
    found = []
    for key, text in given:
        lowered = key.lower()
        if any(name in lowered for name in _COMMAND_KEYS):
            found.append(text)
        elif any(name in lowered for name in _TEXT_KEYS):
            found += _in_text(text)
    found += _words(value)
    return list(dict.fromkeys(found))[:_MOST_COMMANDS]


def _in_text(text: str) -> list[str]:
    if len(text) > _LONGEST_TEXT:
        return []
    if text.startswith(_PROGRAMS):
        return [text]
    from zt_gate.guard.commands.code_text import started

    return started(text)


def _words(value: Any) -> Iterator[str]:
    """Yield commands whose words are a list, or a program and a list."""
    import shlex

    if isinstance(value, list):
        for item in value:
            yield from _words(item)
    if not isinstance(value, dict):
        return
    program = next(
        (
            item
            for key, item in value.items()
            if isinstance(item, str)
            and any(name in key.lower() for name in _COMMAND_KEYS)
        ),
        "",
    )
    for key, item in value.items():
        words = (
            [word for word in item if isinstance(word, str)]
            if isinstance(item, list)
            else []
        )
        lowered = key.lower()
        is_named = any(name in lowered for name in (*_COMMAND_KEYS, *_WORD_KEYS))
        if words and is_named:
            yield shlex.join(words)
            if program:
                yield f"{program} {shlex.join(words)}"
        elif (
            program and isinstance(item, str) and any(n in lowered for n in _WORD_KEYS)
        ):
            yield f"{program} {item}"
        else:
            yield from _words(item)


def addresses(text: str) -> list[str]:
    """Return the addresses in a text, in any letter case, and those of clouds' metadata."""
    lowered = text.lower()
    found: list[str] = []
    for scheme in _SCHEMES:
        place = lowered.find(scheme)
        while place >= 0 and len(found) < _MOST_COMMANDS:
            end = min(
                (at for at in (text.find(mark, place) for mark in _ENDS) if at >= 0),
                default=len(text),
            )
            found.append(scheme + text[place + len(scheme) : end])
            place = lowered.find(scheme, end)
    if any(lowered.startswith(host) for host in _METADATA):
        found.append(f"http://{text.strip()}")
    return found


def paths(text: str) -> list[str]:
    """Return the paths that a text may be, as the file system has them."""
    text = text.strip()
    if "\n" in text or ("://" in text and not text.lower().startswith("file:")):
        return []
    if text.lower().startswith("file:"):
        from urllib.parse import unquote

        text = unquote(text[len("file:") :])
        if text.startswith("//"):
            text = "/" + text[2:].partition("/")[2]
    plain = text.replace("\\", "/")
    if not plain.startswith("file:") and len(plain) > _LONGEST_PATH:
        plain = os.path.normpath(plain)
    is_path = plain.startswith(("/", "~", "./", "../")) or "/" in plain
    if not (is_path or plain.startswith(".")) or len(plain) > _LONGEST_PATH:
        return []
    return [plain]
