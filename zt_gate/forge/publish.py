"""Publishes the result in a workflow: outputs, step summary, comment, code scanning."""

from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from zt_gate.errors import GateError, UsageError
from zt_gate.forge.api_client import ApiError
from zt_gate.reports import summary as report_summary
from zt_gate.reports.markdown import MARKER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.forge.api_client import ForgeClient
    from zt_gate.forge.github_event import Event
    from zt_gate.model.report import Report

#: Prefix of the tokens of GitHub apps; other tokens belong to people.
_APP_TOKEN = "ghs_"  # noqa: S105 - a prefix


def counts(report: Report) -> dict[str, str]:
    """Return the step outputs with the verdict and the counts."""
    count = report_summary.counts(report)
    return {
        "verdict": report.verdict.value,
        "blocking": str(count.block),
        "warnings": str(count.warn),
        "agent": "true" if report.origin.ai else "false",
    }


def outputs(environ: Mapping[str, str], values: Mapping[str, str]) -> None:
    """Write step outputs; a later value replaces an earlier one.

    Raises GateError, and UsageError outside of a workflow.
    """
    rows = []
    for name, value in values.items():
        if "\n" in value or "\r" in value:
            raise GateError(f"the value of the output {name} contains a line break")
        rows.append(f"{name}={value}\n")
    _append(environ, "GITHUB_OUTPUT", "".join(rows).encode())


def summary(environ: Mapping[str, str], text: bytes) -> None:
    """Append to the step summary.  Raises GateError, UsageError outside of a workflow."""
    _append(environ, "GITHUB_STEP_SUMMARY", text)


def _append(environ: Mapping[str, str], name: str, data: bytes) -> None:
    path = environ.get(name, "")
    if not path:
        raise UsageError(
            f"{name} is not set; run zt-gate ci github in a GitHub workflow, "
            "or elsewhere: zt-gate scan --base REV"
        )
    try:
        with open(path, "ab") as file:
            file.write(data)
    except OSError as error:
        raise GateError(f"{name} cannot be written: {error.strerror}") from error


def comment(client: ForgeClient, event: Event, text: str) -> list[str]:
    """Create or update the gate's comment; return the errors.

    A comment is the gate's own if it begins with the marker and its author is the
    account of the token: anybody can write the marker.
    """
    issues = f"/repos/{quote(event.repository)}/issues"
    comments = f"{issues}/{event.number}/comments"
    body = {"body": text}
    try:
        login = _token_login(client)
        for item in client.pages(comments):
            if _is_own(item, login):
                client.send("PATCH", f"{issues}/comments/{int(item['id'])}", body)
                return []
        client.send("POST", comments, body)
    except ApiError as error:
        fix = "give the job pull-requests: write, or set comment: false"
        return [f"the comment could not be written: {error}; {fix}"]
    return []


def _token_login(client: ForgeClient) -> str:
    """Return the login of the token's user, "" for an app's token."""
    if client.token.startswith(_APP_TOKEN):
        return ""
    try:
        user = client.get("/user")
    except ApiError as error:
        if error.status in {401, 403, 404}:
            return ""
        raise
    if not isinstance(user, dict):
        return ""
    login: str = user.get("login", "")
    return login


def _is_own(item: Any, login: str) -> bool:
    if not isinstance(item, dict) or not isinstance(item.get("id"), int):
        return False
    user = item.get("user")
    if not isinstance(user, dict) or not str(item.get("body") or "").startswith(MARKER):
        return False
    if login:
        return user.get("login") == login
    return user.get("type") == "Bot"


def sarif(client: ForgeClient, event: Event, ref: str, document: bytes) -> list[str]:
    """Upload the report to code scanning; return the errors."""
    packed = base64.b64encode(gzip.compress(document, mtime=0)).decode("ascii")
    body = {
        "commit_sha": event.head,
        "ref": ref,
        "sarif": packed,
        "tool_name": "zt-gate",
    }
    path = f"/repos/{quote(event.repository)}/code-scanning/sarifs"
    try:
        client.send("POST", path, body)
    except ApiError as error:
        fix = "give the job security-events: write, or set sarif: false"
        return [f"the upload to code scanning failed: {error}; {fix}"]
    return []
