"""The HTTP client: proxies, redirects, limits and reused connections."""

from __future__ import annotations

import http.server
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.registry import Registry
from zt_gate.ecosystems.registries.client import Client, Response
from zt_gate.ecosystems.registries.package_index import Index, RegistryError
from zt_gate.ecosystems.registries.proxies import is_loopback, proxy_for
from zt_gate.ecosystems.registries.pypi_html import read_page
from zt_gate.ecosystems.registries.tls import TlsSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Handler = http.server.BaseHTTPRequestHandler


def client(environ: dict[str, str] | None = None, seconds: float = 3) -> Client:
    settings = environ or {}
    return Client(settings, TlsSettings(settings), time.monotonic() + seconds)


@contextmanager
def server(answer: Callable[[Handler], None]) -> Iterator[str]:
    class Answering(Handler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # noqa: N802 - the base's name
            answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Log nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as running:
        running.daemon_threads = True
        threading.Thread(
            target=running.serve_forever, args=(0.02,), daemon=True
        ).start()
        try:
            yield f"http://127.0.0.1:{running.server_address[1]}"
        finally:
            # Without it a closed server's thread spins until the tests end.
            running.shutdown()


def send(handler: Handler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def test_connections_are_used_again() -> None:
    ports = set()

    def answer(handler: Handler) -> None:
        ports.add(handler.client_address[1])
        send(handler, 200, b"{}")

    with server(answer) as url:
        one = client()
        for _ in range(5):
            assert one.get(Index(url), "/x", "*/*").status == 200
        one.close()
    assert len(ports) == 1


def test_a_redirect_keeps_the_credential_on_the_same_host_and_fails_on_another() -> (
    None
):
    seen: list[tuple[str, str | None]] = []

    def answer(handler: Handler) -> None:
        seen.append((handler.path, handler.headers["Authorization"]))
        places = {"/a": "/b", "/c": "http://localhost:1/b", "/d": "/d", "/e": ""}
        if handler.path in places:
            send(handler, 301, Location=places[handler.path])
        else:
            send(handler, 200, b"{}")

    with server(answer) as url:
        index = Index(url, authorization="Bearer x")
        assert client().get(index, "/a", "*/*").body == b"{}"
        assert seen == [("/a", "Bearer x"), ("/b", "Bearer x")]
        for path, words in (
            ("/c", "another host"),
            ("/d", "too many times"),
            ("/e", "another host"),
        ):
            with pytest.raises(RegistryError, match=words):
                client().get(index, path, "*/*")


def test_http_goes_through_the_users_proxy() -> None:
    with Registry() as registry:  # it takes absolute addresses, as a proxy does
        registry.pypi("flask")
        environ = {"http_proxy": registry.url.replace("http://", "http://ada:pw@")}
        index = Index("http://registry.invalid/simple", cleartext=True)
        assert client(environ).get(index, "/flask/", "text/html").status == 200
        assert "authorization" not in registry.requests[0].headers


@pytest.mark.parametrize(
    ("url", "environ", "expected"),
    [
        (
            "https://h.example/",
            {"HTTPS_PROXY": "http://p.example:8080"},
            "http://p.example:8080",
        ),
        ("https://h.example/", {"https_proxy": "p.example:80"}, "http://p.example:80"),
        ("https://h.example/", {"all_proxy": "http://p.example"}, "http://p.example"),
        ("https://h.example/", {"http_proxy": "http://p.example"}, None),
        (
            "https://h.example/",
            {"https_proxy": "http://p.example", "no_proxy": ".example"},
            None,
        ),
        (
            "https://h.example/",
            {"https_proxy": "http://p.example", "NO_PROXY": "a,*"},
            None,
        ),
        ("http://127.0.0.1/", {"http_proxy": "http://p.example"}, None),
    ],
)
def test_which_proxy(url: str, environ: dict[str, str], expected: str | None) -> None:
    proxy = proxy_for(urlsplit(url), environ)
    assert (proxy.url if proxy else None) == expected


def test_an_unusable_proxy_is_an_error() -> None:
    with pytest.raises(RegistryError, match="proxy"):
        proxy_for(urlsplit("https://h.example/"), {"https_proxy": "socks5://p.example"})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)
    assert not is_loopback(f"{host}.evil.example")


@pytest.mark.parametrize(
    "url", ["ftp://h.example", "https://", "https://h.example:port", "https://h.example/${X}",
            "https://h.example/a b", "http://h.example", "https://[::1"],
)  # fmt: skip
def test_urls_that_are_not_requested(url: str) -> None:
    with pytest.raises(RegistryError):
        client().get(Index(url), "/x", "*/*")


def test_a_body_shorter_than_its_content_length_is_an_error() -> None:
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"{}")
        handler.close_connection = True

    with (
        server(answer) as url,
        pytest.raises(RegistryError, match="closed the connection"),
    ):
        client().get(Index(url), "/x", "*/*")


@pytest.mark.parametrize(
    "response",
    [Response(200, "text/html", b"{}"), Response(200, "application/json", b"{"),
     Response(200, "application/json", b"[" * 100_000),
     Response(200, "application/json", b"\xff\xfe")],
)  # fmt: skip
def test_a_response_that_is_not_json_is_an_error(response: Response) -> None:
    with pytest.raises(RegistryError):
        response.json()


@pytest.mark.parametrize(
    "body",
    [b"", b"<html><a>flaskette-1.0.tar.gz</a>", b"<a href='/login'>Log in</a>", b"\xff" * 100,
     b"<a>flask-evil-1.0.tar.gz</a>"],
)  # fmt: skip
def test_pages_that_are_not_the_index_of_the_package(body: bytes) -> None:
    with pytest.raises(RegistryError):
        read_page(body, "flask")


def test_an_index_page_without_files_and_one_with_some() -> None:
    meta = b'<meta name="pypi:repository-version" content="1.0">'
    assert read_page(meta, "flask").files == []
    page = read_page(meta + b"<a data-yanked>Flask-1.0.tar.gz</a>", "flask")
    assert [(file.name, file.yanked) for file in page.files] == [
        ("Flask-1.0.tar.gz", True)
    ]
