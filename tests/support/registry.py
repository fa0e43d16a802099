"""A registry on loopback: PyPI, npm and both download services, and their errors.

Those of the other ecosystems are in it as well: ``registry.add("gem", "kit", days=3)``, with
``registry.policy()`` as the addresses that a policy sets.

Only the standard library is used, so the server can run wherever Python does::

    with Registry() as registry:
        registry.pypi("flask", days=4000, weekly=10**6)
        registry.npm("left-pad", days=2000, weekly=10**6)
        subprocess.run(..., env={**os.environ, **registry.environment()})

A name that was not added is answered with 404.  ``requests`` and ``lodash``
exist from the start: a client may ask for a well-known package.
"""

from __future__ import annotations

import gzip
import json
import re
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import unquote, urlsplit

from tests.support import other_registries

Fault = Literal[
    "404", "429", "500", "reset", "slow", "cut", "html", "empty", "wrong-name", "redirect",
    "huge", "portal", "no-date", "no-etag", "403", "list", "trickle", "expired",
]  # fmt: skip
#: Faults after which nothing can be known; ``no-etag`` is none of them.
FAULTS: tuple[Fault, ...] = (
    "404", "429", "500", "reset", "slow", "cut", "html", "empty", "wrong-name", "redirect",
    "huge", "portal", "no-date", "403", "list", "trickle",
)  # fmt: skip
Part = Literal["index", "downloads", "advisories", "all"]

_SIMPLE = "application/vnd.pypi.simple.v1+json"
_ABBREVIATED = "application/vnd.npm.install-v1+json"


@dataclass(frozen=True)
class Package:
    """One package of the registry; ``days`` since the first upload."""

    ecosystem: str
    name: str
    days: float = 1000
    weekly: int | None = 1_000_000
    files: int = 2
    status: str = ""
    reason: str = ""
    yanked: bool = False
    deprecated: str = ""
    placeholder: bool = False
    unpublished: bool = False
    #: Bytes of padding in the long form of an npm record.
    padding: int = 0
    #: Days since the last change of any kind; None: as old as the first upload.
    modified_days: float | None = None
    #: Summary and long description.
    text: str = ""
    #: The npm package has an install script.
    scripts: bool = False
    #: Version → days since its upload; replaces ``files``.
    versions: dict[str, float] | None = None
    #: Versions that were yanked or deprecated by themselves.
    bad_versions: tuple[str, ...] = ()
    #: Summary of a placeholder.
    about: str = "security holding package"
    #: Versions whose publisher is another account.
    taken_over: tuple[str, ...] = ()
    #: Versions with a provenance.
    attested: tuple[str, ...] = ()
    #: Versions with an install script (npm), or without a wheel (PyPI, where all others have one).
    running: tuple[str, ...] = ()
    #: Version → address of its source; "" is the package's own.
    repositories: dict[str, str] = field(default_factory=dict)
    #: The content of its files, which are wheels then (PyPI).
    wheel: bytes = b""
    #: Whether the registry names the accounts that published (npm).
    publishers: bool = True


@dataclass(frozen=True)
class Known:
    """One advisory: the affected versions (empty: all), and the fixed ones."""

    id: str
    ecosystem: str
    name: str
    versions: tuple[str, ...] = ()
    fixed: str = ""
    severity: str = "HIGH"
    aliases: tuple[str, ...] = ()
    #: Vectors of CVSS.
    vectors: tuple[str, ...] = ()
    withdrawn: bool = False


@dataclass(frozen=True)
class Request:
    """One request received."""

    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Behaviour:
    """Settings of the server's behaviour."""

    latency: float = 0.0
    html: bool = False
    #: Upload times in the Simple API; without them only the JSON API has dates.
    dates: bool = True
    retry_after: str = ""
    #: How many requests a fault lasts; None: for ever.
    lasts: int | None = None
    #: Whether the npm registry counts downloads at its own address.
    counts_itself: bool = False
    #: Whether a part of a file can be requested.
    parts_of_files: bool = True
    #: Whether the index says how large its files are.
    sizes: bool = True
    #: Paths that answer 500 to whatever is sent.
    broken: tuple[str, ...] = ()
    #: Nothing is answered before so many requests have come: they must be sent side by side.
    together: int = 0
    faults: dict[str, Fault] = field(default_factory=dict)
    parts: dict[str, Fault] = field(default_factory=dict)


