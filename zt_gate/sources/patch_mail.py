"""The mail around a patch, as ``git format-patch`` writes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.git.commit_headers import unusual_identity
from zt_gate.model.change import Commit
from zt_gate.sources.patch_hunks import refuse_encoded

if TYPE_CHECKING:
    from zt_gate.sources.patch_hunks import Cursor

_START = re.compile(rb"From ([0-9a-f]{40}|[0-9a-f]{64}) ")
_HEADER = re.compile(rb"([A-Za-z][A-Za-z0-9-]{0,60}):[ \t]?(.*)", re.DOTALL)
_FIRST = (
    b"From: ",
    b"Subject: ",
    b"Date: ",
    b"Message-I",
    b"Return-Path: ",
    b"Received: ",
)
_TAG = re.compile(r"\s*\[[^\]]{0,200}\]\s*")
_PERSON = re.compile(r"\s*\"?([^<\"]*)\"?\s*<([^>]*)>")
_SIGNATURE = re.compile(rb"\n-- ?\n\d{1,4}\.[0-9A-Za-z. ()-]{1,60}\n*\Z")
_TRAILER = re.compile(r"([A-Za-z0-9-]{1,100}):[ \t]+(\S.*)")


class Prose:
    """The text of a patch that belongs to no section and no mail's message."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._parts: list[bytes] = []

    @property
    def found(self) -> bytes:
        """All passages that have ended, b"" where there are none."""
        return b"\n\n".join(self._parts) + b"\n" if self._parts else b""

    def add(self, line: bytes) -> None:
        """Add the next line."""
        self._lines.append(line)

    def end(self) -> None:
        """End a passage; the signature of a mail and blank lines are none."""
        passage = b"\n".join(self._lines).strip()
        self._lines.clear()
        if passage and not _SIGNATURE.fullmatch(b"\n" + passage):
            self._parts.append(passage)


def at_mail(cursor: Cursor) -> bool:
    """Whether a mail begins at the cursor."""
    line = cursor.peek()
    if _START.match(line):
        return True
    return cursor.number == 1 and line.startswith(_FIRST)


def read_mail(cursor: Cursor) -> Commit:
    """Take a mail's headers and message; the cursor stands before its patch."""
    match = _START.match(cursor.peek())
    oid = match[1].decode() if match else ""
    if match:
        cursor.take()
    headers = _headers(cursor)
    body: list[bytes] = []
    while not cursor.ended and not _patch_begins(cursor.peek()):
        refuse_encoded(cursor)  # a part of an attachment
        body.append(cursor.take().removesuffix(b"\r"))
    author = _decoded(headers.get("from", b""))
    body = _SIGNATURE.sub(b"", b"\n".join(body)).strip(b"\n").split(b"\n")
    own = _HEADER.fullmatch(body[0])
    if own and own[1] == b"From":
        # The real author, where the mail was sent by somebody else.
        author, body = _decoded(own[2]), body[1:]
    subject = _decoded(headers.get("subject", b""))
    while tag := _TAG.match(subject):
        subject = subject[tag.end() :]
    message = (
        subject.encode("utf-8", "surrogateescape")
        + b"\n\n"
        + b"\n".join(body).strip(b"\n")
    )
    person = _PERSON.match(author)
    name, email = person.groups() if person else (author, "")
    who = name.strip().encode("utf-8", "surrogateescape")
    mail = email.strip().encode("utf-8", "surrogateescape")
    text = message.rstrip() + b"\n" + unusual_identity(b"%s <%s>" % (who, mail))
    return Commit(oid, who, mail, who, mail, text, _trailers(message))


def _headers(cursor: Cursor) -> dict[str, bytes]:
    headers: dict[str, list[bytes]] = {}
    last = ""
    while not cursor.ended and cursor.peek().strip():
        line = cursor.peek().removesuffix(b"\r")
        match = _HEADER.fullmatch(line)
        if line[:1] in {b" ", b"\t"} and last:
            headers[last].append(line.strip())
        elif match and not line.startswith(b"diff "):
            last = match[1].decode().lower()
            headers[last] = [match[2]]
        else:
            break
        refuse_encoded(cursor)
        cursor.take()
    return {name: b" ".join(parts) for name, parts in headers.items()}


def _patch_begins(line: bytes) -> bool:
    """Whether the message ends here: where ``git am`` would end it."""
    if line.startswith((b"diff -", b"Index: ", b"--- ")) or _START.match(line):
        return True
    return line.rstrip() == b"---"


def _decoded(value: bytes) -> str:
    text = value.decode("utf-8", "surrogateescape")
    if "=?" not in text:
        return text.strip()
    from email.errors import HeaderParseError
    from email.header import decode_header, make_header

    try:
        return str(make_header(decode_header(text))).strip()
    except (HeaderParseError, LookupError, ValueError):
        return text.strip()


def _trailers(message: bytes) -> tuple[tuple[str, str], ...]:
    paragraphs = message.decode("utf-8", "surrogateescape").strip().split("\n\n")
    if len(paragraphs) < 2:
        return ()
    found = [_TRAILER.fullmatch(line) for line in paragraphs[-1].split("\n")]
    if not all(found):
        return ()
    return tuple((match[1], match[2].strip()) for match in found if match)
