"""Reads the inputs of action.yml from environment variables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast

from zt_gate.errors import UsageError
from zt_gate.forge.review_command import ReviewCommand

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
    command: ReviewCommand = field(default_factory=ReviewCommand)


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
    approval = environ.get("ZT_APPROVAL", "").strip().lower() or "false"
    if approval not in _APPROVAL_REQUIREMENTS:
        choices = ", ".join(_APPROVAL_REQUIREMENTS)
        raise UsageError(
            f"require-human-approval must be one of {choices}, not {approval!a}"
        )
    return ActionInputs(
        folder=temp,
        token=token,
        profile=environ.get("ZT_PROFILE", "").strip(),
        fail_on=environ.get("ZT_FAIL_ON", "").strip(),
        task=environ.get("ZT_TASK", "").strip(),
        config=environ.get("ZT_CONFIG", "").strip(),
        labels=_list(environ, "ZT_LABELS", ","),
        accept=_list(environ, "ZT_ACCEPT", ", "),
        offline=_switch(environ, "ZT_OFFLINE", "offline", default=False),
        comment=_switch(environ, "ZT_COMMENT", "comment", default=True),
        sarif=_switch(environ, "ZT_SARIF", "sarif", default=False),
        approval=cast(ApprovalRequirement, approval),
        status=environ.get("ZT_STATUS", "").strip(),
        command=ReviewCommand.of(
            environ.get("ZT_REVIEW_COMMAND", ""),
            _list(environ, "ZT_REVIEW_ENVIRONMENT", ", "),
        ),
    )


def _list(environ: Mapping[str, str], name: str, separators: str) -> tuple[str, ...]:
    parts = re.split(f"[{separators}\n\r]", environ.get(name, ""))
    values = (part.strip() for part in parts)
    return tuple(value for value in values if value)


def _switch(
    environ: Mapping[str, str], name: str, input_name: str, *, default: bool
) -> bool:
    value = environ.get(name, "").strip().lower()
    if not value:
        return default
    if value not in {"true", "false"}:
        raise UsageError(f"the input {input_name} must be true or false, not {value!a}")
    return value == "true"