class Registry:
    """The server; start it with ``with``."""

    def __init__(
        self, latency: float = 0.0, tls: Literal["", "good", "expired"] = ""
    ) -> None:
        self.behaviour = Behaviour(latency=latency)
        self.requests: list[Request] = []
        self.packages: dict[tuple[str, str], Package] = {}
        self.advisories: dict[str, Known] = {}
        #: What the list of all Python projects holds; None: what was added.
        self.projects: list[str] | None = None
        self.lock = threading.Lock()
        self._came = threading.Condition(self.lock)
        #: How many connections were opened.
        self.connections = 0
        self._server = _Server(self)
        self._authority = None
        if tls:
            from tests.support.certificates import Authority

            self._authority = Authority()
            self._server.socket = self._authority.serve(
                self._server.socket, expired=tls == "expired"
            )
        self.pypi("requests")
        self.npm("lodash")
        for ecosystem, name in other_registries.CANARIES.items():
            self.add(ecosystem, name)

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """The server's address, without a slash at the end."""
        scheme = "https" if self._authority is not None else "http"
        return f"{scheme}://127.0.0.1:{self._server.server_address[1]}"

    def trust(self) -> dict[str, str]:
        """The setting that makes a client trust the server's authority; {} without TLS."""
        return (
            {"SSL_CERT_FILE": self._authority.file}
            if self._authority is not None
            else {}
        )

    @property
    def pypi_url(self) -> str:
        """The address of the Simple API."""
        return f"{self.url}/simple"

    def environment(self) -> dict[str, str]:
        """The settings that point every client here."""
        return {
            "PIP_INDEX_URL": self.pypi_url,
            "UV_DEFAULT_INDEX": self.pypi_url,
            "npm_config_registry": f"{self.url}/npm/",
            "ZT_GATE_PYPISTATS_URL": f"{self.url}/stats",
            "ZT_GATE_NPM_DOWNLOADS_URL": f"{self.url}/counts",
            "ZT_GATE_OSV_URL": f"{self.url}/osv",
        }

    def advisory(self, name: str, ecosystem: str, package: str, **known: Any) -> None:
        """Add an advisory; the fields are those of Known, the ecosystem is OSV's word."""
        self.advisories[name] = Known(name, ecosystem, package, **known)

    def pypi(self, name: str, **known: Any) -> None:
        """Add a Python package; the fields are those of Package."""
        key = re.sub(r"[-_.]+", "-", name).lower()
        self.packages["pypi", key] = Package("pypi", name, **known)

    def npm(self, name: str, **known: Any) -> None:
        """Add an npm package; the fields are those of Package."""
        self.packages["npm", name] = Package("npm", name, **known)

    def add(self, ecosystem: str, name: str, **known: Any) -> None:
        """Add a package of any ecosystem with a registry; the fields are those of Package."""
        if ecosystem == "pypi":
            self.pypi(name, **known)
        else:
            key = other_registries.key_of(ecosystem, name)
            self.packages[ecosystem, key] = Package(ecosystem, name, **known)

    def policy(self) -> dict[str, str]:
        """The addresses of the registries without an environment variable of their own."""
        return {kind: f"{self.url}/{kind}" for kind in other_registries.CANARIES}

    def fault(
        self,
        fault: Fault,
        *,
        name: str = "",
        part: Part = "all",
        lasts: int | None = None,
    ) -> None:
        """Make one package, or one part of the server, answer with an error."""
        self.behaviour.lasts = lasts
        if name:
            self.behaviour.faults[name] = fault
        every = ("index", "downloads", "advisories")
        for each in every if part == "all" else (part,):
            if not name:
                self.behaviour.parts[each] = fault

    def heal(self) -> None:
        """Remove all errors."""
        self.behaviour = Behaviour(latency=self.behaviour.latency)

    def asked(self) -> list[str]:
        """The requested paths in their order."""
        with self.lock:
            return [request.path for request in self.requests]

    def arrive(self, request: Request) -> None:
        """Record a request, and delay it: for the other requests, and for the latency."""
        with self._came:
            self.requests.append(request)
            self._came.notify_all()
            enough = self.behaviour.together
            self._came.wait_for(lambda: len(self.requests) >= enough, timeout=600)
        if self.behaviour.latency:
            time.sleep(self.behaviour.latency)

    def current_fault(self, name: str, part: str) -> Fault | None:
        """Return the error to answer with; counts down a temporary one."""
        with self.lock:
            fault = self.behaviour.faults.get(name) or self.behaviour.parts.get(part)
            if fault is None or self.behaviour.lasts is None:
                return fault
            self.behaviour.lasts -= 1
            return fault if self.behaviour.lasts >= 0 else None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count the connection, and serve it."""
        self.registry.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    # One packet for one answer: a second one would wait for an acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Log nothing."""

    def do_GET(self) -> None:
        registry = self.server.registry
        path = urlsplit(self.path).path
        headers = {name.lower(): value for name, value in self.headers.items()}
        registry.arrive(Request(path, headers))
        if registry.behaviour.counts_itself and path.startswith("/npm/downloads/"):
            path = f"/counts{path.removeprefix('/npm')}"
        if path.startswith("/files/"):
            self._send_file(path)
            return
        part = "downloads" if path.startswith(("/stats/", "/counts/")) else "index"
        if path.startswith("/osv/"):
            part = "advisories"
        name = _name_of(path)
        fault = registry.current_fault(name, part)
        if fault in {None, "no-date", "no-etag", "wrong-name", "portal"}:
            self._answer(path, name, fault)
        else:
            self._misbehave(str(fault))

    def do_POST(self) -> None:
        registry = self.server.registry
        path = urlsplit(self.path).path
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        if headers.get("content-encoding") == "gzip":  # npm's own requests
            body = gzip.decompress(body)
        registry.arrive(Request(path, headers, body))
        fault = registry.current_fault("", "advisories")
        if path in registry.behaviour.broken:
            fault = "500"
        if fault == "portal":
            self._send(404, "text/html", b"<html>Please log in</html>")
        elif fault not in {None, "no-date", "no-etag", "wrong-name"}:
            self._misbehave(str(fault))
        else:
            said = advised(
                registry, path, json.loads(body), wrong=fault == "wrong-name"
            )
            if said is None:
                self._send(404, "application/json", b"{}")
            else:
                self._send(200, "application/json", json.dumps(said).encode())

    def _answer(self, path: str, name: str, fault: str | None) -> None:
        registry = self.server.registry
        if fault == "portal":
            self._send(404, "text/html", b"<html>Please log in</html>")
            return
        accept = self.headers.get("Accept", "")
        said = _content(registry, path, name, accept, dated=fault != "no-date")
        if said is None:
            self._send(404, "application/json", b'{"error": "not found"}')
            return
        kind, body, modified = said
        if fault == "wrong-name":
            body = _renamed(body, {name, registry_name(registry, path, name)})
        self._send(200, kind, body, etag=fault != "no-etag", modified=modified)

    def _send_file(self, path: str) -> None:
        """Send a file, or the part of it that is requested."""
        registry, name = self.server.registry, path.rpartition("/")[2]
        owner = registry.packages.get(
            ("pypi", name.partition("-")[0].replace("_", "-"))
        )
        if owner is None:
            self._send(404, "text/plain", b"")
            return
        content, wanted = owner.wheel, self.headers.get("Range", "")
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", wanted)
        if match is None or not registry.behaviour.parts_of_files:
            self._send(200, "application/octet-stream", content)
            return
        body = content[int(match[1]) : int(match[2]) + 1]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {match[1]}-{match[2]}/{len(content)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _misbehave(self, fault: str) -> None:
        if fault == "404":
            self._send(404, "application/json", b"{}")
        elif fault in {"429", "500", "403"}:
            self._send(int(fault), "text/plain", b"no")
        elif fault == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
            self.close_connection = True
        elif fault == "slow":
            time.sleep(8)
            self.close_connection = True
        elif fault == "trickle":
            self._trickle()
        elif fault == "cut":
            self._send(200, self._kind(), b'{"name": "x", "files": [{"filename": ')
        elif fault == "html":
            body = b'<html><a href="/login">Log in</a></html>'
            self._send(200, "text/html", body)
        elif fault in {"empty", "list"}:
            self._send(200, self._kind(), b"{}" if fault == "empty" else b"[]")
        elif fault == "redirect":
            self._send(302, "text/plain", b"", location="http://localhost:9/elsewhere")
        elif fault == "huge":
            self._huge()

    def _kind(self) -> str:
        return _SIMPLE if self.path.startswith("/simple") else "application/json"

    def _trickle(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", self._kind())
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        with suppress(OSError):
            for _ in range(100):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.1)
        self.close_connection = True

    def _huge(self) -> None:
        body = gzip.compress(b'{"name": "' + b" " * (100 << 20), 1)
        self.send_response(200)
        self.send_header("Content-Type", self._kind())
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)
        self.close_connection = True

    def _send(
        self,
        status: int,
        kind: str,
        body: bytes,
        *,
        location: str = "",
        etag: bool = True,
        modified: str = "",
    ) -> None:
        retry = self.server.registry.behaviour.retry_after
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if etag:
            self.send_header("ETag", f'"{len(body)}"')
        if location:
            self.send_header("Location", location)
        if modified:
            self.send_header("Last-Modified", modified)
        if retry and status in {429, 503}:
            self.send_header("Retry-After", retry)
        self.end_headers()
        self.wfile.write(body)


