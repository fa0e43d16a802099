"""Suggests the option or the word that was probably meant."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from zt_gate import lazy_re

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_UNKNOWN = "unrecognized arguments: "
_CHOICE = lazy_re.compile(r"invalid choice: (\S+) \(choose from (.*)\)", re.DOTALL)


def suggestion(parser: argparse.ArgumentParser, message: str) -> str:
    """Return `` (did you mean …?)`` for an error message of argparse, "" without a guess."""
    if message.startswith(_UNKNOWN):
        words = message.removeprefix(_UNKNOWN).split()
        known = sorted(set(option_strings(parser)))
        for word in words:
            if not word.startswith("-"):
                continue
            option = word.partition("=")[0]
            # "--no-colour" and "--no_color": the spelling that people know from elsewhere.
            found = get_close_matches(option.replace("_", "-"), known, 1, 0.7)
            if found:
                return f" (did you mean {found[0]}?)"
        return ""
    choice = _CHOICE.search(message)
    if not choice:
        return ""
    choices = [word.strip(" '\"") for word in choice[2].split(",")]
    found = get_close_matches(choice[1].strip("'\""), choices, 1)
    return f" (did you mean {found[0]}?)" if found else ""


def option_strings(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the long options of a parser and of its subparsers."""
    # argparse has no public list of a parser's actions.
    for action in parser._actions:  # noqa: SLF001
        yield from (name for name in action.option_strings if name.startswith("--"))
        if isinstance(action.choices, dict):
            for inner in action.choices.values():
                yield from option_strings(inner)
