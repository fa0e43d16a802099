"""A security key in software: it signs as OpenSSH's PROTOCOL.u2f and PROTOCOL.sshsig say."""

from __future__ import annotations

import base64
import hashlib
import struct
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ED25519 = b"sk-ssh-ed25519@openssh.com"
ECDSA = b"sk-ecdsa-sha2-nistp256@openssh.com"
NAMESPACE = b"zt-gate-approval"
PRESENT, VERIFIED = 1, 4


def string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _number(value: int) -> bytes:
    return string(value.to_bytes(value.bit_length() // 8 + 1, "big"))


@dataclass
class SecurityKey:
    """One key; ``sign`` can leave out what a real one, or an honest caller, puts in."""

    kind: bytes = ED25519
    application: bytes = b"ssh:"
    _ed25519: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    _ecdsa: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def public(self) -> bytes:
        """The public key as in a signature."""
        if self.kind == ECDSA:
            point = self._ecdsa.public_key().public_bytes(
                Encoding.X962, PublicFormat.UncompressedPoint
            )
            key = string(b"nistp256") + string(point)
        else:
            key = string(self._ed25519.public_key().public_bytes_raw())
        return string(self.kind) + key + string(self.application)

    def signers_line(self, principal: str = "ada", options: str = "") -> str:
        """Return a line of an allowed signers file."""
        key = f"{self.kind.decode()} {base64.b64encode(self.public).decode()}"
        return " ".join(filter(None, (principal, options, key))) + "\n"

    def sign(
        self,
        message: bytes,
        *,
        flags: int = PRESENT,
        claimed_flags: int | None = None,
        namespace: bytes = NAMESPACE,
        suffix: bytes = b"",
    ) -> bytes:
        """Return the blob of a signature; ``claimed_flags`` are not the signed ones."""
        digest = hashlib.sha512(message).digest()
        signed = b"SSHSIG" + b"".join(map(string, (namespace, b"", b"sha512", digest)))
        told = hashlib.sha256(self.application).digest() + bytes([flags])
        told += struct.pack(">I", 7) + hashlib.sha256(signed).digest()
        if self.kind == ECDSA:
            pair = decode_dss_signature(
                self._ecdsa.sign(told, ec.ECDSA(hashes.SHA256()))
            )
            signature = b"".join(map(_number, pair))
        else:
            signature = self._ed25519.sign(told)
        shown = flags if claimed_flags is None else claimed_flags
        whole = (
            string(self.kind)
            + string(signature)
            + bytes([shown])
            + struct.pack(">I", 7)
        )
        parts = (self.public, namespace, b"", b"sha512", whole)
        head = b"SSHSIG" + struct.pack(">I", 1)
        return head + b"".join(map(string, parts)) + suffix

    def proof(self, message: bytes, **options: object) -> str:
        """Return a signature as an approval's record holds it."""
        blob = self.sign(message, **options)  # type: ignore[arg-type]
        return "ssh-sk:" + base64.b64encode(blob).decode()


def file_key_signature(message: bytes, namespace: bytes = NAMESPACE) -> tuple[str, str]:
    """Return the signers' line and the proof of an ordinary key, whose secret is a file."""
    key = Ed25519PrivateKey.generate()
    kind = b"ssh-ed25519"
    public = string(kind) + string(key.public_key().public_bytes_raw())
    digest = hashlib.sha512(message).digest()
    signed = b"SSHSIG" + b"".join(map(string, (namespace, b"", b"sha512", digest)))
    whole = string(kind) + string(key.sign(signed))
    parts = (public, namespace, b"", b"sha512", whole)
    blob = b"SSHSIG" + struct.pack(">I", 1) + b"".join(map(string, parts))
    line = f"ada {kind.decode()} {base64.b64encode(public).decode()}\n"
    return line, "ssh-sk:" + base64.b64encode(blob).decode()
