"""Records at a receiver: each at least once, whatever ends the exporter."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.guard.test_log import TOKEN
from tests.guard.test_policy import places_in
from zt_gate.audit import chain, export, ocsf, otlp, receiver
from zt_gate.errors import GateError
from zt_gate.guard import log
from zt_gate.guard.policy import GuardPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zt_gate.guard.places import GuardPlaces

#: The command line with the places of a test, and small requests.
PROGRAM = """\
import sys
from zt_gate.guard import places
from zt_gate.audit import export
places.guard_places = lambda: places.GuardPlaces(*{places!r})
export.MOST_RECORDS = {size}
from zt_gate.commands import log_export
log_export._PAUSE = 0.05
from zt_gate.cli import main
sys.exit(main(sys.argv[1:]))
"""


class Receiver:
    """A server on loopback; ``answer`` decides the status of a request by its number.

    It stores what it gets, but for a request that gets the status 0 (and no answer).
    """

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.requests = 0
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[int], tuple[int, bytes]] = lambda _number: (200, b"{}")
        inner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inner.headers.append(dict(self.headers))
                inner.requests += 1
                status, text = inner.answer(inner.requests)
                if status == 0:
                    return
                inner.bodies.append(body)
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(text)))
                    self.send_header("Location", "/elsewhere")
                    self.end_headers()
                    self.wfile.write(text)
                except OSError:
                    return  # the exporter was killed

            def log_message(self, *_words: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1/traces"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for body in self.bodies for line in body.splitlines()]

    @property
    def hashes(self) -> list[str]:
        return [event["metadata"]["uid"] for event in self.events]


@pytest.fixture
def receiving() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Exporter:
    """The log of a guard, and processes that export it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.places: GuardPlaces = places_in(folder)
        home = Path(self.places.home)
        self.settings = home / ".config" / "zt-gate" / "config.toml"
        self.settings.parent.mkdir(parents=True)
        self.settings.write_text(
            f"[export.ocsf]\nurl = '{url}'\n[export.otlp]\nurl = '{url}'\n"
        )
        self.folder = folder

    def write(self, number: int, **fields: Any) -> list[str]:
        """Write lines, and return their hashes."""
        entry = {"event": "PreToolUse", "tool": "Bash", "answer": "silent", **fields}
        return [
            log.append(self.places, GuardPolicy(), {**entry, "number": one})
            for one in range(number)
        ]

    def start(self, *words: str, size: int = 500) -> subprocess.Popen[str]:
        given = (self.places.home, self.places.state, self.places.user_id,
                 self.places.managed)  # fmt: skip
        program = PROGRAM.format(places=given, size=size)
        options = words or ("--format", "ocsf", "--guard")
        return subprocess.Popen(
            [sys.executable, "-c", program, "log", "export", *options],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str]:
        with self.start(*words) as process:
            output, errors = process.communicate(timeout=180)
        return process.returncode, output + errors


@pytest.fixture
def exporter(tmp_path: Path, receiving: Receiver) -> Exporter:
    return Exporter(tmp_path, receiving.url)


def test_an_exporter_that_is_killed_loses_no_record(
    exporter: Exporter, receiving: Receiver
) -> None:
    """It is killed while the receiver has a request, before and after its answer."""
    written = exporter.write(60)
    running: list[subprocess.Popen[str]] = []

    def answer(number: int) -> tuple[int, bytes]:
        if number in {2, 3, 7}:
            running[-1].kill()
            return (200 if number == 7 else 0), b""  # 7: stored, never acknowledged
        if number == 5:
            return 0, b""
        if number == 9:
            threading.Timer(0.01, running[-1].kill).start()
        return 200, b""

    def is_done() -> bool:
        return set(written) <= set(receiving.hashes)

    receiving.answer = answer
    kills = 0
    deadline = time.monotonic() + 120
    try:
        while not is_done() and kills < 20 and time.monotonic() < deadline:
            running.append(
                exporter.start("--format", "ocsf", "--guard", "--follow", size=5)
            )
            while running[-1].poll() is None and not is_done():
                if time.monotonic() > deadline:
                    break
                time.sleep(0.05)
            if len(running) == 2:
                written += exporter.write(20)
            if running[-1].poll() is not None:
                assert running[-1].returncode == -signal.SIGKILL, running[
                    -1
                ].communicate()
                kills += 1
    finally:
        for process in running:
            process.kill()
            process.communicate()
    assert kills >= 3
    assert set(receiving.hashes) == set(written)
    assert len(receiving.hashes) > len(written), "what was not acknowledged came again"
    # Nothing is left for the next one but, at most, the last request.
    code, said = exporter.run()
    assert code == 0, said
    assert set(receiving.hashes) == set(written)


