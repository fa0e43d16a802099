"""Judges addresses that a tool of the client would fetch, as a command's are judged."""

from __future__ import annotations

from zt_gate.guard.commands.case import CommandCase
from zt_gate.guard.commands.network import host_of, judge_host
from zt_gate.guard.decision import Answer, Concern
from zt_gate.guard.masked_text import masked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.context import GuardContext
    from zt_gate.guard.shell.invocation import Invocation

_SCHEMES = frozenset(("http", "https", "ws", "wss"))


def judge_address(url: str, context: GuardContext) -> tuple[Concern, ...]:
    """Return what speaks against a request to an address."""
    text = url.strip()
    scheme, colons, _ = text.partition("://")
    host = host_of(text)
    if (
        (colons and scheme.lower() not in _SCHEMES)
        or not host
        or not text.isprintable()
    ):
        return (
            Concern(
                "network/address",
                Answer.DENY,
                "The address is no http or https address.",
                "Use the full address of a page.",
            ),
        )
    case = CommandCase(context, _no_text, _no_words)
    outside = judge_host(case, host, host)
    found = list(case.concerns.values())
    if outside and masked(url) != url:
        asks = context.asks and not context.task.is_narrow
        found.append(
            Concern(
                "network/secret-in-address",
                Answer.ASK if asks else Answer.DENY,
                f"The address at {host} contains what looks like a secret.",
                "Leave it out of the address.",
                f"network/secret-in-address {host}",
            )
        )
    return tuple(found)


def _no_text(_case: CommandCase, _text: str, _cwd: str | None, _host: str) -> None:
    """Do nothing: a request runs no text."""


def _no_words(_case: CommandCase, _invocation: Invocation) -> None:
    """Do nothing: a request starts no program."""
