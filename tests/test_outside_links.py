"""The script that asks for the links to other sites, against a server on this machine."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.lock import ROOT
from tests.support.scripts import load

if TYPE_CHECKING:
    from collections.abc import Iterator

outside_links = load("outside_links")

MOVED = {"/302/200": "/200", "/302/410": "/410"}


class Handler(BaseHTTPRequestHandler):
    """Answers with the status in the path; of several, one after the other."""

    asked: dict[str, int]

    def do_GET(self) -> None:
        number = self.asked[self.path] = self.asked.get(self.path, 0) + 1
        statuses = self.path.strip("/").split("/")[0].split(",")
        status = int(statuses[min(number, len(statuses)) - 1])
        if status == 0:  # no answer
            self.close_connection = True
            return
        self.send_response(status)
        if status == 302:
            self.send_header("Location", MOVED[self.path])
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def asked() -> dict[str, int]:
    return {}


@pytest.fixture
def server(asked: dict[str, int]) -> Iterator[str]:
    handler = type("Own", (Handler,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()
        thread.join()


def ask(address: str, tries: int = 3) -> tuple[str, str]:
    answer = outside_links.ask(address, seconds=10, tries=tries, pause=0)
    return answer.state, answer.reason


def test_states_of_answers(server: str, asked: dict[str, int]) -> None:
    assert ask(f"{server}/200") == ("ok", "")
    assert ask(f"{server}/302/200") == ("ok", "")
    assert ask(f"{server}/404") == ("dead", "status 404")
    assert ask(f"{server}/302/410") == ("dead", "status 410")
    assert ask(f"{server}/403") == ("unknown", "status 403")
    assert ask(f"{server}/500") == ("dead", "status 500")
    assert ask(f"{server}/0")[0] == "dead"
    # What is gone is not asked again.
    assert (asked["/404"], asked["/500"], asked["/0"]) == (1, 3, 3)


def test_a_server_that_recovers_is_not_dead(server: str) -> None:
    assert ask(f"{server}/503,0,200") == ("ok", "")
    assert ask(f"{server}/503,0,200/again", tries=2)[0] == "dead"


def test_a_host_that_refuses(refusing: str) -> None:
    state, reason = ask(refusing)
    assert state == "dead"
    assert "refused" in reason


def test_the_dead_ones_are_printed_with_what_names_them(
    server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = {f"{server}/{code}": ["docs/a.md", "x/y"] for code in (200, 403, 404)}
    code = outside_links.check(named, seconds=10, tries=1, pause=0)
    assert code == 1
    assert capsys.readouterr().out.splitlines() == [
        f"unknown: {server}/403 (status 403), in docs/a.md, x/y",
        f"dead: {server}/404 (status 404), in docs/a.md, x/y",
        "3 links: 1 ok, 1 unknown, 1 dead",
    ]
    assert (
        outside_links.check({f"{server}/200": ["a"]}, seconds=10, tries=1, pause=0) == 0
    )


def test_links_of_a_page_without_those_in_code() -> None:
    page = (
        "[a](https://a.test/x#y) <https://b.test> [c](c.md) ![d](http://d.test/d.png)\n"
        "`https://e.test`\n\n    https://f.test\n\n| [g](https://g.test) |\n|---|\n"
    )
    assert outside_links.of_page(page) == {
        "https://a.test/x#y", "https://b.test", "c.md", "http://d.test/d.png",
        "https://g.test",
    }  # fmt: skip


def test_addresses_of_nobody_are_not_asked() -> None:
    outside = outside_links.is_outside
    assert outside("https://cwe.mitre.org/data/definitions/89.html")
    for address in (
        "https://registry.example", "http://localhost:8000", "docs/a.md",
        "https://api.example.org/x", "mailto:a@b.c", "ftp://cwe.mitre.org",
    ):  # fmt: skip
        assert not outside(address), address


def test_pages_and_rules_are_collected() -> None:
    named = outside_links.collect()
    assert len(named) > 100
    names = {name for names in named.values() for name in names}
    assert "code/python-sql-injection" in names
    assert any(name.startswith("docs/") for name in names)
    assert not [address for address in named if "#" in address]


def test_a_workflow_asks_every_week_and_may_only_read() -> None:
    text = (ROOT / ".github" / "workflows" / "links.yml").read_text("utf-8")
    workflow = yaml.safe_load(text)
    assert set(workflow[True]) == {"schedule", "workflow_dispatch"}
    assert workflow["permissions"] == {}
    (job,) = workflow["jobs"].values()
    assert job["permissions"] == {"contents": "read"}
    assert job["steps"][-1]["run"] == ".venv/bin/python scripts/outside_links.py"
