"""Publishes the verdict as a status of the head commit, which a branch can require.

The check of a job counts only if the job ran, and on ``pull_request`` the change decides
whether it does.  A status is published by a job of the base's side.  Its name has the
target branch in it, so that the verdict for one branch does not count for another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from zt_gate.errors import UsageError
from zt_gate.forge.api_client import ApiError
from zt_gate.record import dataclass, replace
from zt_gate.reports import summary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.forge.api_client import ForgeClient
    from zt_gate.forge.github_event import Event
    from zt_gate.model.report import Report

State = Literal["pending", "success", "failure", "error"]
_STATES: dict[str, State] = {"pass": "success", "fail": "failure", "error": "error"}
_USUAL_NAME = "zt-gate"
_MAX_DESCRIPTION = 140
_FIX = "give the job statuses: write"


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """The status of one head; without a ``name`` nothing is published."""

    client: ForgeClient | None
    name: str
    repository: str
    head: str
    url: str = ""
    target: str = ""

    @classmethod
    def of(
        cls,
        name: str,
        environ: Mapping[str, str],
        client: ForgeClient | None,
        head: str,
    ) -> CommitStatus:
        """Return the status that the input ``status`` asks for; raises UsageError."""
        if name and client is None:
            raise UsageError("status needs the input token to publish it")
        if name and not name.isprintable():
            raise UsageError("status must be a printable name")
        repository = environ.get("GITHUB_REPOSITORY", "")
        server, run = (
            environ.get("GITHUB_SERVER_URL", ""),
            environ.get("GITHUB_RUN_ID", ""),
        )
        url = ""
        if server.startswith("https://") and run.isdecimal():
            url = f"{server}/{repository}/actions/runs/{run}"
        return cls(client, name, repository, head, url)

    def about(self, event: Event) -> CommitStatus:
        """Return the status of the head of an event; an approval always has one.

        The approval of a head is a run on the default branch, so only a status tells
        the pull request about it.
        """
        if event.kind != "approval":
            return replace(self, target=event.target)
        return replace(
            self,
            name=self.name or _USUAL_NAME,
            head=event.head,
            target=event.default_branch,
        )

    @property
    def context(self) -> str:
        """The full name: the input, and the target branch if it is known."""
        return f"{self.name}/{self.target}" if self.target else self.name

    def pending(self) -> list[str]:
        """Say that the head is being judged, which withdraws an older status."""
        return self._publish("pending", "zt-gate judges this commit")

    def verdict(self, report: Report, event: Event) -> list[str]:
        """Publish the verdict of a report; return the errors."""
        if event.kind not in {"pull", "queue", "approval"}:
            return []
        text = f"{report.verdict.value}: {', '.join(summary.verdict_facts(report))}"
        return self._publish(_STATES[report.verdict.value], text)

    def failed(self, reason: str) -> list[str]:
        """Publish that nothing could be judged; return the errors."""
        return self._publish("error", reason)

    def _publish(self, state: State, text: str) -> list[str]:
        if not self.name or self.client is None or not self.head:
            return []
        body = {
            "state": state,
            "context": self.context,
            "description": _shortened(text),
            **({"target_url": self.url} if self.url else {}),
        }
        path = f"/repos/{quote(self.repository)}/statuses/{self.head}"
        try:
            self.client.send("POST", path, body)
        except ApiError as error:
            return [f"the status could not be published: {error}; {_FIX}"]
        return []


def _shortened(text: str) -> str:
    if len(text) <= _MAX_DESCRIPTION:
        return text
    return text[: _MAX_DESCRIPTION - 1] + "…"
