"""Reads the inputs of action.yml from environment variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, cast

from zt_gate.errors import UsageError
from zt_gate.record import dataclass, field
from zt_gate.review.review_command import ReviewCommand

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

ApprovalRequirement = Literal["false", "true", "always"]

TOKEN = "ZT_TOKEN"  # noqa: S105 - the variable's name
_APPROVAL_REQUIREMENTS = ("false", "true", "always")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionInputs:
    """The validated inputs.

    ``folder`` is the folder for the reports.  ``approval`` says which changes require
    the approval of a person: those of an agent ("true"), all ("always") or none
    ("false").  ``status`` is the name of the status of the head, "" for none.
    ``approved_head`` is the commit that a project's only maintainer approved in a
    variable of the repository.
    """

    folder: str
    token: str = field(default="", repr=False)
    profile: str = ""
    fail_on: str = ""
    task: str = ""
    config: str = ""
    labels: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    offline: bool = False
    comment: bool = True
    sarif: bool = False
    approval: ApprovalRequirement = "false"
    status: str = ""
    approved_head: str = ""
    command: ReviewCommand = field(default_factory=ReviewCommand)


#: The inputs whose values depend on the base's workflow, and their variables.
VARIABLES = {
    "labels": "ZT_LABELS",
    "profile": "ZT_PROFILE",
    "fail-on": "ZT_FAIL_ON",
    "sarif": "ZT_SARIF",
    "comment": "ZT_COMMENT",
    "task": "ZT_TASK",
    "offline": "ZT_OFFLINE",
    "config": "ZT_CONFIG",
    "accept": "ZT_ACCEPT",
    "require-human-approval": "ZT_APPROVAL",
    "status": "ZT_STATUS",
    "approved-head": "ZT_APPROVED_HEAD",
    "review-command": "ZT_REVIEW_COMMAND",
    "review-environment": "ZT_REVIEW_ENVIRONMENT",
}


def read(environ: MutableMapping[str, str]) -> ActionInputs:
    """Return the inputs and remove the token from ``environ``, which children inherit.

    Raises UsageError for an invalid input.
    """
    token = environ.pop(TOKEN, "")
    temp = environ.get("RUNNER_TEMP", "")
    if not temp:
        raise UsageError(
            "RUNNER_TEMP is not set; run zt-gate ci github in a GitHub workflow"
        )
    return _of(texts(environ), temp, token)


def texts(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the inputs by name, as the workflow gives them."""
    return {name: environ.get(variable, "") for name, variable in VARIABLES.items()}


def with_values(inputs: ActionInputs, values: Mapping[str, str]) -> ActionInputs:
    """Return the inputs with other values; raises UsageError for an invalid one."""
    return _of(values, inputs.folder, inputs.token)


def _of(values: Mapping[str, str], folder: str, token: str) -> ActionInputs:
    approval = values["require-human-approval"].strip().lower() or "false"
    if approval not in _APPROVAL_REQUIREMENTS:
        choices = ", ".join(_APPROVAL_REQUIREMENTS)
        raise UsageError(
            f"require-human-approval must be one of {choices}, not {approval!a}"
        )
    return ActionInputs(
        folder=folder,
        token=token,
        profile=values["profile"].strip(),
        fail_on=values["fail-on"].strip(),
        task=values["task"].strip(),
        config=values["config"].strip(),
        labels=_list(values["labels"], ","),
        accept=_list(values["accept"], ", "),
        offline=_switch(values, "offline", default=False),
        comment=_switch(values, "comment", default=True),
        sarif=_switch(values, "sarif", default=False),
        approval=cast("ApprovalRequirement", approval),
        status=values["status"].strip(),
        approved_head=values["approved-head"].strip(),
        command=ReviewCommand.of(
            values["review-command"], _list(values["review-environment"], ", ")
        ),
    )


def _list(text: str, separators: str) -> tuple[str, ...]:
    parts = re.split(f"[{separators}\n\r]", text)
    return tuple(part.strip() for part in parts if part.strip())


def _switch(values: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = values[name].strip().lower()
    if not value:
        return default
    if value not in {"true", "false"}:
        raise UsageError(f"the input {name} must be true or false, not {value!a}")
    return value == "true"
