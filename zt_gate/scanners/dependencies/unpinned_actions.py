"""Check whether a workflow pins an action to a full commit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems import ecosystem_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zt_gate.ecosystems.manifests.base import Dependency


#: The forge's own actions: who can move their tags can change the runner as well.
_FORGE = "actions/"
_VERSION_TAG = lazy_re.compile(r"v\d{1,4}(?:\.\d{1,4}){0,2}")
_USE = lazy_re.compile(
    rb"^[ \t-]{0,60}[\"']?uses[\"']?:[ \t]*[\"']?actions/[\w./-]{1,100}@([\w./-]{1,100})",
    re.MULTILINE,
)
_COMMIT = lazy_re.compile(rb"[0-9a-f]{40}|[0-9a-f]{64}")
_MAX_WORKFLOWS = 60
#: From so many uses on, and none by commit, tags are the project's habit.
_LEAST_USES = 2


def is_version_of_forge(entry: Dependency) -> bool:
    """Whether this is an action of the forge itself, by the tag of a version."""
    is_tag = _VERSION_TAG.fullmatch(entry.constraint) is not None
    return entry.name.startswith(_FORGE) and is_tag


def project_uses_tags(
    trusted: Callable[[bytes], bytes | None], paths: Iterable[bytes]
) -> bool:
    """Whether the workflows of the trusted side name the forge's actions by tag alone."""
    workflows = [
        path
        for path in paths
        if path.startswith(b".github/workflows/") and path.endswith((b".yml", b".yaml"))
    ]
    uses = [
        use
        for path in workflows[:_MAX_WORKFLOWS]
        for use in _USE.findall(trusted(path) or b"")
    ]
    return len(uses) >= _LEAST_USES and not any(map(_COMMIT.fullmatch, uses))


def unpinned_message(entry: Dependency) -> str:
    """Return the message for an action that a tag or branch names, "" for a pinned one."""
    pin_pattern = ecosystem_named(entry.ecosystem).pin_pattern
    if not pin_pattern or re.match(pin_pattern, entry.constraint):
        return ""
    action = f"{entry.name}@{entry.constraint}" if entry.constraint else entry.name
    return (
        f"{ascii(action)[1:-1]} is not pinned to a full commit hash:"
        " its owner can change the code that runs"
    )
