"""Globs for paths, as in ``.gitignore``.

The matcher is the greedy one with a single point of return (as in git's own
history and in Cox, "Glob Matching Can Be Simple And Fast Too"), applied to
path segments and again inside a segment: no pattern takes exponential time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Bytes of one pattern.
MAX_PATTERN = 1024

_P = TypeVar("_P")
_T = TypeVar("_T")

#: One byte of a segment: what it may be, or None for a ``*``.
_Token = frozenset[int] | None
_ANY_BYTE = frozenset(range(256))
_STARS = b"**"


class GlobError(ValueError):
    """A pattern is not one; the text says why."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """One part of a pattern between slashes; ``tokens`` is None for ``**``.

    ``literal`` is set where there is no wildcard in it.
    """

    tokens: tuple[_Token, ...] | None
    literal: bytes | None = None

    def matches(self, name: bytes) -> bool:
        """Say whether the whole of ``name`` fits."""
        if self.literal is not None:
            return name == self.literal
        return _greedy(self.tokens or (), name, lambda token: token is None, _has)


@dataclass(frozen=True, slots=True)
class Glob:
    """A compiled path pattern; see ``compile_glob``."""

    segments: tuple[_Segment, ...]

    def matches(self, path: bytes | None) -> bool:
        """Say whether ``path`` (relative to the root, with ``/``) fits, or a folder above it.

        None stands for the change as a whole, which only ``*`` and ``**`` cover.
        """
        if path is None:
            return all(
                segment.tokens is None or segment == _STAR for segment in self.segments
            )
        names = path.split(b"/")
        return _greedy(
            self.segments,
            names,
            lambda segment: segment.tokens is None,
            _Segment.matches,
        )


def compile_glob(pattern: str | bytes) -> Glob:
    r"""Compile a pattern with the rules of gitignore(5), one pattern at a time.

    ``*`` and ``?`` stop at a slash, ``**`` as a whole segment does not;
    ``[a-z]`` and ``[!a-z]`` are sets of bytes, ``\`` takes the next character
    as it is.  A slash at the start or in the middle binds the pattern to the
    root; one at the end makes it mean what is inside a folder.  A pattern that
    fits a folder fits everything below it.  Raises GlobError.
    """
    raw = (
        pattern.encode("utf-8", "surrogateescape")
        if isinstance(pattern, str)
        else pattern
    )
    if not raw.strip(b"/"):
        raise GlobError("the glob is empty")
    if raw.startswith(b"!"):
        raise GlobError("a glob that begins with '!' is not supported")
    if len(raw) > MAX_PATTERN:
        raise GlobError(f"the glob is longer than {MAX_PATTERN} bytes")
    if b"\x00" in raw or b"\n" in raw:
        raise GlobError("the glob holds a control character")
    inside = raw.endswith(b"/")
    body = raw[:-1] if inside else raw
    parts = body.removeprefix(b"/").split(b"/")
    if any(part in {b"", b".", b".."} for part in parts):
        raise GlobError("the glob has an empty, '.' or '..' segment")
    if b"/" not in body:
        parts.insert(0, _STARS)
    # "folder/" and "folder/**" mean what is inside; anything else also itself.
    inner = [b"*", _STARS] if inside else [_STARS]
    if parts[-1] == _STARS and inside:
        parts.append(b"*")
    elif parts[-1] == _STARS and len(parts) > 1:
        parts.pop()
        inner = [b"*", _STARS]
    return Glob(tuple(_segment(part) for part in (*parts, *inner)))


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
    """Read a set from behind its ``[``; a ``]`` that comes first belongs to it."""
    negated = part[at : at + 1] in {b"!", b"^"}
    at += negated
    members: set[int] = set()
    first = True
    while at < len(part):
        if part[at : at + 1] == b"]" and not first:
            return (_ANY_BYTE - members if negated else frozenset(members)), at + 1
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
    """Say whether a glob without slashes fits a whole text without slashes; raises GlobError."""
    return _segment(glob.encode()).matches(text.encode())


def _has(token: _Token, byte: int) -> bool:
    return token is not None and byte in token


def _greedy(
    pattern: Sequence[_P],
    text: Sequence[_T],
    is_star: Callable[[_P], bool],
    fits: Callable[[_P, _T], bool],
) -> bool:
    """Match with one point of return: only the last star seen ever gives way.

    Takes at most ``len(pattern) * len(text)`` steps.
    """
    at = here = 0
    star, resume = -1, 0
    while here < len(text):
        if at < len(pattern) and is_star(pattern[at]):
            star, resume = at, here
            at += 1
        elif at < len(pattern) and fits(pattern[at], text[here]):
            at += 1
            here += 1
        elif star >= 0:
            resume += 1
            at, here = star + 1, resume
        else:
            return False
    return all(is_star(item) for item in pattern[at:])


_STAR = _segment(b"*")
