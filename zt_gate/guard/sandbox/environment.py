"""The environment of a sandboxed command: little passes, and no long-lived credential."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: The prefix of variables that a person meant for agents (``[guard] environment-prefix``).
DEFAULT_PREFIX = "AI_ACCESSIBLE_"
_HARMLESS = frozenset(
    (
        "COLORTERM", "COLUMNS", "FORCE_COLOR", "LANG", "LANGUAGE", "LINES", "LOGNAME",
        "NO_COLOR", "SHELL", "TERM", "TERM_PROGRAM", "TZ", "USER", "CI",
    )
)  # fmt: skip


class CredentialPassesError(Exception):
    """A variable that would pass holds a long-lived credential; the text names it."""


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """The variables that pass, and the names of those that do not."""

    passed: Mapping[str, str]
    dropped: tuple[str, ...]


def scrubbed(
    environ: Mapping[str, str],
    *,
    client_variables: frozenset[str],
    is_credential: Callable[[str], bool],
    prefix: str = DEFAULT_PREFIX,
    strip_prefix: bool = False,
) -> Scrubbed:
    """Return what passes of an environment; raises CredentialPassesError.

    ``client_variables`` are those by which the client itself reaches its model: they pass
    as they are.  ``is_credential`` recognises the value of a long-lived credential.
    """
    passed: dict[str, str] = {}
    dropped = []
    for name, value in environ.items():
        is_meant = bool(prefix) and name.startswith(prefix) and name != prefix
        if name in client_variables:
            passed[name] = value
        elif name in _HARMLESS or name.startswith("LC_") or is_meant:
            if is_credential(value):
                raise CredentialPassesError(
                    f"the variable {name} holds a long-lived credential, and would be seen "
                    f"by the agent: give it a short-lived one, or unset {name}"
                )
            passed[name.removeprefix(prefix) if is_meant and strip_prefix else name] = (
                value
            )
        else:
            dropped.append(name)
    return Scrubbed(passed, tuple(sorted(dropped)))
