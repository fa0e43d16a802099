"""Records as events of the Open Cybersecurity Schema Framework, one JSON line each.

A call of an agent is an API Activity (6003) with the profile security_control, a run of
the gate a Scan Activity (6007), and what a person should look at (an incident, a changed
MCP server) a Detection Finding (2004).
"""

from __future__ import annotations

import calendar
import json
import time
from typing import TYPE_CHECKING, Any

from zt_gate import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "1.8.0"
MEDIA_TYPE = "application/x-ndjson"
_API, _SCAN, _FINDING = 6003, 6007, 2004
_OTHER = 99
_ALERTS = {"incident": "Incident reported", "mcp-changed": "MCP server changed"}
#: Kinds of actions -> activity of API Activity: read, update.
_ACTIVITIES = {"ReadFile": 2, "WriteFile": 3}
_DELETE = 4
#: Answer -> action and disposition: denied and blocked, other, allowed.
_ANSWERS = {"deny": (2, 2), "ask": (_OTHER, _OTHER), "silent": (1, 1)}
_SEVERITIES = {"information": 1, "low": 2, "medium": 3, "high": 4}
#: Fields that have a place of their own in an event.
_MAPPED = frozenset(("time", "host", "user", "uid", "session", "tool", "client"))


def line(entry: Mapping[str, Any], own_hash: str) -> bytes:
    """Return the event of an entry; its ``metadata.uid`` is the hash of the record."""
    if "verdict" in entry:
        event = _scan(entry)
    elif entry.get("event") in _ALERTS:
        event = _finding(entry, own_hash)
    else:
        event = _call(entry)
    event["type_uid"] = event["class_uid"] * 100 + event["activity_id"]
    event["category_uid"] = event["class_uid"] // 1000
    event["time"] = milliseconds(entry)
    event["metadata"] = {
        "version": VERSION,
        "uid": own_hash,
        "sequence": entry.get("seq", 0),
        "product": {
            "name": "zt-gate",
            "vendor_name": "zt-gate",
            "version": __version__,
        },
        "log_name": "zt-gate audit chain",
        "profiles": event.pop("profiles", []),
    }
    event["unmapped"] = {
        key: value for key, value in entry.items() if key not in _MAPPED
    }
    return json.dumps(event, separators=(",", ":")).encode("ascii") + b"\n"


def milliseconds(entry: Mapping[str, Any]) -> int:
    """Return the time of an entry since the epoch, 0 for one without."""
    try:
        parsed = time.strptime(str(entry.get("time")), "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return 0
    return calendar.timegm(parsed) * 1000


def controls(entry: Mapping[str, Any]) -> list[str]:
    """Return the controls of an entry's concerns, each once."""
    concerns = entry.get("concerns")
    rows = concerns if isinstance(concerns, list) else []
    names = [str(row.get("control")) for row in rows if isinstance(row, dict)]
    return list(dict.fromkeys(names))


def _call(entry: Mapping[str, Any]) -> dict[str, Any]:
    answer = str(entry.get("answer", "silent"))
    action, disposition = _ANSWERS.get(answer, (_OTHER, _OTHER))
    is_denied = answer == "deny"
    return {
        "class_uid": _API,
        "activity_id": _activity(entry),
        "severity_id": _SEVERITIES["medium" if is_denied else "information"],
        "status_id": 2 if is_denied else 1,
        "action_id": action,
        "action": {1: "Allowed", 2: "Denied"}.get(action, answer),
        "disposition_id": disposition,
        "disposition": {1: "Allowed", 2: "Blocked"}.get(disposition, answer),
        "is_alert": is_denied,
        "message": _message(entry),
        "actor": _actor(entry),
        "api": {
            "operation": str(entry.get("tool") or entry.get("event") or "unknown"),
            "service": {"name": str(entry.get("client") or "zt-gate")},
        },
        "src_endpoint": {"hostname": str(entry.get("host") or "localhost")},
        "profiles": ["security_control"],
    }


def _activity(entry: Mapping[str, Any]) -> int:
    actions = entry.get("actions")
    rows = actions if isinstance(actions, list) else []
    kinds = set()
    for row in rows:
        kind = str(row.get("kind")) if isinstance(row, dict) else ""
        is_removal = kind == "WriteFile" and row.get("removes")
        kinds.add(_DELETE if is_removal else _ACTIVITIES.get(kind, _OTHER))
    return kinds.pop() if len(kinds) == 1 else _OTHER


def _message(entry: Mapping[str, Any]) -> str:
    concerns = entry.get("concerns")
    rows = concerns if isinstance(concerns, list) else []
    reasons = [str(row.get("reason")) for row in rows if isinstance(row, dict)]
    event = f"{entry.get('event', '')} {entry.get('tool', '')}".strip()
    return f"{event}: {reasons[0]}" if reasons else event


def _actor(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "user": {
            "name": str(entry.get("user") or entry.get("by") or "unknown"),
            "uid": str(entry.get("uid", "")),
        },
        "session": {"uid": str(entry.get("session", ""))},
        "app_name": str(entry.get("client") or "zt-gate"),
    }


def _finding(entry: Mapping[str, Any], own_hash: str) -> dict[str, Any]:
    kind = str(entry.get("event"))
    return {
        "class_uid": _FINDING,
        "activity_id": 1,
        "severity_id": _SEVERITIES["high"],
        "status_id": 1,
        "is_alert": True,
        "message": _ALERTS[kind],
        "finding_info": {
            "uid": own_hash,
            "title": _ALERTS[kind],
            "desc": str(entry.get("saw") or entry.get("server") or ""),
            "types": [kind],
        },
    }


def _scan(entry: Mapping[str, Any]) -> dict[str, Any]:
    verdict = str(entry["verdict"])
    findings = entry.get("findings")
    rows = findings if isinstance(findings, list) else []
    blocking = [
        row
        for row in rows
        if isinstance(row, dict)
        and (row.get("state"), row.get("level")) == ("active", "block")
    ]
    policy = entry.get("policy")
    about = policy if isinstance(policy, dict) else {}
    severity = {"pass": "information", "error": "medium"}.get(verdict, "high")
    return {
        "class_uid": _SCAN,
        "activity_id": 6 if verdict == "error" else 2,
        "severity_id": _SEVERITIES[severity],
        "status_id": 2 if verdict == "error" else 1,
        "status_detail": verdict,
        "message": f"zt-gate scan of {entry.get('source', '')}: {verdict}",
        "num_detections": len(blocking),
        "scan": {
            "type_id": _OTHER,
            "type": str(entry.get("source", "")),
            "uid": str(entry.get("change", "")),
        },
        "policy": {
            "name": str(about.get("profile", "")),
            "uid": str(about.get("digest", "")),
            "version": str(about.get("rev", "")),
        },
    }
