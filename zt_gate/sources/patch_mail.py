"""Reads the mail around a patch, as ``git format-patch`` writes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.git.commit_headers import unusual_identity
from zt_gate.model.change import Commit
from zt_gate.sources.patch_hunks import refuse_encoded

if TYPE_CHECKING:
    from zt_gate.sources.patch_hunks import Cursor

_START = lazy_re.compile(rb"From ([0-9a-f]{40}|[0-9a-f]{64}) ")
_HEADER = lazy_re.compile(rb"([A-Za-z][A-Za-z0-9-]{0,60}):[ \t]?(.*)", re.DOTALL)
_FIRST_HEADERS = (
    b"From: ",
    b"Subject: ",
    b"Date: ",
    b"Message-I",
    b"Return-Path: ",
    b"Received: ",
)
_TAG = lazy_re.compile(r"\s*\[[^\]]{0,200}\]\s*")
_PERSON = lazy_re.compile(r"\s*\"?([^<\"]*)\"?\s*<([^>]*)>")
_SIGNATURE = lazy_re.compile(rb"\n-- ?\n\d{1,4}\.[0-9A-Za-z. ()-]{1,60}\n*\Z")
_TRAILER = lazy_re.compile(r"([A-Za-z0-9-]{1,100}):[ \t]+(\S.*)")


class FreeText:
    """Collects the text of a patch outside of sections and mails."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._passages: list[bytes] = []

    @property
    def text(self) -> bytes:
        """All passages that have ended, b"" if there are none."""
        if not self._passages:
            return b""
        return b"\n\n".join(self._passages) + b"\n"

    def add(self, line: bytes) -> None:
        """Add the next line."""
        self._lines.append(line)

    def end(self) -> None:
        """End a passage; a mail's signature and blank lines do not count as one."""
        passage = b"\n".join(self._lines).strip()
        self._lines.clear()
        if passage and not _SIGNATURE.fullmatch(b"\n" + passage):
            self._passages.append(passage)


def at_mail(cursor: Cursor) -> bool:
    """Whether a mail begins at the cursor."""
    line = cursor.peek()
    if _START.match(line):
        return True
    return cursor.number == 1 and line.startswith(_FIRST_HEADERS)


def read_mail(cursor: Cursor) -> Commit:
    """Read a mail's headers and message, up to its patch; raises PatchError."""
    match = _START.match(cursor.peek())
    oid = ""
    if match:
        oid = match[1].decode()
        cursor.take()
    headers = _headers(cursor)
    body = _body(cursor)
    author = _decoded(headers.get("from", b""))
    in_body = _HEADER.fullmatch(body[0])
    if in_body and in_body[1] == b"From":
        # The author, if another person sent the mail.
        author = _decoded(in_body[2])
        body = body[1:]
    subject = _without_tags(_decoded(headers.get("subject", b"")))
    text = b"\n".join(body).strip(b"\n")
    message = _encoded(subject) + b"\n\n" + text
    name, email = _identity(author)
    free_text = unusual_identity(b"%s <%s>" % (name, email))
    return Commit(
        oid=oid,
        author_name=name,
        author_email=email,
        committer_name=name,
        committer_email=email,
        message=message.rstrip() + b"\n" + free_text,
        trailers=_trailers(message),
    )


def _body(cursor: Cursor) -> list[bytes]:
    """Read the lines before the patch, without the mail's signature; never empty."""
    lines: list[bytes] = []
    while not cursor.ended and not _patch_begins(cursor.peek()):
        refuse_encoded(cursor)  # the header of an attachment
        lines.append(cursor.take().removesuffix(b"\r"))
    text = _SIGNATURE.sub(b"", b"\n".join(lines))
    return text.strip(b"\n").split(b"\n")


def _without_tags(subject: str) -> str:
    """Return a subject without leading tags such as ``[PATCH]``."""
    while tag := _TAG.match(subject):
        subject = subject[tag.end() :]
    return subject


def _identity(author: str) -> tuple[bytes, bytes]:
    """Return the name and the address of a From header."""
    match = _PERSON.match(author)
    name, email = match.groups() if match else (author, "")
    return _encoded(name.strip()), _encoded(email.strip())


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _headers(cursor: Cursor) -> dict[str, bytes]:
    headers: dict[str, list[bytes]] = {}
    name = ""
    while not cursor.ended and cursor.peek().strip():
        line = cursor.peek().removesuffix(b"\r")
        match = _HEADER.fullmatch(line)
        if line[:1] in {b" ", b"\t"} and name:
            headers[name].append(line.strip())
        elif match and not line.startswith(b"diff "):
            name = match[1].decode().lower()
            headers[name] = [match[2]]
        else:
            break
        refuse_encoded(cursor)
        cursor.take()
    return {name: b" ".join(lines) for name, lines in headers.items()}


def _patch_begins(line: bytes) -> bool:
    """Whether ``git am`` ends the message at this line."""
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
    trailers = []
    for line in paragraphs[-1].split("\n"):
        match = _TRAILER.fullmatch(line)
        if match is None:
            return ()
        trailers.append((match[1], match[2].strip()))
    return tuple(trailers)
