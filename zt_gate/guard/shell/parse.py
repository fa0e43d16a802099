"""Starts the parser of mvdan/sh (``shfmt -tojson``) and returns its syntax tree.

The parser is a program of its own and reads hostile text: what would cost it gigabytes is
refused before it starts (nesting, length), and its output, memory and time are limited.
``subprocess`` is not used: importing it costs more than the parser.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from contextlib import suppress
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Bytes of a command.
LONGEST = 64 << 10
#: Brackets, braces and substitutions that are open at one place.
DEEPEST = 64
_KILL = 9
_MAX_OUTPUT = 48 << 20
_MAX_MEMORY = 1 << 30
_SECONDS = 5.0
#: Characters without a meaning in a command; a terminal or a parser may drop them.
_CONTROL = frozenset(chr(code) for code in (*range(9), 11, 12, *range(14, 32), 127))


class ShellSyntaxError(Exception):
    """A command cannot be read; the text says why."""


def syntax_tree(text: str, dialect: str = "bash") -> dict[str, Any]:
    """Return the tree of a command, the JSON form of mvdan/sh's ``syntax.File``.

    ``dialect`` is bash, posix, mksh or zsh.  Raises ShellSyntaxError.
    """
    source = _checked(text)
    output = _run(source, dialect)
    try:
        tree = json.loads(output)
    except (ValueError, RecursionError) as error:
        raise ShellSyntaxError("the parser's answer cannot be read") from error
    if not isinstance(tree, dict):
        raise ShellSyntaxError("the parser's answer is no tree")
    return tree


def _checked(text: str) -> bytes:
    try:
        source = text.encode()
    except UnicodeEncodeError as error:
        raise ShellSyntaxError("it has characters that are not Unicode") from error
    if len(source) > LONGEST:
        raise ShellSyntaxError(f"it is longer than {LONGEST >> 10} KB")
    if not _CONTROL.isdisjoint(text):
        raise ShellSyntaxError("it has control characters")
    if "\r" in text:
        raise ShellSyntaxError(
            "it has a carriage return, which shells read differently"
        )
    if _depth(text) > DEEPEST:
        raise ShellSyntaxError(f"it is nested more than {DEEPEST} levels deep")
    return source


def _depth(text: str) -> int:
    """Return an upper bound of the nesting: quotes are not considered."""
    depth = deepest = 0
    for char in text:
        if char in "({":
            depth += 1
            deepest = max(deepest, depth)
        elif char in ")}":
            depth = max(0, depth - 1)
    return max(deepest, text.count("\\`"))


@cache
def _program() -> str:
    path = os.path.join(os.path.dirname(sys.executable), "shfmt")
    if os.access(path, os.X_OK):
        return path
    import sysconfig

    path = os.path.join(sysconfig.get_path("scripts"), "shfmt")
    if os.access(path, os.X_OK):
        return path
    raise ShellSyntaxError(
        "the shell parser (package shfmt-py) is not installed beside zt-gate"
    )


def _run(source: bytes, dialect: str) -> bytes:
    program = _program()
    source_read, source_write = os.pipe()
    output_read, output_write = os.pipe()
    words = [program, "-tojson", "-ln", dialect]
    try:
        number = os.posix_spawn(
            program,
            words,
            {"PATH": os.defpath, "GOMAXPROCS": "1", "GOMEMLIMIT": "512MiB"},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, source_read, 0),
                (os.POSIX_SPAWN_DUP2, output_write, 1),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
        )
    except OSError as error:
        for handle in (source_write, output_read):
            os.close(handle)
        raise ShellSyntaxError(
            f"the shell parser does not start: {error.strerror}"
        ) from error
    finally:
        os.close(source_read)
        os.close(output_write)
    _limit_memory(number)
    try:
        _write(source_write, source)
        output = _read(output_read)
    except BaseException:
        with suppress(OSError):
            os.kill(number, _KILL)
        os.waitpid(number, 0)
        raise
    finally:
        os.close(output_read)
    _, status = os.waitpid(number, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise ShellSyntaxError("it is not valid shell syntax")
    return output


def _limit_memory(number: int) -> None:
    if sys.platform == "linux":
        import resource

        with suppress(OSError):
            resource.prlimit(number, resource.RLIMIT_AS, (_MAX_MEMORY * 4,) * 2)
            resource.prlimit(number, resource.RLIMIT_CPU, (10, 10))


def _write(handle: int, source: bytes) -> None:
    """Write all and close; the parser reads to the end before it writes."""
    try:
        with suppress(BrokenPipeError):
            unwritten = source
            while unwritten:
                unwritten = unwritten[os.write(handle, unwritten) :]
    finally:
        os.close(handle)


def _read(handle: int) -> bytes:
    deadline = time.monotonic() + _SECONDS
    parts: list[bytes] = []
    size = 0
    while True:
        ready, _, _ = select.select([handle], [], [], deadline - time.monotonic())
        if not ready or time.monotonic() > deadline:
            raise ShellSyntaxError("the shell parser did not end in time")
        part = os.read(handle, 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
        if size > _MAX_OUTPUT:
            raise ShellSyntaxError("its syntax tree is too large")
