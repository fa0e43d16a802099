"""Registry clients without download counts: valid responses and errors."""

from __future__ import annotations

import http.server
import json
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.changes import change_of, context
from tests.support.offenders import each_of
from zt_gate import rulebook
from zt_gate.ecosystems.registries import registry_for
from zt_gate.ecosystems.registries.base import LookupOptions, Missing, Project
from zt_gate.ecosystems.registries.client import Client
from zt_gate.ecosystems.registries.default_settings import default_index
from zt_gate.ecosystems.registries.package_index import Index, RegistryError
from zt_gate.ecosystems.registries.tls import TlsSettings
from zt_gate.scanners.dependencies import SCANNER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = "2020-05-01T10:00:00Z"
MOMENT = 1588327200.0
POM = "<metadata><groupId>g.h</groupId><artifactId>a</artifactId><versioning><versions>"
Answers = dict[str, tuple[str, str]]

GOOD: dict[str, tuple[str, Answers]] = {
    "cargo": ("serde_kit", {"/api/v1/crates/serde_kit": ("application/json", json.dumps(
        {"crate": {"name": "serde-kit", "created_at": DAY},
         "versions": [{"num": "1.0.0", "created_at": DAY, "yanked": False}]}))}),
    "golang": ("github.com/Ada/kit", {
        "/github.com/!ada/kit/@v/list": ("text/plain", "v1.10.0\nv1.9.0\n"),
        "/github.com/!ada/kit/@v/v1.9.0.info": (
            "application/json", json.dumps({"Version": "v1.9.0", "Time": DAY}))}),
    "gem": ("kit", {"/api/v1/versions/kit.json": ("application/json", json.dumps(
        [{"number": "2.0", "created_at": "2024-01-01T00:00:00Z"},
         {"number": "1.0", "created_at": DAY}]))}),
    "composer": ("ada/kit", {"/packages/ada/kit.json": ("application/json", json.dumps(
        {"package": {"name": "ada/kit", "time": DAY}}))}),
    "nuget": ("Ada.Kit", {"/v3/registration5-semver1/ada.kit/index.json": (
        "application/json", json.dumps({"items": [{"items": [
            {"catalogEntry": {"id": "Ada.Kit", "published": "1900-01-01T00:00:00+00:00"}},
            {"catalogEntry": {"id": "Ada.Kit", "published": DAY}}]}]}))}),
    "maven": ("g.h:a", {
        "/g/h/a/maven-metadata.xml": (
            "text/xml", f"{POM}<version>1.0</version><version>2.0</version></versions>"),
        "/g/h/a/1.0/a-1.0.pom": ("application/xml", "<project/>")}),
}  # fmt: skip


@contextmanager
def server(answers: Answers) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kind, text = answers.get(self.path, ("", ""))
            self.send_response(200 if kind else 404)
            self.send_header("Content-Type", kind or "text/plain")
            self.send_header("Content-Length", str(len(text)))
            self.send_header("Last-Modified", "Fri, 01 May 2020 10:00:00 GMT")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Log nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        threading.Thread(
            target=running.serve_forever, args=(0.02,), daemon=True
        ).start()
        try:
            yield f"http://127.0.0.1:{running.server_address[1]}"
        finally:
            # Without it a closed server's thread spins until the tests end.
            running.shutdown()


def ask(ecosystem: str, key: str, answers: Answers) -> Any:
    with server(answers) as url:
        client = Client({}, TlsSettings({}), time.monotonic() + 5)
        return registry_for(ecosystem).project(
            client, Index(url), key, LookupOptions(0.0)
        )


@pytest.mark.parametrize("ecosystem", GOOD)
def test_a_package_with_its_age(ecosystem: str) -> None:
    project = ask(ecosystem, *GOOD[ecosystem])
    assert isinstance(project, Project)
    assert (project.first_upload, project.status) == (MOMENT, "active")


@pytest.mark.parametrize("ecosystem", GOOD)
def test_a_missing_package(ecosystem: str) -> None:
    assert ask(ecosystem, GOOD[ecosystem][0], {}) == Missing()


@each_of("ecosystem", GOOD)
@each_of(
    "answer",
    [("text/html", "<html>Log in</html>"), ("application/json", "{}"), ("application/json", "[]"),
     ("application/json", '{"crate": {"name": "other"}}'),
     ("text/xml", "<artifactId>b</artifactId>"),
     ("application/json", '{"package": {"name": "other/x"}}'), ("text/plain", "<html> no list"),
     ("application/json", '{"items": [{"items": [{"catalogEntry": {"id": "other"}}]}]}'),
     ("application/json", '{"items": [{"@id": "https://elsewhere.example/page.json"}]}')],
)  # fmt: skip
def test_an_unusable_response_is_an_error(
    ecosystem: str, answer: tuple[str, str]
) -> None:
    key, answers = GOOD[ecosystem]
    with pytest.raises(RegistryError):
        ask(ecosystem, key, {**dict.fromkeys(answers, answer)})


def test_the_date_of_a_page_is_not_that_of_the_first_version() -> None:
    key, answers = GOOD["maven"]
    page = {"/g/h/a/1.0/a-1.0.pom": ("text/html", "<html>Log in</html>")}
    project = ask("maven", key, {**answers, **page})
    assert isinstance(project, Project)
    assert (project.first_upload, project.no_date_reason) == (None, "provides no dates")


@pytest.mark.parametrize("ecosystem", GOOD)
def test_each_registry_has_its_own_host(ecosystem: str) -> None:
    index = default_index(ecosystem)
    assert index.default
    assert index.url.startswith("https://")


def test_goproxy_and_goprivate_are_honoured(tmp_path: Path) -> None:
    key, answers = GOOD["golang"]
    rules = rulebook.load("dependencies")
    with server(answers) as url:
        environ = {"GOPROXY": f"{url},direct", "HOME": str(tmp_path)}
        change = change_of({"go.mod": f"module x.example/y\n\nrequire {key} v1.9.0\n"})
        here = context(rules, tmp_path, environ=environ)
        assert SCANNER.scan(change, here).findings == ()
        private = context(
            rules, tmp_path, environ={**environ, "GOPRIVATE": "github.com/Ada"}
        )
        (finding,) = SCANNER.scan(change, private).findings
        assert "private" in finding.message
