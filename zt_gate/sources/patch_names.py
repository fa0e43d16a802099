"""File names in a patch: quoted as C does it, with prefixes, beside /dev/null."""

from __future__ import annotations

import re

from zt_gate.git.unsafe_names import is_unsafe_path
from zt_gate.sources.errors import PatchError

_NOTHING = b"/dev/null"
_OLD = frozenset(b"aciow1")
_NEW = frozenset(b"biwc2o")
_ESCAPE = re.compile(rb"\\(?:([0-3][0-7]{2})|(.))", re.DOTALL)
_LETTERS = {
    b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v",
    b"\\": b"\\", b'"': b'"',
}  # fmt: skip


def unquote(text: bytes) -> tuple[bytes, bytes]:
    """Read a quoted name at the beginning of ``text``; return it and what follows.

    Raises PatchError.
    """
    at = 1
    while True:
        quote = text.find(b'"', at)
        if quote < 0:
            raise PatchError("a quoted file name has no end")
        slash = text.find(b"\\", at, quote)
        if slash < 0:
            return _ESCAPE.sub(_unescape, text[1:quote]), text[quote + 1 :]
        at = slash + 2


def _unescape(match: re.Match[bytes]) -> bytes:
    octal, letter = match.groups()
    if octal is not None:
        return bytes([int(octal, 8)])
    if letter not in _LETTERS:
        raise PatchError("a quoted file name holds an unknown escape")
    return _LETTERS[letter]


def single(text: bytes) -> bytes:
    """Return the name on a ``---``, ``+++`` or ``rename`` line, a time stamp cut off."""
    return unquote(text)[0] if text.startswith(b'"') else text.partition(b"\t")[0]


def pair(text: bytes) -> tuple[bytes, bytes] | None:
    """Return both names of a ``diff --git`` line, None where they cannot be told apart.

    Without quotes they can where both are the same but for their prefixes.
    """
    if text.startswith(b'"'):
        old, rest = unquote(text)
        new = rest[1:]
        return old, unquote(new)[0] if new.startswith(b'"') else new
    if text.endswith(b'"') and b' "' in text:
        old, _, rest = text.partition(b' "')
        return old, unquote(b'"' + rest)[0]
    middle = len(text) // 2
    old, new = text[:middle], text[middle + 1 :]
    same = old == new or (prefixed(old, new) and old[2:] == new[2:])
    return (old, new) if same and text[middle : middle + 1] == b" " else None


def prefixed(old: bytes, new: bytes) -> bool:
    """Whether two names carry git's prefixes (``a/`` and ``b/``, ``i/`` and ``w/`` …)."""
    first = old[:1] != new[:1] and old[1:2] == b"/" == new[1:2]
    return first and old[0] in _OLD and new[0] in _NEW


def stripped(old: bytes, new: bytes) -> tuple[bytes | None, bytes | None]:
    """Return the names of a ``---`` and ``+++`` pair without prefixes, None for /dev/null."""
    if old == _NOTHING and new == _NOTHING:
        raise PatchError("a file is neither there before nor after")
    if old == _NOTHING:
        return None, new[2:] if new[1:2] == b"/" and new[0] in _NEW else new
    if new == _NOTHING:
        return old[2:] if old[1:2] == b"/" and old[0] in _OLD else old, None
    if prefixed(old, new):
        return old[2:], new[2:]
    return old, new


def check(name: bytes) -> bytes:
    """Return ``name`` in its plainest spelling if it stays inside a folder; raises PatchError."""
    # Tools take "./a" and "a//b" for what rules know as "a" and "a/b".
    plain = b"/".join(part for part in name.split(b"/") if part not in {b"", b"."})
    if (
        not plain
        or b"\0" in name
        or name.startswith(b"/")
        or b".." in plain.split(b"/")
    ):
        raise PatchError("a file name leads out of the folder, or is empty")
    if is_unsafe_path(plain):
        raise PatchError("a file name leads into the folder of a repository (.git)")
    return plain
