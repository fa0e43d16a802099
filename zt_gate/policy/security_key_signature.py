"""Reads an SSH signature by a security key (OpenSSH's PROTOCOL.sshsig and PROTOCOL.u2f).

``ssh-keygen -Y verify`` checks the mathematics.  It accepts every kind of key, and a
signature by a security key that nobody touched, so these two are checked here.
"""

from __future__ import annotations

import base64
import binascii

from zt_gate.record import dataclass

#: Key types whose secret stays in a security key.
_TYPES = (b"sk-ssh-ed25519@openssh.com", b"sk-ecdsa-sha2-nistp256@openssh.com")
_MAGIC = b"SSHSIG"
_BEGIN = "-----BEGIN SSH SIGNATURE-----"
_END = "-----END SSH SIGNATURE-----"
_USER_PRESENT = 0x01
#: Bytes of a signature at most; a real one has about 300.
_MAX_BYTES = 4096


class SignatureFormatError(ValueError):
    """A signature does not count; the text says why."""


@dataclass(frozen=True, slots=True)
class SecurityKeySignature:
    """The parts that the gate checks, and the whole as it was read."""

    blob: bytes
    key_type: str
    namespace: str
    touched: bool

    def armored(self) -> str:
        """Return the form that ``ssh-keygen`` reads, made of what was checked here."""
        text = base64.b64encode(self.blob).decode("ascii")
        lines = [text[at : at + 70] for at in range(0, len(text), 70)]
        return "\n".join((_BEGIN, *lines, _END, ""))


def parse_armored(text: str) -> SecurityKeySignature:
    """Read what ``ssh-keygen -Y sign`` prints; raises SignatureFormatError."""
    lines = text.strip().splitlines()
    if len(lines) < 3 or (lines[0], lines[-1]) != (_BEGIN, _END):
        raise SignatureFormatError("the signature is not an SSH signature")
    return parse_base64("".join(lines[1:-1]))


def parse_base64(text: str) -> SecurityKeySignature:
    """Read a signature by a security key, in base64; raises SignatureFormatError."""
    try:
        blob = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise SignatureFormatError("the signature is not valid base64") from error
    return parse(blob)


def parse(blob: bytes) -> SecurityKeySignature:
    """Read a signature by a security key; raises SignatureFormatError."""
    if len(blob) > _MAX_BYTES or not blob.startswith(_MAGIC):
        raise SignatureFormatError("the signature is not an SSH signature")
    reader = _Reader(blob[len(_MAGIC) :])
    if reader.number() != 1:
        raise SignatureFormatError("the signature has another version")
    public_key = _Reader(reader.string())
    namespace = reader.string()
    reader.string()  # reserved
    reader.string()  # the hash algorithm
    signature = _Reader(reader.string())
    reader.end()
    key_type = public_key.string()
    if key_type not in _TYPES:
        name = ascii(key_type[:40].decode("latin-1"))
        raise SignatureFormatError(
            f"the key is not one of a security key (its type is {name})"
        )
    if key_type == _TYPES[1]:
        public_key.string()  # the curve
    public_key.string()  # the public key
    application = public_key.string()
    public_key.end()
    if not application.startswith(b"ssh:"):
        raise SignatureFormatError("the key was made for another application")
    if signature.string() != key_type:
        raise SignatureFormatError("the signature's type is not its key's")
    signature.string()  # the signature itself
    flags = signature.byte()
    signature.number()  # the security key's counter
    signature.end()
    return SecurityKeySignature(
        blob,
        key_type.decode("ascii"),
        namespace.decode("latin-1"),
        bool(flags & _USER_PRESENT),
    )


class _Reader:
    """Reads SSH's binary format; every method raises SignatureFormatError."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise SignatureFormatError("the signature is truncated")
        self._at += count
        return taken

    def byte(self) -> int:
        return self._take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def string(self) -> bytes:
        return self._take(self.number())

    def end(self) -> None:
        if self._at != len(self._data):
            raise SignatureFormatError("the signature has further data at its end")