def test_the_cursor_moves_with_the_acknowledgement_alone(
    exporter: Exporter, receiving: Receiver
) -> None:
    written = exporter.write(3)
    for status in (500, 302, 401):
        receiving.answer = lambda _number, status=status: (status, b"")
        code, said = exporter.run()
        assert code == 3
        assert f"status {status}" in said
    receiving.answer = lambda _number: (204, b"")
    assert exporter.run() == (0, "3 records exported\n")
    assert receiving.hashes == written * 4
    assert exporter.run() == (0, "0 records exported\n")
    written += exporter.write(2)
    assert exporter.run() == (0, "2 records exported\n")
    assert receiving.hashes[-2:] == written[-2:]
    assert exporter.run("--format", "ocsf", "--guard", "--from-start")[0] == 0
    assert receiving.hashes[-5:] == written


def test_a_receiver_that_is_down_is_an_error(
    exporter: Exporter, receiving: Receiver
) -> None:
    exporter.write(1)
    receiving.server.shutdown()
    receiving.server.server_close()
    code, said = exporter.run()
    assert code == 3
    assert "did not take the records" in said


def test_files_that_were_closed_are_exported_in_order(
    exporter: Exporter, receiving: Receiver
) -> None:
    written = exporter.write(2)
    assert exporter.run()[0] == 0
    log.append(exporter.places, GuardPolicy(log_megabytes=0), {"event": "x"})
    written += exporter.write(2)
    assert exporter.run()[0] == 0
    assert [hash_ for hash_ in receiving.hashes if hash_ in written] == written
    assert [event["unmapped"]["event"] for event in receiving.events[2:4]] == [
        "continued", "x",
    ]  # fmt: skip


def test_a_log_that_was_rewritten_is_an_error(
    exporter: Exporter, receiving: Receiver
) -> None:
    exporter.write(2)
    assert exporter.run()[0] == 0
    file = Path(log.log_files(exporter.places)[0])
    first = file.read_bytes().splitlines(keepends=True)[0]
    file.write_bytes(first)
    code, said = exporter.run()
    assert code == 3
    assert "--from-start" in said
    file.write_bytes(first.replace(b"Bash", b"Read"))
    code, said = exporter.run("--format", "ocsf", "--guard", "--from-start")
    assert code == 3
    assert "was changed" in said


def test_no_secret_leaves(exporter: Exporter, receiving: Receiver) -> None:
    exporter.write(1, note=f"the value {TOKEN} slipped in")
    assert exporter.run()[0] == 0
    assert exporter.run("--format", "otlp", "--guard")[0] == 0
    assert len(receiving.bodies) == 2
    assert not [body for body in receiving.bodies if TOKEN.encode() in body]
    assert "[masked]" in receiving.events[0]["unmapped"]["note"]


