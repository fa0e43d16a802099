"""Trusted certificates of requests, and files of them for other programs."""

from __future__ import annotations

import os
import ssl
import threading
from typing import TYPE_CHECKING

from zt_gate.ecosystems.registries.package_index import (
    CaFile,
    CertificateFileError,
    Index,
)
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

#: Variables whose certificates count for every request, as in most clients.
_VARIABLES = (
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
)
_MAX_BYTES = 16 * 1024 * 1024


def of_environment(environ: Mapping[str, str]) -> tuple[CaFile, ...]:
    """Return the files that the environment names for every request."""
    return tuple(
        CaFile(environ[name], name) for name in _VARIABLES if environ.get(name)
    )


def bundle(files: Iterable[CaFile], folder: Path) -> str:
    """Write the certificates into one file for another program; return its path.

    It holds the system's certificates as well, because most programs take such a file
    in place of theirs.  Raises CertificateFileError.
    """
    parts = [content(item) for item in files]
    standard = ssl.get_default_verify_paths().cafile
    if standard:
        parts.append(content(CaFile(standard, "the system's certificates")))
    try:
        import certifi

        parts.append(content(CaFile(certifi.where(), "certifi")))
    except ImportError:
        pass
    target = folder / "certificates.pem"
    target.write_text("\n".join(dict.fromkeys(parts)), "utf-8")
    return str(target)


def content(item: CaFile) -> str:
    """Return the certificates of a file as text; raises CertificateFileError.

    A folder of certificates is read whole.
    """
    if item.pem:
        return item.pem
    if not os.path.isabs(item.path):
        # It could be a file of the project.
        raise CertificateFileError(_problem(item, "its path is relative"))
    names = [item.path]
    try:
        if os.path.isdir(item.path):
            names = [os.path.join(item.path, name) for name in os.listdir(item.path)]
        return "\n".join(_text(name) for name in sorted(names))
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise CertificateFileError(_problem(item, reason)) from error


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(_MAX_BYTES)


def _problem(item: CaFile, reason: str) -> str:
    where = f"the CA file {item.path!a}" if item.path else "the certificates"
    return f"was not asked: {where} of {item.setting} cannot be used: {reason}"


@dataclass(slots=True)
class TlsSettings:
    """Trusted certificates, loaded once for all threads and only if TLS is used."""

    environ: Mapping[str, str]
    _contexts: dict[tuple[CaFile, ...], ssl.SSLContext | str] = field(
        default_factory=dict
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def context_for(self, index: Index) -> ssl.SSLContext:
        """Return a context with the certificates of the system, the user and the index.

        Raises CertificateFileError for a file that cannot be used: without it, a
        server that the user trusts would look like an impostor.
        """
        files = tuple(dict.fromkeys((*of_environment(self.environ), *index.ca_files)))
        with self._lock:
            if files not in self._contexts:
                self._contexts[files] = _context(files)
            context = self._contexts[files]
        if isinstance(context, str):
            raise CertificateFileError(context)
        return context


def _context(files: tuple[CaFile, ...]) -> ssl.SSLContext | str:
    """Return the context, or why there is none."""
    context = ssl.create_default_context()
    for item in files:
        try:
            text = content(item)
        except CertificateFileError as error:
            return str(error)
        if "-----BEGIN" not in text:
            return _problem(item, "it contains no certificate in PEM format")
        try:
            context.load_verify_locations(cadata=_ascii(text))
        except (ssl.SSLError, ValueError):
            return _problem(item, "it contains an invalid certificate")
    return context


def _ascii(text: str) -> str:
    """Return only the certificates: bundles have names in any language between them."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        inside = inside or line.startswith("-----BEGIN")
        if inside:
            lines.append(line.strip())
        if line.startswith("-----END"):
            inside = False
    return "\n".join(lines)