def _renamed(body: bytes, names: set[str]) -> bytes:
    """Put another package's name in the place of an answer's own, as JSON and XML write it."""
    for name in names:
        body = body.replace(f'"{name}"'.encode(), b'"another-package"')
        artifact = name.rpartition(":")[2]
        body = body.replace(f">{artifact}<".encode(), b">another-package<")
    return body.replace(b'"Version": "v', b'"Version": "v9')


def registry_name(registry: Registry, path: str, name: str) -> str:
    """The package's name as its owner wrote it."""
    package = registry.packages.get((_ecosystem(path), name))
    return package.name if package is not None else name


def advised(registry: Registry, path: str, asked: Any, *, wrong: bool = False) -> Any:
    """Answer as OSV's batch, OSV's single query and npm's bulk endpoint do."""
    if path == "/osv/v1/querybatch":
        results = [{"vulns": [{"id": one.id, "modified": ""} for one in _matching(registry, query)]}
                   for query in asked["queries"]]  # fmt: skip
        return {
            "results": results[1:]
            if wrong
            else [one if one["vulns"] else {} for one in results]
        }
    if path == "/osv/v1/query":
        found = _matching(registry, asked)
        return {"vulns": [osv_record(one) for one in found]} if found else {}
    if path.endswith("/-/npm/v1/security/advisories/bulk"):
        answer: dict[str, Any] = {}
        for name, versions in asked.items():
            for version in versions:
                query = {
                    "package": {"name": name, "ecosystem": "npm"},
                    "version": version,
                }
                for one in _matching(registry, query):
                    answer.setdefault(name, []).append(
                        {"id": 1, "url": f"https://advisories.example/{one.id}", "title": "A flaw",
                         "severity": one.severity.lower(), "vulnerable_versions": f"<{one.fixed}"}
                    )  # fmt: skip
        return answer
    return None


