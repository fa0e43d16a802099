"""Records as OpenTelemetry spans: a request of OTLP over HTTP, in JSON.

A call of an agent is a span ``execute_tool`` (semantic conventions for generative AI,
which are still in development); the spans of a session have one trace.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zt_gate import __version__
from zt_gate.audit.ocsf import controls, milliseconds
from zt_gate.system.digests import sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MEDIA_TYPE = "application/json"
_INTERNAL, _ERROR = 1, 2
#: Fields of a record that a span has as text.
_FIELDS = ("client", "event", "answer", "grade", "task", "root", "agent", "policy",
           "server", "by", "reason", "verdict", "source", "change", "revision")  # fmt: skip


def request(found: Iterable[tuple[Mapping[str, Any], str]]) -> bytes:
    """Return the body of a request with entries and their hashes."""
    spans = [(entry, _span(entry, own_hash)) for entry, own_hash in found]
    by_host: dict[str, list[dict[str, Any]]] = {}
    for entry, span in spans:
        by_host.setdefault(str(entry.get("host", "")), []).append(span)
    groups = [
        {
            "resource": {
                "attributes": _attributes(
                    {
                        "service.name": "zt-gate",
                        "service.version": __version__,
                        **({"host.name": host} if host else {}),
                    }
                )
            },
            "scopeSpans": [
                {"scope": {"name": "zt_gate", "version": __version__}, "spans": group}
            ],
        }
        for host, group in by_host.items()
    ]
    body = json.dumps({"resourceSpans": groups}, separators=(",", ":"))
    return body.encode("ascii")


def _span(entry: Mapping[str, Any], own_hash: str) -> dict[str, Any]:
    time = str(milliseconds(entry) * 1_000_000)
    tool = str(entry.get("tool") or "")
    trace = str(entry.get("session") or entry.get("change") or own_hash)
    span: dict[str, Any] = {
        "traceId": sha256(f"zt-gate trace {trace}".encode())[:32],
        "spanId": own_hash[:16],
        "name": _name(entry, tool),
        "kind": _INTERNAL,
        "startTimeUnixNano": time,
        "endTimeUnixNano": time,
        "attributes": _attributes(_values(entry, own_hash, tool)),
    }
    if entry.get("answer") == "deny" or entry.get("verdict") in {"fail", "error"}:
        span["status"] = {"code": _ERROR}
    return span


def _name(entry: Mapping[str, Any], tool: str) -> str:
    if tool:
        return f"execute_tool {tool}"
    return "zt_gate.scan" if "verdict" in entry else f"zt_gate.{entry.get('event', '')}"


def _values(entry: Mapping[str, Any], own_hash: str, tool: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        "zt_gate.hash": own_hash,
        "zt_gate.prev": str(entry.get("prev", "")),
        "zt_gate.seq": entry.get("seq", 0),
    }
    if tool:
        values["gen_ai.operation.name"] = "execute_tool"
        values["gen_ai.tool.name"] = tool
        values["gen_ai.conversation.id"] = str(entry.get("session", ""))
        values["gen_ai.agent.name"] = str(entry.get("client", ""))
    if entry.get("user"):
        values["user.name"] = str(entry["user"])
    for name in _FIELDS:
        value = entry.get(name)
        if value not in (None, "", {}):
            text = value if isinstance(value, str) else json.dumps(value)
            values[f"zt_gate.{name}"] = text
    named = controls(entry)
    if named:
        values["zt_gate.controls"] = named
    return values


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": str(value)}
