"""A certificate authority for one test, created with the openssl program."""

from __future__ import annotations

import ssl
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

_CONFIG = """
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
subjectAltName = IP:127.0.0.1
authorityKeyIdentifier = keyid
[authority]
default_ca = here
[here]
dir = .
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
[any]
commonName = supplied
"""


class Authority:
    """One authority; ``file`` holds its certificate."""

    def __init__(self) -> None:
        # Removed with the object.
        self._folder = tempfile.TemporaryDirectory(prefix="zt-ca-")
        self.folder = Path(self._folder.name)
        self.file = str(self.folder / "ca.pem")
        (self.folder / "openssl.cnf").write_text(_CONFIG)
        (self.folder / "index.txt").write_text("")
        (self.folder / "serial").write_text("1000\n")
        self._run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out",
                  "ca.pem", "-subj", "/CN=Test authority", "-days", "2", "-extensions", "ca",
                  "-config", "openssl.cnf")  # fmt: skip

    def serve(self, listening: socket.socket, *, expired: bool) -> ssl.SSLSocket:
        """Return the socket with TLS on it, and a certificate for 127.0.0.1."""
        self._run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out",
                  "server.csr", "-subj", "/CN=127.0.0.1", "-config", "openssl.cnf")  # fmt: skip
        dates = ["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"]
        self._run("ca", "-batch", "-notext", "-in", "server.csr", "-out", "server.pem", "-cert",
                  "ca.pem", "-keyfile", "ca.key", "-extensions", "server", "-name", "here",
                  "-config", "openssl.cnf", *(dates if expired else ["-days", "1"]))  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        return context.wrap_socket(
            listening, server_side=True, do_handshake_on_connect=False
        )

    def _run(self, *words: str) -> None:
        subprocess.run(
            ["openssl", *words], cwd=self.folder, capture_output=True, check=True
        )
