"""Certificate authorities that the user's package managers trust, such as a company's own.

Only the user's settings count: the environment, and the files in the user's home and of
the machine.  A project's setting never does, because it would let a change choose whom
the gate believes.  These certificates are trusted in addition to the system's.
"""

from __future__ import annotations

import os
import ssl
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from zt_gate.ecosystems.registries.package_index import (
    CaFile,
    CertificateFileError,
    Index,
)
from zt_gate.syntax.document import SyntaxReadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from zt_gate.ecosystems.registries.package_manager_settings import (
        Endpoints,
        SettingsSources,
    )

#: Variables whose certificates count for every request, as in most clients.
_VARIABLES = (
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
)
_MAX_BYTES = 16 * 1024 * 1024
_GIT_SYSTEM_FILES: tuple[str, ...] = ("/etc/gitconfig",)


def of_ecosystem(ecosystem: str, sources: SettingsSources) -> tuple[CaFile, ...]:
    """Return the files that the ecosystem's package manager trusts; reads settings."""
    from zt_gate.ecosystems import ecosystem_named

    certificates = ecosystem_named(ecosystem).certificates
    return () if certificates is None else tuple(certificates(sources))


def with_files(endpoints: Endpoints, files: tuple[CaFile, ...]) -> Endpoints:
    """Return the endpoints with the files on every index and service."""
    if not files:
        return endpoints
    select = endpoints.select

    def own(index: Index) -> Index:
        return replace(index, ca_files=files)

    return replace(
        endpoints,
        indexes=tuple(map(own, endpoints.indexes)),
        scopes={scope: own(index) for scope, index in endpoints.scopes.items()},
        service=None if endpoints.service is None else own(endpoints.service),
        explicit_indexes=tuple(map(own, endpoints.explicit_indexes)),
        select=None if select is None else lambda key: tuple(map(own, select(key))),
    )


def of_environment(environ: Mapping[str, str]) -> tuple[CaFile, ...]:
    """Return the files that the environment names for every request."""
    return tuple(
        CaFile(environ[name], name) for name in _VARIABLES if environ.get(name)
    )


def of_cargo(sources: SettingsSources) -> Iterator[CaFile]:
    """Yield Cargo's ``http.cainfo``, else Git's: crates may come from repositories."""
    value = sources.environ.get("CARGO_HTTP_CAINFO", "")
    if value:
        yield CaFile(value, "CARGO_HTTP_CAINFO")
        return
    home = sources.environ.get("CARGO_HOME", "") or sources.home(".cargo")
    for name in ("config.toml", "config"):
        path = os.path.join(home, name)
        value = _cargo_setting(sources.user_file(path) or "")
        if value:
            # Cargo takes relative paths from the folder above that of the file.
            above = os.path.dirname(os.path.dirname(path))
            yield CaFile(os.path.join(above, value), f"http.cainfo in {path}")
            return
    yield from of_git(sources)


def _cargo_setting(text: str) -> str:
    from zt_gate.syntax import toml

    try:
        value = toml.read(text).table("http").get("cainfo") if text else ""
    except SyntaxReadError:
        return ""
    return value if isinstance(value, str) else ""


def of_git(sources: SettingsSources) -> Iterator[CaFile]:
    """Yield Git's ``http.sslCAInfo``, with which Go and Cargo fetch repositories."""
    value = sources.environ.get("GIT_SSL_CAINFO", "")
    if value:
        yield CaFile(value, "GIT_SSL_CAINFO")
        return
    own = sources.environ.get("GIT_CONFIG_GLOBAL", "")
    files = (
        (own,) if own else (sources.home(".gitconfig"), sources.config("git", "config"))
    )
    system = _GIT_SYSTEM_FILES
    if sources.system is not None:
        system = sources.system.get("git", ())
    for path in (*files, *system):
        value = _git_setting(sources.user_file(path) or "")
        if value:
            path_of_file = expanded_home(sources, value)
            yield CaFile(path_of_file, f"http.sslCAInfo in {path}")
            return


def _git_setting(text: str) -> str:
    from zt_gate.syntax import ini

    if "sslcainfo" not in text.lower():
        return ""
    try:
        root = ini.read(text, dialect="lenient").root
    except SyntaxReadError:
        return ""
    values = [
        "".join(line.value for line in node.listed())
        for section, options in root.entries()
        if section.value.lower() == "http"
        for key, node in options.entries()
        if key.value.lower() == "sslcainfo"
    ]
    return values[-1].strip().strip('"') if values else ""


def expanded_home(sources: SettingsSources, path: str) -> str:
    """Return a path with ``~/`` replaced by the user's home directory."""
    return sources.home(path[2:]) or path if path.startswith("~/") else path


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
