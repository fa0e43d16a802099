"""Free text in a commit's headers, which readers and models see beside the message."""

from __future__ import annotations

from zt_gate import lazy_re

# A name of a few words and an address: no room for a sentence or a key.
_IDENTITY = lazy_re.compile(
    rb"(?:[^\s<>]{1,32} ){0,4}<(?:[^\s<>@]{0,40}@[^\s<>@]{0,60}|[^\s<>@]{0,20})>"
)
_DATE = lazy_re.compile(rb" -?\d{1,14} [+-]\d{4}")
_STANDARD = frozenset((b"tree", b"parent", b"author", b"committer", b"encoding"))
_ENCODING = lazy_re.compile(rb"[A-Za-z0-9._:-]{0,24}")
_OBJECT_ID = lazy_re.compile(rb"[0-9a-f]{40}|[0-9a-f]{64}")
_SIGNATURES = frozenset((b"gpgsig", b"gpgsig-sha256"))
_ARMOUR = lazy_re.compile(rb"-----[A-Z ]{1,40}-----|[A-Za-z0-9+/=]{0,80}")


def unusual_identity(identity: bytes) -> bytes:
    r"""Return ``NAME <MAIL>`` and ``\n`` if it can hold free text, b"" if it is ordinary."""
    if _IDENTITY.fullmatch(identity):
        return b""
    return identity + b"\n"


def unusual_headers(head: bytes) -> bytes:
    """Return the values in a raw commit's headers that can hold free text.

    These are unusual identities, headers that git does not write, the messages
    of merged tags, and text around a signature.
    """
    values: list[bytes] = []
    key = b""
    for line in head.split(b"\n"):
        is_continuation = line.startswith(b" ")
        if is_continuation:
            value = line[1:]
        else:
            key, _, value = line.partition(b" ")
        values.append(_unusual(key, value, is_continuation=is_continuation))
    return b"".join(values)


def _unusual(key: bytes, value: bytes, *, is_continuation: bool) -> bytes:
    if key in {b"author", b"committer"}:
        date = _DATE.search(value)
        return unusual_identity(value[: date.start()] if date else value)
    if key in _SIGNATURES:
        is_usual = _ARMOUR.fullmatch(value) is not None
    else:
        is_usual = key in _STANDARD and not is_continuation
        pattern = _ENCODING if key == b"encoding" else _OBJECT_ID
        is_usual = is_usual and pattern.fullmatch(value) is not None
    return b"" if is_usual else value + b"\n"
