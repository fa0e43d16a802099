"""Reads the command lines of JetBrains' file watchers, external tools and run configurations.

Their XML has program and arguments in two options, in either order, and quotes as entities.
"""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.syntax.text import decode_lossy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.model.change import Line

_LINE_BYTES = 16_000
_OPTION = lazy_re.compile(
    r"<option\s+name=\"(program|COMMAND|arguments|PARAMETERS|SCRIPT_TEXT)\""
    r"\s+value=\"([^\"]{0,8000})\""
)
_PROGRAMS = frozenset(("program", "COMMAND"))


def command_lines(lines: Sequence[Line]) -> Iterator[tuple[int, bytes]]:
    """Yield each line without entities, and each program with its arguments.

    The number is that of the line with the second half.
    """
    program = arguments = ""
    for line in lines:
        text = decode_lossy(line.data[:_LINE_BYTES])
        yield line.number, unescape(text).encode("utf-8", "surrogateescape")
        for name, escaped in _OPTION.findall(text):
            value = unescape(escaped)
            if name == "SCRIPT_TEXT":
                continue
            if name in _PROGRAMS:
                program = value
            else:
                arguments = value
            if program and arguments:
                command = f"{program} {arguments}"
                yield line.number, command.encode("utf-8", "surrogateescape")
                program = arguments = ""