def test_the_address_and_the_token_come_from_the_users_settings(
    exporter: Exporter, receiving: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter.write(1)
    settings = exporter.settings.read_text()
    exporter.settings.write_text(
        settings.replace("[export.otlp]", "token-variable = 'INGEST'\n[export.otlp]")
    )
    code, said = exporter.run()
    assert code == 2
    assert "INGEST has no token" in said
    monkeypatch.setenv("INGEST", "abc")
    assert exporter.run()[0] == 0
    assert receiving.headers[-1]["Authorization"] == "Bearer abc"
    exporter.settings.write_text("")
    code, said = exporter.run()
    assert code == 2
    assert "no receiver" in said
    wrong = ("http://siem.example/x", "https://u:p@siem.example/", "ftp://a", "x")
    for url in wrong:
        exporter.settings.write_text(f"[export.ocsf]\nurl = '{url}'\n")
        code, said = exporter.run()
        assert (code, "config.toml:2" in said) == (2, True), url


def test_a_file_is_a_receiver_too(exporter: Exporter, tmp_path: Path) -> None:
    written = exporter.write(2)
    target = tmp_path / "out.jsonl"
    exporter.settings.write_text(f"[export.ocsf]\nfile = '{target}'\n")
    assert exporter.run()[0] == 0
    written += exporter.write(1)
    assert exporter.run()[0] == 0
    lines = target.read_text().splitlines()
    assert [json.loads(line)["metadata"]["uid"] for line in lines] == written
    assert target.stat().st_mode & 0o777 == 0o600


def test_records_can_be_printed_without_a_receiver(exporter: Exporter) -> None:
    written = exporter.write(2)
    exporter.settings.unlink()
    code, said = exporter.run("--format", "ocsf", "--guard", "--print")
    assert code == 0
    uids = [json.loads(line)["metadata"]["uid"] for line in said.splitlines()]
    assert uids == written


def test_two_exporters_do_not_move_one_cursor(tmp_path: Path) -> None:
    cursor = str(tmp_path / "c.json")
    with (
        export.only_exporter(cursor),
        pytest.raises(GateError, match="another process"),
        export.only_exporter(cursor),
    ):
        pytest.fail("both have it")


def test_a_call_is_an_api_activity() -> None:
    entry = {
        "time": "2026-11-30T10:00:00Z", "user": "ada", "uid": 1000, "host": "h",
        "session": "s1", "client": "claude-code", "event": "PreToolUse", "tool": "Write",
        "actions": [{"kind": "WriteFile", "path": "a", "removes": True}],
        "answer": "deny", "seq": 4, "task": "develop",
        "concerns": [{"control": "files/emptied", "reason": "It empties a file."}],
    }  # fmt: skip
    event = json.loads(ocsf.line(entry, "f" * 64))
    assert (event["class_uid"], event["category_uid"]) == (6003, 6)
    assert (event["activity_id"], event["type_uid"]) == (4, 600304)
    assert (event["action_id"], event["disposition_id"]) == (2, 2)
    assert event["time"] == 1796032800000
    assert event["api"] == {"operation": "Write", "service": {"name": "claude-code"}}
    assert event["actor"]["user"] == {"name": "ada", "uid": "1000"}
    assert event["metadata"]["version"] == "1.8.0"
    assert event["metadata"]["profiles"] == ["security_control"]
    assert event["unmapped"]["task"] == "develop"
    changed = json.loads(ocsf.line({"event": "mcp-changed", "server": "n"}, "f" * 64))
    assert (changed["class_uid"], changed["type_uid"]) == (2004, 200401)
    assert changed["finding_info"]["uid"] == "f" * 64


def test_a_run_is_a_scan_activity() -> None:
    finding = {"rule": "secrets/x", "state": "active", "level": "block"}
    entry = {
        "time": "2026-11-30T10:00:00Z", "verdict": "fail", "source": "staged",
        "change": "c", "policy": {"profile": "strict", "digest": "d", "rev": "r"},
        "findings": [finding, {**finding, "state": "ignored"}],
    }  # fmt: skip
    event = json.loads(ocsf.line(entry, "a" * 64))
    assert (event["type_uid"], event["num_detections"]) == (600702, 1)
    assert event["scan"] == {"type_id": 99, "type": "staged", "uid": "c"}
    assert event["policy"] == {"name": "strict", "uid": "d", "version": "r"}
    error = json.loads(ocsf.line({**entry, "verdict": "error"}, "a" * 64))
    assert (error["activity_id"], error["status_id"]) == (6, 2)


def test_spans_are_those_of_the_protocol() -> None:
    """The official messages read them; the ids are hexadecimal in JSON."""
    entry = {"time": "2026-11-30T10:00:00Z", "tool": "Bash", "session": "s",
             "answer": "deny", "client": "codex", "host": "h", "seq": 2,
             "concerns": [{"control": "a/b"}]}  # fmt: skip
    body = json.loads(otlp.request([(entry, "ab" * 32), ({"event": "x"}, "cd" * 32)]))
    assert len(body["resourceSpans"]) == 2
    (span,) = body["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert span["name"] == "execute_tool Bash"
    assert (len(span["traceId"]), span["spanId"]) == (32, "ab" * 8)
    assert span["startTimeUnixNano"] == "1796032800000000000"
    assert span["status"] == {"code": 2}
    message = pytest.importorskip("opentelemetry.proto.collector.trace.v1."
                                  "trace_service_pb2")  # fmt: skip
    json_format = pytest.importorskip("google.protobuf.json_format")
    found = json_format.ParseDict(body, message.ExportTraceServiceRequest())
    read = found.resource_spans[0].scope_spans[0].spans[0]
    values = {item.key: item.value for item in read.attributes}
    assert values["gen_ai.tool.name"].string_value == "Bash"
    assert values["zt_gate.controls"].array_value.values[0].string_value == "a/b"


def test_a_receiver_that_rejects_spans_has_not_acknowledged_them() -> None:
    receiver.checked_partial_success(b"")
    receiver.checked_partial_success(b'{"partialSuccess": {}}')
    for answer in (b'{"partialSuccess": {"rejectedSpans": "2"}}', b"<html>"):
        with pytest.raises(receiver.ReceiverError):
            receiver.checked_partial_success(answer)


def test_the_log_of_the_runs_is_exported(
    exporter: Exporter, receiving: Receiver
) -> None:
    path = exporter.folder / "runs.jsonl"
    entry = {"time": "2026-11-30T10:00:00Z", "verdict": "pass", "findings": []}
    hashes = [chain.append(path, entry) for _ in range(2)]
    assert exporter.run(str(path), "--format", "ocsf") == (0, "2 records exported\n")
    assert receiving.hashes == hashes
    assert os.listdir(os.path.dirname(exporter.places.state))
