"""Asks an issuer through a worker, within a deadline."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.guard.tokens.base import IssuedToken, TokenError, TokenRequest
from zt_gate.guard.tokens.settings import issuer_settings, issuing_secret
from zt_gate.system import process

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.guard.places import GuardPlaces

#: Wall seconds for one order, however the server behaves.
SECONDS = 30.0
_MOST = 1 << 20


def issue(
    places: GuardPlaces,
    name: str,
    request: TokenRequest,
    root: str,
    environ: Mapping[str, str],
) -> IssuedToken:
    """Return a new token; raises TokenError, UsageError."""
    order = {"do": "issue", "request": _fields(request)}
    answer = _answer(places, name, order, root, environ)
    token = answer["token"]
    return IssuedToken(**{**token, "hosts": tuple(token["hosts"])})


def revoke(  # noqa: PLR0917
    places: GuardPlaces,
    name: str,
    handle: str,
    value: str,
    root: str,
    environ: Mapping[str, str],
) -> None:
    """Return when the issuer has confirmed that a token ended; raises TokenError, UsageError."""
    order = {"do": "revoke", "handle": handle, "value": value}
    _answer(places, name, order, root, environ)


def _fields(request: TokenRequest) -> dict[str, Any]:
    return {
        "task": request.task,
        "minutes": request.minutes,
        "session": request.session,
    }


def _answer(
    places: GuardPlaces,
    name: str,
    order: Mapping[str, Any],
    root: str,
    environ: Mapping[str, str],
) -> dict[str, Any]:
    settings = issuer_settings(places, name, root)
    secret = issuing_secret(places, name, settings, environ)
    order = {**order, "issuer": name, "settings": settings, "secret": secret}
    try:
        done = process.run(
            [
                os.path.abspath(sys.executable),
                "-I",
                "-m",
                "zt_gate.guard.tokens.worker",
            ],
            cwd=Path("/"),
            deadline=time.monotonic() + SECONDS,
            stdin=json.dumps(order).encode("ascii"),
            max_output=_MOST,
        )
    except process.TimeLimitError:
        raise TokenError(f"{name}: no answer within {SECONDS:.0f} s") from None
    except process.ProcessFailedError as error:
        raise TokenError(f"{name} could not be asked: {error}") from error
    try:
        # What it wrote on standard error is not shown: it could name a secret.
        answer: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
        if done.returncode != 0:
            raise TokenError(f"{name} gave an answer that makes no sense")
    except ValueError:
        raise TokenError(f"{name} gave an answer that makes no sense") from None
    if "error" in answer:
        raise TokenError(f"{name}: {answer['error']}")
    return answer