def _matching(registry: Registry, query: dict[str, Any]) -> list[Known]:
    package, version = query["package"], query.get("version", "")
    return [
        one for one in registry.advisories.values()
        if (one.ecosystem, one.name) == (package["ecosystem"], package["name"])
        and (not version or not one.versions or version in one.versions)
    ]  # fmt: skip


def osv_record(one: Known) -> dict[str, Any]:
    """An advisory in OSV's format."""
    events = [{"introduced": "0"}, *([{"fixed": one.fixed}] if one.fixed else [])]
    ranges = (
        [{"type": "ECOSYSTEM", "events": events}]
        if not one.versions or one.fixed
        else []
    )
    return {
        "id": one.id,
        "schema_version": "1.6.0",
        "published": "2026-01-01T00:00:00Z",
        "modified": "2026-01-01T00:00:00Z",
        "summary": "A flaw",
        "aliases": list(one.aliases),
        **({"withdrawn": "2026-02-01T00:00:00Z"} if one.withdrawn else {}),
        "severity": [{"type": "CVSS", "score": vector} for vector in one.vectors],
        "database_specific": {"severity": one.severity},
        "affected": [{"package": {"ecosystem": one.ecosystem, "name": one.name},
                      "versions": list(one.versions), "ranges": ranges}],
    }  # fmt: skip


