"""Formats made of lines: INI and its kin, git attributes, the head of a Markdown file."""

from __future__ import annotations

import re
from typing import Any

from zt_gate.scanners.agent_config.documents import Document, Path, UnreadableError

_SECTION = re.compile(r"\s*\[\s*([^\]\"\s]{1,200})(?:\s+\"((?:[^\"\\]|\\.){0,400})\")?\s*\]\s*(.*)")
_COLON = re.compile(r"\s*([A-Za-z][\w.-]{0,80})\s*:\s+(.*)")
_LONGEST = 64 * 1024


def read_ini(text: str) -> Document:
    """Read sections, keys and values of .npmrc, pip.conf, .pypirc and git's files.

    Section and subsection are two keys, or none for .npmrc; a value that a
    backslash or an indented line continues is one value; a key that stands
    twice has a list.  Raises UnreadableError for a NUL or an absurdly long line.
    """
    root: dict[str, Any] = {}
    lines: dict[Path, int] = {}
    section: tuple[str, ...] = ()
    last: Path = ()
    for number, whole in _joined(text):
        line, bare = whole, whole.strip()
        if not bare or bare[0] in "#;":
            continue
        header = _SECTION.match(line)
        if header:
            section = tuple(part for part in (header[1].lower(), header[2]) if part)
            lines.setdefault(section, number)
            last = ()
            line, bare = header[3], header[3].strip()  # git takes a setting behind the bracket
            if not bare:
                continue
        key, mark, value = _entry(line)
        if last and line[:1] in " \t" and (not mark or "://" in key):
            key, value = str(last[-1]), bare
        last = (*section, key)
        table = _table(root, section)
        known = table.get(key)
        value = value.strip().strip("\"'")
        table[key] = f"{known} {value}" if isinstance(known, str) and known else value
        lines.setdefault(last, number)
    return Document(root, lines, text)


def _entry(line: str) -> tuple[str, str, str]:
    """Split a setting: pip's files take a colon, too; npm's and git's only the equals sign."""
    colon = _COLON.match(line)
    if colon:
        return colon[1], ":", colon[2]
    key, mark, value = line.partition("=")
    return key.strip()[:300], mark, value


def _table(root: dict[str, Any], path: Path) -> dict[str, Any]:
    for part in path:
        inner = root.get(str(part))
        if not isinstance(inner, dict):
            inner = root[str(part)] = {}
        root = inner
    return root


def _joined(text: str) -> list[tuple[int, str]]:
    """Return logical lines with the number of their first: a backslash at the end continues."""
    if "\x00" in text:
        raise UnreadableError("holds a NUL byte")
    joined: list[tuple[int, str]] = []
    held, start = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        start = start or number
        if line.endswith("\\") and not line.endswith("\\\\"):
            held += line[:-1]
            continue
        joined.append((start, held + line))
        if len(held) + len(line) > _LONGEST:
            raise UnreadableError(f"line {start}: longer than 64 KB")
        held, start = "", 0
    return [*joined, (start, held)] if held else joined


def read_attributes(text: str) -> Document:
    """Read ``.gitattributes``: a table from pattern to attributes (True, False or a text)."""
    root: dict[str, Any] = {}
    lines: dict[Path, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = re.match(r'\s*("(?:[^"\\]|\\.)*"|\S+)\s*(.*)', line)
        if match is None:
            continue
        table = root.setdefault(match[1].strip('"'), {})
        for word in match[2].split():
            name, mark, value = word.partition("=")
            off = name[:1] in "-!"
            name = name[1:] if off else name
            table[name] = value if mark else not off
            lines[match[1].strip('"'), name] = number
    return Document(root, lines, text)


def read_front_matter(text: str) -> Document:
    """Read the YAML between the first two ``---`` lines of a Markdown file; {} without one.

    A head that is not YAML is read line by line: agents' own readers do not
    refuse ``tools: Read, Bash(git:*)`` or a colon in a description.
    """
    match = re.match(r"\ufeff?---[ \t]*\r?\n((?:.*\n)*?)---[ \t]*(?:\r?\n|\Z)", text)
    if match is None:
        return Document({}, {}, text)
    from zt_gate.scanners.agent_config import yaml_text

    try:
        head = yaml_text.read("\n" + match[1])
    except UnreadableError:
        return Document(*_plain_head(match[1]), text)
    return Document(head.root if isinstance(head.root, dict) else {}, head.lines, text)


def _plain_head(head: str) -> tuple[dict[str, Any], dict[Path, int]]:
    root: dict[str, Any] = {}
    lines: dict[Path, int] = {}
    for number, line in enumerate(head.split("\n"), 2):
        key, mark, value = line.partition(":")
        if mark and re.fullmatch(r"[A-Za-z][\w-]{0,60}", key):
            root[key] = value.strip()
            lines[(key,)] = number
    return root, lines
