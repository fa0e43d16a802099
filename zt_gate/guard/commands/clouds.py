"""Judges the clients of clouds by their words."""

from __future__ import annotations

from zt_gate.guard.commands import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.commands.reading import Reading
    from zt_gate.guard.shell.invocation import Invocation

_CLOUD_READS = frozenset(
    (
        "get",
        "list",
        "ls",
        "describe",
        "show",
        "info",
        "status",
        "logs",
        "log",
        "version",
        "--version",
        "whoami",
        "tail",
        "search",
        "query",
        "head",
        "view",
        "ps",
        "--help",
        "help",
        "inspect",
        "check",
        "validate",
        "releases",
        "apps",
    )
)
_CLOUD_SECRETS = (
    "get-secret-value",
    "get-parameter",
    "decrypt",
    "print-access-token",
    "print-identity-token",
    "get-access-token",
    "get-session-token",
    "assume-role",
    "get-authorization-token",
    "get-login-password",
    "export-credentials",
    "secrets versions access",
    "keyvault secret",
    "account keys",
    "keys list",
    "credentials",
    "config:get",
    "auth:token",
    "create-access-key",
    "get-federation-token",
    "secret",
    "auth-token",
    "keys create",
    "heroku config",
    "config:get",
    "env pull",
    "env:pull",
    "config vars",
    "configure get",
    "configure export",
    "service-account-keys",
    "auth token",
    "ssh-keys",
    "access-keys",
)
_CLOUD_DESTROYS = (
    "delete",
    "destroy",
    "terminate",
    "remove",
    "rm",
    "rb",
    "purge",
    "drop",
    "deregister",
    "apps:destroy",
    "pg:reset",
    "detach",
)


def cloud(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge a cloud's client by its words: reading, credentials, changing, destroying."""
    words = [word.text for word in reading.arguments]
    joined = " ".join([invocation.program, *words[:5]]).lower()
    case.sends_outside = True
    if (
        any(part in joined for part in _CLOUD_SECRETS)
        and "secretsmanager list" not in joined
    ):
        case.add("credentials/tool", joined)
        return
    verbs = [
        part for word in words[:4] for part in word.lower().replace(":", " ").split()
    ]
    heads = {verb.partition("-")[0] for verb in verbs} | set(verbs)
    if heads & set(_CLOUD_DESTROYS):
        case.add("deploy/destroys", joined)
    elif {"cp", "sync", "mv", "put", "upload", "rsync"} & set(verbs):
        _cloud_copy(case, invocation, reading)
    elif heads & _CLOUD_READS or "sts get-caller-identity" in joined:
        case.add("deploy/reads", joined)
    else:
        case.add("deploy/changes", joined)


def _cloud_copy(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    locals_ = [word for word in reading.arguments[1:] if "://" not in word.text]
    paths = [
        word
        for word in locals_
        if word.text
        not in {
            "cp",
            "sync",
            "mv",
            "put",
            "upload",
            "rsync",
            "storage",
            "s3",
            "blob",
            "object",
        }
    ]
    for word in paths:
        files.judge(case, invocation, "upload", word)
    case.add("deploy/copies", " ".join(word.text for word in reading.arguments[:4]))
