"""Where a verdict goes in a workflow: outputs, the step summary, a comment, code scanning."""

from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from zt_gate.errors import GateError
from zt_gate.forge.api_client import ApiError
from zt_gate.reports import summary as words
from zt_gate.reports.markdown import MARKER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.forge.api_client import ForgeClient
    from zt_gate.forge.github_event import Event
    from zt_gate.model.report import Report

#: What the tokens of GitHub's own apps begin with; another belongs to a person.
_APP_TOKEN = "ghs_"  # noqa: S105 - a prefix


def counts(report: Report) -> dict[str, str]:
    """Return the outputs that say what was found."""
    count = words.counts(report)
    return {
        "verdict": report.verdict.value,
        "blocking": str(count.block),
        "warnings": str(count.warn),
        "agent": "true" if report.origin.ai else "false",
    }


def outputs(environ: Mapping[str, str], values: Mapping[str, str]) -> None:
    """Add outputs of the step; a later value replaces an earlier one.  Raises GateError."""
    rows = []
    for name, value in values.items():
        if "\n" in value or "\r" in value:
            raise GateError(f"the output {name} would hold a line break")
        rows.append(f"{name}={value}\n")
    _append(environ, "GITHUB_OUTPUT", "".join(rows).encode())


def summary(environ: Mapping[str, str], text: bytes) -> None:
    """Add to the page of the step.  Raises GateError."""
    _append(environ, "GITHUB_STEP_SUMMARY", text)


def _append(environ: Mapping[str, str], name: str, data: bytes) -> None:
    path = environ.get(name, "")
    try:
        with open(path, "ab") as file:
            file.write(data)
    except OSError as error:
        raise GateError(f"{name} cannot be written: {error.strerror}") from error


def comment(client: ForgeClient, event: Event, text: str) -> list[str]:
    """Write the one comment, or write it anew; return what went wrong, if anything.

    A comment is the gate's own where it begins with the marker and comes from the account that
    the token belongs to: anybody can write the marker.
    """
    top = f"/repos/{quote(event.repository)}/issues"
    try:
        mine = _mine(client)
        for item in client.pages(f"{top}/{event.number}/comments"):
            if _is_own(item, mine):
                client.send(
                    "PATCH", f"{top}/comments/{int(item['id'])}", {"body": text}
                )
                return []
        client.send("POST", f"{top}/{event.number}/comments", {"body": text})
    except ApiError as error:
        mend = "give the job pull-requests: write, or say comment: false"
        return [f"the comment could not be written: {error}; {mend}"]
    return []


def _mine(client: ForgeClient) -> str:
    """Return the login of a person's token, "" for an app's: those are bots."""
    if client.token.startswith(_APP_TOKEN):
        return ""
    try:
        user = client.get("/user")
    except ApiError as error:
        if error.status in {401, 403, 404}:
            return ""
        raise
    return user.get("login", "") if isinstance(user, dict) else ""


def _is_own(item: Any, mine: str) -> bool:
    if not isinstance(item, dict) or not isinstance(item.get("id"), int):
        return False
    user = item.get("user")
    if not isinstance(user, dict) or not str(item.get("body") or "").startswith(MARKER):
        return False
    return user.get("login") == mine if mine else user.get("type") == "Bot"


def sarif(client: ForgeClient, event: Event, ref: str, document: bytes) -> list[str]:
    """Hand the report to code scanning; return what went wrong, if anything."""
    packed = base64.b64encode(gzip.compress(document, mtime=0)).decode("ascii")
    body = {
        "commit_sha": event.head,
        "ref": ref,
        "sarif": packed,
        "tool_name": "zt-gate",
    }
    try:
        client.send(
            "POST", f"/repos/{quote(event.repository)}/code-scanning/sarifs", body
        )
    except ApiError as error:
        mend = "give the job security-events: write, or say sarif: false"
        return [f"code scanning did not take the report: {error}; {mend}"]
    return []