def _ecosystem(path: str) -> str:
    other = other_registries.ecosystem_of(path)
    if other:
        return other
    return "npm" if path.startswith(("/npm/", "/counts/")) else "pypi"


def _name_of(path: str) -> str:
    if other_registries.ecosystem_of(path):
        return other_registries.name_of(path)
    for pattern in (
        r"/simple/([^/]+)/", r"/pypi/([^/]+)/json", r"/stats/api/packages/([^/]+)/recent",
        r"/counts/downloads/point/[^/]+/(.+)", r"/npm/(.+?)(?:/latest)?",
        r"/osv/v1/vulns/([^/]+)",
    ):  # fmt: skip
        match = re.fullmatch(pattern, path)
        if match:
            return unquote(match[1])
    return ""


def _content(
    registry: Registry, path: str, name: str, accept: str, *, dated: bool
) -> other_registries.Answer | None:
    if other_registries.ecosystem_of(path):
        package = registry.packages.get((_ecosystem(path), name))
        found = package and other_registries.content(package, path, dated=dated)
        return found or None
    said = _counted_content(registry, path, name, accept, dated=dated)
    return None if said is None else (*said, "")


def _counted_content(
    registry: Registry, path: str, name: str, accept: str, *, dated: bool
) -> tuple[str, bytes] | None:
    if path.startswith("/counts/"):
        return _npm_counts(registry, path, name)
    if path.startswith("/osv/v1/vulns/"):
        one = registry.advisories.get(path.rpartition("/")[2])
        return _json(osv_record(one)) if one is not None else None
    if path == "/simple/":
        known = [key for kind, key in registry.packages if kind == "pypi"]
        listed = registry.projects if registry.projects is not None else known
        return _json(
            {"meta": {}, "projects": [{"name": one} for one in listed]}, _SIMPLE
        )
    package = registry.packages.get((_ecosystem(path), name))
    if package is None:
        return None
    if path.startswith("/stats/"):
        if package.weekly is None:
            return None
        data = {"last_day": package.weekly // 7, "last_week": package.weekly}
        return _json({"data": data, "package": name, "type": "recent_downloads"})
    if path.startswith("/npm/"):
        short = _ABBREVIATED in accept
        document = _packument(package, short=short, dated=dated)
        return _json(document, _ABBREVIATED if short else "application/json")
    if path.startswith("/pypi/"):
        return _json(_pypi_json(package, dated=dated))
    behaviour = registry.behaviour
    if behaviour.html or _SIMPLE not in accept:
        return "text/html", _simple_html(package)
    return _json(
        _simple(package, name, dated=dated and behaviour.dates, sizes=behaviour.sizes),
        _SIMPLE,
    )


def _json(document: object, kind: str = "application/json") -> tuple[str, bytes]:
    return kind, json.dumps(document).encode()


def _ago(days: float) -> str:
    moment = datetime.now(UTC) - timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _files(package: Package) -> list[tuple[str, str]]:
    """File names with the time that each was uploaded."""
    stem = re.sub(r"[-_.]+", "_", package.name).lower()
    if package.versions is not None:
        return [
            (_file_name(package, stem, v), _ago(days))
            for v, days in package.versions.items()
        ]
    return [
        (f"{stem}-{n + 1}.0.tar.gz", _ago(package.days / (n + 1)))
        for n in range(package.files)
    ]


def _file_name(package: Package, stem: str, version: str) -> str:
    if package.wheel:
        return f"{stem}-{version}-py3-none-any.whl"
    if package.running and version not in package.running:
        return f"{stem}-{version}-py3-none-any.whl"
    return f"{stem}-{version}.tar.gz"


def _simple(
    package: Package, name: str, *, dated: bool, sizes: bool = True
) -> dict[str, Any]:
    files: list[dict[str, Any]] = []
    for file, uploaded in _files(package):
        entry = {
            "filename": file,
            "url": f"../../files/{file}",
            "hashes": {},
            "size": len(package.wheel) or 1,
        }
        if not sizes:
            del entry["size"]
        if dated:
            entry["upload-time"] = uploaded
        if any(f"-{version}" in file for version in package.attested):
            entry["provenance"] = f"../../provenance/{file}"
        if package.yanked or file.removesuffix(".tar.gz").endswith(
            package.bad_versions or ("\0",)
        ):
            entry["yanked"] = "wrong"
        files.append(entry)
    document: dict[str, Any] = {
        "meta": {"api-version": "1.4"},
        "name": name,
        "versions": [f"{n + 1}.0" for n in range(package.files)],
        "files": files,
    }
    if package.status:
        document["project-status"] = {
            "status": package.status,
            "reason": package.reason,
        }
    return document


def _simple_html(package: Package) -> bytes:
    yanked = ' data-yanked="wrong"' if package.yanked else ""
    status = f'<meta name="pypi:project-status" content="{package.status}">'
    anchors = "".join(
        f'<a href="../{file}"{yanked}>{file}</a><br>' for file, _ in _files(package)
    )
    head = '<meta name="pypi:repository-version" content="1.0">' + (
        status if package.status else ""
    )
    return f"<!DOCTYPE html><html><head>{head}</head><body>{anchors}</body></html>".encode()


def _pypi_json(package: Package, *, dated: bool) -> dict[str, Any]:
    releases = {
        f"{n + 1}.0": [
            {"filename": file, **({"upload_time_iso_8601": when} if dated else {})}
        ]
        for n, (file, when) in enumerate(_files(package))
    }
    info = {"name": package.name, "downloads": {"last_week": -1}, "summary": "A package",
            "description": package.text,
            "project_urls": {"Source Code": package.repositories.get("", "")}}  # fmt: skip
    return {"info": info, "releases": releases}


def _packument(package: Package, *, short: bool, dated: bool) -> dict[str, Any]:
    name, created = package.name, _ago(package.days)
    modified = created if package.modified_days is None else _ago(package.modified_days)
    if package.unpublished:
        return {
            "name": name,
            "time": {"created": created, "unpublished": {"time": modified}},
        }
    numbers = list(package.versions or [f"{n + 1}.0.0" for n in range(package.files)])
    if package.placeholder:
        numbers = ["0.0.1-security"]
    about = package.about if package.placeholder else "A package"
    versions: dict[str, Any] = {}
    for number in numbers:
        versions[number] = {"name": name, "version": number, "dist": {}}
        if package.deprecated or number in package.bad_versions:
            versions[number]["deprecated"] = package.deprecated or "wrong"
        record = versions[number]
        if package.publishers and not short:
            account = "newcomer" if number in package.taken_over else "owner"
            record["_npmUser"] = {"name": account}
            record["maintainers"] = [{"name": account}]
        if number in package.attested:
            record["dist"]["attestations"] = {"provenance": {}}
        if number in package.repositories:
            record["repository"] = {"url": package.repositories[number]}
        if package.scripts or number in package.running:
            versions[number]["scripts"] = {"postinstall": "node setup.js"}
    document: dict[str, Any] = {
        "name": name,
        "dist-tags": {"latest": numbers[-1]} if numbers else {},
        "versions": versions,
    }
    if short:
        return {**document, **({"modified": modified} if dated else {})}
    times = {
        number: _ago((package.versions or {}).get(number, package.days))
        for number in numbers
    }
    time_of = {"created": created, "modified": modified, **times} if dated else {}
    if "" in package.repositories:
        document["repository"] = {"url": package.repositories[""]}
    document["readme"] = package.text + " " * package.padding
    return {**document, "description": about, **({"time": time_of} if dated else {})}


def _npm_counts(registry: Registry, path: str, names: str) -> tuple[str, bytes] | None:
    period = path.split("/")[4]
    end = period.partition(":")[2]
    found: dict[str, Any] = {}
    for name in names.split(","):
        package = registry.packages.get(("npm", name))
        count = package.weekly if package is not None else None
        if package is not None and end and _ago(package.days) > end:
            count = 0  # not there yet in that week
        entry = {"downloads": count, "start": "", "end": "", "package": name}
        found[name] = entry if count is not None else None
    if "," not in names:
        single = found[names]
        return _json(single) if single is not None else None
    return _json(found)
