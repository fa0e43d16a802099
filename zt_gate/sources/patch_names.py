"""Reads file names in a patch: C-style quoting, ``a/`` and ``b/`` prefixes, /dev/null."""

from __future__ import annotations

import re

from zt_gate import lazy_re
from zt_gate.git.unsafe_names import is_unsafe_path
from zt_gate.sources.errors import PatchError

_DEV_NULL = b"/dev/null"
_OLD_PREFIXES = frozenset(b"aciow1")
_NEW_PREFIXES = frozenset(b"biwc2o")
_ESCAPE = lazy_re.compile(rb"\\(?:([0-3][0-7]{2})|(.))", re.DOTALL)
_LETTERS = {
    b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v",
    b"\\": b"\\", b'"': b'"',
}  # fmt: skip


def unquote(text: bytes) -> tuple[bytes, bytes]:
    """Read the quoted name at the start of ``text``; return it and the text after it.

    Raises PatchError.
    """
    position = 1
    while True:
        quote = text.find(b'"', position)
        if quote < 0:
            raise PatchError("a quoted file name has no closing quote")
        backslash = text.find(b"\\", position, quote)
        if backslash < 0:
            return _ESCAPE.sub(_unescape, text[1:quote]), text[quote + 1 :]
        position = backslash + 2


def _unescape(match: re.Match[bytes]) -> bytes:
    octal, letter = match.groups()
    if octal is not None:
        return bytes([int(octal, 8)])
    if letter not in _LETTERS:
        raise PatchError("a quoted file name has an unknown escape sequence")
    return _LETTERS[letter]


def parse_name(text: bytes) -> bytes:
    """Return the name of a ``---``, ``+++`` or ``rename`` line, without a time stamp.

    Raises PatchError.
    """
    if text.startswith(b'"'):
        return unquote(text)[0]
    return text.partition(b"\t")[0]


def parse_name_pair(text: bytes) -> tuple[bytes, bytes] | None:
    """Return both names of a ``diff --git`` line, None if they cannot be separated.

    Without quotes they can only if both are equal apart from their prefixes.
    Raises PatchError.
    """
    if text.startswith(b'"'):
        old, rest = unquote(text)
        new = rest[1:]
        if new.startswith(b'"'):
            new, _ = unquote(new)
        return old, new
    if text.endswith(b'"') and b' "' in text:
        old, _, quoted = text.partition(b' "')
        return old, unquote(b'"' + quoted)[0]
    middle = len(text) // 2
    if text[middle : middle + 1] != b" ":
        return None
    old, new = text[:middle], text[middle + 1 :]
    if old == new or (has_prefixes(old, new) and old[2:] == new[2:]):
        return old, new
    return None


def has_prefixes(old: bytes, new: bytes) -> bool:
    """Whether two names have git's prefixes (``a/`` and ``b/``, ``i/`` and ``w/`` …)."""
    if old[:1] == new[:1] or old[1:2] != b"/" or new[1:2] != b"/":
        return False
    return old[0] in _OLD_PREFIXES and new[0] in _NEW_PREFIXES


def _without_prefix(name: bytes, prefixes: frozenset[int]) -> bytes:
    if name[1:2] == b"/" and name[0] in prefixes:
        return name[2:]
    return name


def strip_prefixes(old: bytes, new: bytes) -> tuple[bytes | None, bytes | None]:
    """Return the names of a ``---`` and ``+++`` pair without prefixes, None for /dev/null.

    Raises PatchError if both are /dev/null.
    """
    if old == _DEV_NULL and new == _DEV_NULL:
        raise PatchError("a file exists neither before nor after the change")
    if old == _DEV_NULL:
        return None, _without_prefix(new, _NEW_PREFIXES)
    if new == _DEV_NULL:
        return _without_prefix(old, _OLD_PREFIXES), None
    if has_prefixes(old, new):
        return old[2:], new[2:]
    return old, new


def checked_path(name: bytes) -> bytes:
    """Return ``name`` as a normalized path; raises PatchError if it leaves the folder."""
    # Tools read "./a" and "a//b" as "a" and "a/b"; rules match the latter.
    parts = [part for part in name.split(b"/") if part not in {b"", b"."}]
    if not parts or b".." in parts or name.startswith(b"/") or b"\0" in name:
        raise PatchError("a file name is empty or leads out of the folder")
    path = b"/".join(parts)
    if is_unsafe_path(path):
        raise PatchError("a file name leads into the folder of a repository (.git)")
    return path
