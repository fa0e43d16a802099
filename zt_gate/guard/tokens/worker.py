"""Asks an issuer, in a process of its own: ``python -I -m zt_gate.guard.tokens.worker``.

Order and answer are JSON on standard input and output, so no secret is on a command line
or in an environment.  The process that started it kills it at a deadline: a server that sends one
byte at a time holds nobody.
"""

from __future__ import annotations

import json
import resource
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from zt_gate.guard.tokens.base import TokenError, TokenRequest
from zt_gate.record import asdict

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Issuers by the name that ``--token`` takes, with their modules.
ISSUERS = {
    "vault": "zt_gate.guard.tokens.vault",
    "github-app": "zt_gate.guard.tokens.github_app",
    "aws-sts": "zt_gate.guard.tokens.aws_sts",
}
_MEMORY = 1 << 30


def answered(order: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to an order: a token, nothing, or ``error`` with a text."""
    module = import_module(ISSUERS[order["issuer"]])
    try:
        issuer = module.issuer(order["settings"], order["secret"])
        if order["do"] == "issue":
            return {"token": asdict(issuer.issue(TokenRequest(**order["request"])))}
        issuer.revoke(order["handle"], order["value"])
    except TokenError as error:
        return {"error": str(error)}
    return {}


def main() -> None:
    """Answer one order."""
    for kind, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(kind, (most, most))
    order = json.loads(sys.stdin.buffer.read())
    sys.stdout.write(json.dumps(answered(order)))


if __name__ == "__main__":
    main()
