"""Roles of words that run, send or fetch: read only where a command has them."""

from __future__ import annotations

from zt_gate.guard.commands import (
    code_text,
    containers,
    files,
    git,
    git_settings,
    network,
    programs,
    small_roles,
    text_programs,
)
from zt_gate.guard.shell.words import UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.commands.spot import Spot
    from zt_gate.guard.shell.invocation import Invocation
    from zt_gate.guard.shell.words import CommandWord


def judge(spot: Spot) -> None:
    """Judge a word by its role; raises KeyError for a role that no handler has."""
    if spot.role.startswith("code:"):
        code_text.judge(spot.case, spot.invocation, spot.text)
    elif spot.role.startswith("docker-"):
        containers.option(spot)
    else:
        ROLES[spot.role](spot)


def _script(spot: Spot) -> None:
    if not spot.word.is_known:
        spot.add("run/undecided", spot.named)
        return
    spot.case.script(spot.text, spot.invocation, spot.named)
    spot.add("run/command-option", spot.named)


def _script_note(spot: Spot) -> None:
    """Judge code in a language that no rule reads."""
    spot.add("run/unread-code", spot.named)
    for part in spot.text.replace("\n", ";").split(";"):
        if part.strip().startswith("spawn "):
            spot.case.script(
                part.strip().removeprefix("spawn "), spot.invocation, "expect"
            )
    code_text.judge(spot.case, spot.invocation, spot.text)


def _git_program(spot: Spot) -> None:
    _script(spot)
    spot.add("gate/git-runs-program")


def _host(spot: Spot) -> None:
    host = network.host_of(spot.text)
    if network.is_loopback(host):
        spot.add("network/own-shell")
    else:
        network.judge_host(spot.case, host, spot.text, "network/remote-shell")


def _database(spot: Spot) -> None:
    text = spot.text
    if UNKNOWN in text or text.startswith("/"):
        return
    if spot.role == "db-url" and "://" not in text:
        return
    network.judge_host(spot.case, network.host_of(text), text, "network/database")


def _index(spot: Spot) -> None:
    if not network.is_loopback(network.host_of(spot.text)):
        spot.add("install/source-changed")


def _read_or_url(spot: Spot) -> None:
    if "://" in spot.text:
        network.url(spot.case, spot.invocation, spot.word)
        spot.add("run/foreign-code")
    elif spot.text != "-":
        files.judge(spot.case, spot.invocation, "read", spot.word)


def _socket(spot: Spot) -> None:
    files.judge(spot.case, spot.invocation, "read", spot.word)
    spot.add("network/local-socket")


def _url_list(spot: Spot) -> None:
    files.judge(spot.case, spot.invocation, "read", spot.word)
    spot.add("network/undecided")


def _config_env(spot: Spot) -> None:
    name = spot.text.partition("=")[0]
    git_settings.setting(spot.case, spot.invocation, name, UNKNOWN, stays=False)
    spot.add("gate/git-config-variables")


def _adds(control: str) -> Callable[[Spot], None]:
    return lambda spot: spot.add(control)


def _as(
    judge_word: Callable[[CommandCase, Invocation, CommandWord], object],
) -> Callable[[Spot], None]:
    """Return a handler for a function of case, invocation and word."""

    def handler(spot: Spot) -> None:
        judge_word(spot.case, spot.invocation, spot.word)

    return handler


ROLES: Mapping[str, Callable[[Spot], None]] = {
    **small_roles.ROLES,
    "url": _as(network.url),
    "archive": lambda spot: containers.archive(
        spot.case, spot.invocation, spot.reading, spot.word
    ),
    "script": _script,
    "script-note": _script_note,
    "run": programs.run_role,
    "run-module": programs.run_role,
    "run-or-url": programs.run_role,
    "sed": _as(text_programs.sed),
    "awk": _as(text_programs.awk),
    "jq": lambda spot: text_programs.jq(spot.case, spot.word),
    "sqlite": _as(text_programs.sqlite),
    "sql": _as(text_programs.sql),
    "download": _as(network.download),
    "proxy": lambda spot: network.proxy(spot.case, spot.word),
    "host": _host,
    "db-host": _database,
    "db-url": _database,
    "resolve": _adds("network/redirected"),
    "socket": _socket,
    "socat": _as(network.socat),
    "dns": lambda spot: network.dns(spot.case, spot.word),
    "httpie": _as(network.httpie),
    "remote-from": lambda spot: network.remote(
        spot.case, spot.invocation, spot.word, sends=False
    ),
    "remote-to": lambda spot: network.remote(
        spot.case, spot.invocation, spot.word, sends=True
    ),
    "url-list": _url_list,
    "index": _index,
    "read-or-url": _read_or_url,
    "address-or-path": _adds("run/foreign-code"),
    "loads": lambda spot: spot.add("variables/loads-code", f"{spot.option} {spot.text}"),
    "git-folder": _adds("gate/git-folder"),
    "git-exec-path": _adds("gate/git-folder"),
    "git-remote": _as(git.remote),
    "git-address": _as(git.address),
    "git-config": _as(git_settings.one_setting),
    "git-config-env": _config_env,
    "git-program": _git_program,
    "git-strategy": lambda spot: git.strategy(spot.case, spot.word),
    "git-fetch-ref": lambda spot: git.symbolic_fetch(spot.case, spot.word),
}  # fmt: skip
