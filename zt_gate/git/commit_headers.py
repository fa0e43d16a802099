"""What stands in a commit beside its message, and is read by people and models all the same."""

from __future__ import annotations

import re

# A name of a few words, and an address.  A sentence or a key is neither.
_PERSON = re.compile(
    rb"(?:[^\s<>]{1,32} ){0,4}<(?:[^\s<>@]{0,40}@[^\s<>@]{0,60}|[^\s<>@]{0,20})>"
)
_DATE = re.compile(rb" -?\d{1,14} [+-]\d{4}")
_USUAL = frozenset((b"tree", b"parent", b"author", b"committer", b"encoding"))
_SIGNATURES = frozenset((b"gpgsig", b"gpgsig-sha256"))
_ARMOUR = re.compile(rb"-----[A-Z ]{1,40}-----|[A-Za-z0-9+/=]{0,80}")


def odd_person(person: bytes) -> bytes:
    r"""Return ``NAME <MAIL>`` as a line where it says more than who somebody is, else b""."""
    return b"" if _PERSON.fullmatch(person) else person + b"\n"


def said_beside(head: bytes) -> bytes:
    """Return the lines of a raw commit's head that say more than they should.

    Odd names of people, headers that git does not write, the messages of
    merged tags, and what stands around a signature.
    """
    said: list[bytes] = []
    key = b""
    for line in head.split(b"\n"):
        if line.startswith(b" "):
            value = line[1:]
        else:
            key, _, value = line.partition(b" ")
        if key in _SIGNATURES:
            odd = b"" if _ARMOUR.fullmatch(value) else value + b"\n"
        elif key in {b"author", b"committer"}:
            date = _DATE.search(value)
            odd = odd_person(value[: date.start()] if date else value)
        else:
            odd = b"" if key in _USUAL and not line.startswith(b" ") else value + b"\n"
        said.append(odd)
    return b"".join(said)
