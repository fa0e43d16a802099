"""JSON token by token: every value with its place, and what JSON with comments is.

``json`` says nothing about places and takes the last of two equal keys, where
package managers differ; so a valid document is walked once more by its tokens.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests.base import ManifestError, Text, decoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_DEEPEST = 100
# An unclosed string runs to the end, so that no text is walked twice.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)

# Strings without a bracket are passed over in one step with what follows.
_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[{}\[\]]', re.DOTALL)
_COLON = re.compile(r"\s{0,1000}:")
# Comments run to the end where they are not closed; strings are passed over.
_COMMENT = re.compile(
    r'"(?:[^"\\]++|\\.)*+"?|//[^\n]*|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?|,(?=[\s]{0,200}[}\]])',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that is no container: where it stands, and the place of its key or itself.

    ``value`` is None for what is no text; ``inside`` is the place of the value.
    """

    path: tuple[str, ...]
    value: str | None
    place: tuple[int, int, int]
    inside: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON object: its text, which knows places, and what ``json`` makes of it."""

    text: Text
    content: dict[str, Any]

    def table(self, key: str) -> dict[str, Any]:
        """Return the object under a key, {} where it is missing; raises ManifestError."""
        value = self.content.get(key, {})
        if not isinstance(value, dict):
            raise ManifestError(0, f"{key} is no object")
        return value


def checked(data: bytes, limit: int, what: str) -> Document:
    """Read a JSON object; raises ManifestError for everything else."""
    text = decoded(data, limit, what)
    return Document(Text.of(text), _parsed(text))


def relaxed(data: bytes, limit: int, what: str) -> Document:
    """Read JSON with comments and trailing commas: in the text these are blanks."""
    blanked = _COMMENT.sub(_blank, decoded(data, limit, what))
    # A comma before a comment is a trailing one only now.
    plain = _COMMENT.sub(_blank, blanked)
    return Document(Text.of(plain), _parsed(plain))


def of_leaves(document: Document, read: Callable[[Leaf], Iterable[Any]]) -> tuple[Any, ...]:
    """Return what ``read`` gives for every value, in the order of the text."""
    return tuple(found for leaf in leaves(document.text) for found in read(leaf))


def _blank(match: re.Match[str]) -> str:
    word = match[0]
    return word if word[0] == '"' else re.sub(r"[^\n]", " ", word)


def _parsed(text: str) -> dict[str, Any]:
    """Parse a JSON object of bounded depth; raises ManifestError."""
    depth = 0
    for match in _BRACKET.finditer(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match[0], 0)
        if depth > _DEEPEST:
            raise ManifestError(0, f"nested deeper than {_DEEPEST} levels")
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        line = text.count("\n", 0, error.pos) + 1
        raise ManifestError(line, f"is no JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(0, "is no JSON that a package manager reads") from error
    if not isinstance(document, dict):
        raise ManifestError(1, "is no JSON object")
    return document


def _no_constant(name: str) -> object:
    raise ValueError(name)


def leaves(text: Text) -> Iterator[Leaf]:
    """Walk valid JSON; one pass, so a line is counted on from the one before."""
    stack: list[str | None] = []  # the key of each open container, None for lists
    kinds: list[str] = []
    key: str | None = None
    key_place = (1, 1, 1)
    line, begin, walked = 1, 0, 0
    expects_key = False
    for match in _TOKEN.finditer(text.content):
        word, start = match[0], match.start()
        fresh = text.content.count("\n", walked, start)
        if fresh:
            line += fresh
            begin = text.content.rfind("\n", walked, start) + 1
        walked = start
        place = (line, start - begin + 1, match.end() - begin + 1)
        if word in "{[":
            stack.append(key)
            kinds.append(word)
            key, expects_key = None, word == "{"
        elif word in "}]":
            key = stack.pop()
            kinds.pop()
            expects_key = False
        elif word == ",":
            key, expects_key = None, kinds[-1] == "{"
        elif word == ":":
            expects_key = False
        elif expects_key:
            key, key_place = json.loads(word), place
        else:
            value = json.loads(word) if word[0] == '"' else None
            in_list = kinds[-1] == "["
            names = (*(name or "" for name in stack[1:]), "" if in_list else key or "")
            yield Leaf(names, value, place if in_list else key_place, place)


def keys(text: Text, depth: int) -> list[tuple[tuple[str, ...], tuple[int, int, int]]]:
    """Return the path and place of every key at ``depth`` (1: of the document itself).

    For lock files: walks brackets and strings only, so it is some times faster
    than ``leaves``.
    """
    found: list[tuple[tuple[str, ...], tuple[int, int, int]]] = []
    path: list[str] = []
    level = 0
    content = text.content
    for match in _BRACKET.finditer(content):
        word = match[0]
        if word in "{[":
            level += 1
        elif word in "}]":
            level -= 1
        elif level <= depth and _COLON.match(content, match.end()):
            del path[level - 1 :]
            path += [""] * (level - 1 - len(path))
            path.append(json.loads(word))
            if level == depth:
                found.append((tuple(path), text.place(match.start(), match.end())))
    return found
