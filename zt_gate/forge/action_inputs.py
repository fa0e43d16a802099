"""What a workflow says to the gate: the inputs of action.yml, which arrive as variables."""

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
_APPROVALS = ("false", "true", "always")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionInputs:
    """The inputs, checked.

    ``folder`` is where the reports go; ``approval`` whether a person must have
    approved: what an agent wrote ("true"), everything ("always"), or nothing.
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
    command: ReviewCommand = field(default_factory=ReviewCommand)


def read(environ: MutableMapping[str, str]) -> ActionInputs:
    """Return the inputs and take the token out of ``environ``, so that no child has it.

    Raises UsageError for an input that is not what it may be.
    """
    token = environ.pop(TOKEN, "")
    temp = environ.get("RUNNER_TEMP", "")
    if not temp:
        raise UsageError(
            "RUNNER_TEMP is not set: zt-gate ci github runs in a GitHub workflow"
        )
    approval = environ.get("ZT_APPROVAL", "").strip().lower() or "false"
    if approval not in _APPROVALS:
        raise UsageError(
            f"require-human-approval takes {', '.join(_APPROVALS)}, not {approval!a}"
        )
    return ActionInputs(
        folder=temp,
        token=token,
        profile=environ.get("ZT_PROFILE", "").strip(),
        fail_on=environ.get("ZT_FAIL_ON", "").strip(),
        task=environ.get("ZT_TASK", "").strip(),
        config=environ.get("ZT_CONFIG", "").strip(),
        labels=_several(environ, "ZT_LABELS", ","),
        accept=_several(environ, "ZT_ACCEPT", ", "),
        offline=_switch(environ, "ZT_OFFLINE", "offline", default=False),
        comment=_switch(environ, "ZT_COMMENT", "comment", default=True),
        sarif=_switch(environ, "ZT_SARIF", "sarif", default=False),
        approval=cast(ApprovalRequirement, approval),
        command=ReviewCommand.of(
            environ.get("ZT_REVIEW_COMMAND", ""),
            _several(environ, "ZT_REVIEW_ENVIRONMENT", ", "),
        ),
    )


def _several(environ: Mapping[str, str], name: str, marks: str) -> tuple[str, ...]:
    words = re.split(f"[{marks}\n\r]", environ.get(name, ""))
    return tuple(word.strip() for word in words if word.strip())


def _switch(environ: Mapping[str, str], name: str, what: str, *, default: bool) -> bool:
    word = environ.get(name, "").strip().lower()
    if word in {"true", "false", ""}:
        return word == "true" if word else default
    raise UsageError(f"the input {what} takes true or false, not {word!a}")
