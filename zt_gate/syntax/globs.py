"""Globs for paths, as in ``.gitignore``.

The matcher is greedy and backtracks only to the last star (Cox, "Glob Matching Can Be
Simple And Fast Too"), for the segments of a path and again inside a segment: no
pattern takes exponential time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Bytes of one pattern.
MAX_PATTERN = 1024

_P = TypeVar("_P")
_T = TypeVar("_T")

#: The bytes that one position of a segment may have, or None for a ``*``.
_Token = frozenset[int] | None
_ANY_BYTE = frozenset(range(256))
_STARS = b"**"


class GlobError(ValueError):
    """A pattern is not valid; the text says why."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """One part of a pattern between slashes.

    ``tokens`` is None for ``**``; ``literal`` is set for a part without wildcards.
    """

    tokens: tuple[_Token, ...] | None
    literal: bytes | None = None

    def matches(self, name: bytes) -> bool:
        """Return whether the segment matches all of ``name``."""
        if self.literal is not None:
            return name == self.literal
        return _matches(self.tokens or (), name, lambda token: token is None, _accepts)


@dataclass(frozen=True, slots=True)
class Glob:
    """A compiled path pattern; see ``compile_glob``."""

    segments: tuple[_Segment, ...]

    def matches(self, path: bytes | None) -> bool:
        """Return whether the pattern matches ``path`` (relative to the root) or a folder above.

        None is the change as a whole, which only ``*`` and ``**`` match.
        """
        if path is None:
            return all(
                segment.tokens is None or segment == _STAR for segment in self.segments
            )
        names = path.split(b"/")
        return _matches(
            self.segments,
            names,
            lambda segment: segment.tokens is None,
            _Segment.matches,
        )


def compile_glob(pattern: str | bytes) -> Glob:
    r"""Compile a single pattern of gitignore(5).

    ``*`` and ``?`` do not match a slash, ``**`` as a whole segment does;
    ``[a-z]`` and ``[!a-z]`` are sets of bytes, ``\`` escapes the next character.
    A slash at the start or in the middle anchors the pattern at the root; a slash
    at the end makes it match the content of a folder only.  A pattern that matches
    a folder matches everything in it.  Raises GlobError.
    """
    if isinstance(pattern, str):
        pattern = pattern.encode("utf-8", "surrogateescape")
    if not pattern.strip(b"/"):
        raise GlobError("the glob is empty")
    if pattern.startswith(b"!"):
        raise GlobError("a glob that begins with '!' is not supported")
    if len(pattern) > MAX_PATTERN:
        raise GlobError(f"the glob is longer than {MAX_PATTERN} bytes")
    if b"\x00" in pattern or b"\n" in pattern:
        raise GlobError("the glob contains a NUL or a line feed")
    is_folder = pattern.endswith(b"/")
    body = pattern[:-1] if is_folder else pattern
    parts = body.removeprefix(b"/").split(b"/")
    if any(part in {b"", b".", b".."} for part in parts):
        raise GlobError("the glob has an empty, '.' or '..' segment")
    if b"/" not in body:
        parts.insert(0, _STARS)
    # "folder/" and "folder/**" match the folder's content, other patterns also itself.
    suffix = [b"*", _STARS] if is_folder else [_STARS]
    if parts[-1] == _STARS and is_folder:
        parts.append(b"*")
    elif parts[-1] == _STARS and len(parts) > 1:
        parts.pop()
        suffix = [b"*", _STARS]
    return Glob(tuple(_segment(part) for part in (*parts, *suffix)))


def _segment(part: bytes) -> _Segment:
    if part == _STARS:
        return _Segment(None)
    if not any(mark in part for mark in (b"*", b"?", b"[", b"\\")):
        return _Segment((), part)
    tokens: list[_Token] = []
    at = 0
    while at < len(part):
        char = part[at : at + 1]
        at += 1
        if char == b"*":
            if not tokens or tokens[-1] is not None:
                tokens.append(None)
        elif char == b"?":
            tokens.append(_ANY_BYTE)
        elif char == b"[":
            members, at = _set(part, at)
            tokens.append(members)
        else:
            if char == b"\\":
                if at == len(part):
                    raise GlobError("the glob ends in a backslash")
                char = part[at : at + 1]
                at += 1
            tokens.append(frozenset(char))
    return _Segment(tuple(tokens))


def _set(part: bytes, at: int) -> tuple[frozenset[int], int]:
    """Read a set after its ``[``; a leading ``]`` is a member of it.

    Return its bytes and the position after its closing bracket.
    """
    negated = part[at : at + 1] in {b"!", b"^"}
    at += negated
    members: set[int] = set()
    first = True
    while at < len(part):
        if part[at : at + 1] == b"]" and not first:
            accepted = _ANY_BYTE - members if negated else frozenset(members)
            return accepted, at + 1
        low, at = _member(part, at)
        first = False
        if part[at : at + 1] == b"-" and part[at + 1 : at + 2] not in {b"", b"]"}:
            high, at = _member(part, at + 1)
            members.update(range(low, high + 1))
        else:
            members.add(low)
    raise GlobError("the glob has a '[' without its ']' (write \\[ for the character)")


def _member(part: bytes, at: int) -> tuple[int, int]:
    if part[at : at + 1] == b"\\":
        at += 1
    if at >= len(part):
        raise GlobError("the glob ends in a backslash")
    if part[at : at + 2] == b"[:":
        raise GlobError("character classes such as [:alpha:] are not supported")
    return part[at], at + 1


def fits_segment(glob: str, text: str) -> bool:
    """Return whether a glob matches a whole text, both without slashes; raises GlobError."""
    return _segment(glob.encode()).matches(text.encode())


def _accepts(token: _Token, byte: int) -> bool:
    return token is not None and byte in token


def _matches(
    pattern: Sequence[_P],
    text: Sequence[_T],
    is_star: Callable[[_P], bool],
    accepts: Callable[[_P, _T], bool],
) -> bool:
    """Match a pattern greedily; on a mismatch extend only the last star.

    Takes at most ``len(pattern) * len(text)`` steps.
    """
    in_pattern = in_text = 0
    last_star, star_end = -1, 0
    while in_text < len(text):
        has_item = in_pattern < len(pattern)
        if has_item and is_star(pattern[in_pattern]):
            last_star, star_end = in_pattern, in_text
            in_pattern += 1
        elif has_item and accepts(pattern[in_pattern], text[in_text]):
            in_pattern += 1
            in_text += 1
        elif last_star >= 0:
            star_end += 1
            in_pattern, in_text = last_star + 1, star_end
        else:
            return False
    return all(is_star(item) for item in pattern[in_pattern:])


_STAR = _segment(b"*")
