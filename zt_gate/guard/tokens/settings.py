"""Where tokens come from, as the user's own settings say: ``[guard.tokens.NAME]``.

The repository has no word in it: its policy names tasks, and a person's ``config.toml``
says which policy of which server a task gets, and where the issuing credential is.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.errors import UsageError
from zt_gate.guard.tokens.worker import ISSUERS
from zt_gate.policy import user_settings
from zt_gate.system.state_folder import is_inside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.guard.places import GuardPlaces

#: The types of keys that are no text.
_TABLES = frozenset(("policies", "permissions", "repositories"))
_SECRET_FILES = ("key-file", "token-file", "credentials-file")
_NUMBERS = frozenset(("app-id", "installation-id"))


def issuer_settings(places: GuardPlaces, name: str, root: str) -> dict[str, Any]:
    """Return the settings of an issuer; raises UsageError.

    ``root`` is the project: a file in it is not used.
    """
    if name not in ISSUERS:
        raise UsageError(f"unknown issuer {name!a}; known: {', '.join(ISSUERS)}")
    path = Path(places.home, ".config", "zt-gate", "config.toml")
    tables: Mapping[str, Any] = {}
    if os.path.lexists(path):
        tables = user_settings.load(path, Path(root)).guard_tokens
    table = tables.get(name)
    if table is None:
        raise UsageError(
            f"{path} has no table [guard.tokens.{name}]; see docs/tokens.md"
        )
    module = import_module(ISSUERS[name])
    for key, value in table.items():
        if key not in module.KEYS:
            raise UsageError(f"{path}: unknown key {key!a} in [guard.tokens.{name}]")
        kind = dict if key in _TABLES else int if key in _NUMBERS else str
        if not isinstance(value, kind):
            raise UsageError(f"{path}: {key} in [guard.tokens.{name}] has a wrong type")
    for key in module.NEEDED:
        if key not in table:
            raise UsageError(f"{path}: {key} is missing in [guard.tokens.{name}]")
    for key in (*_SECRET_FILES, "ca-file"):
        if key in table:
            file = _in_home(str(table[key]), places.home)
            if is_inside(os.path.realpath(file), os.path.realpath(root)):
                raise UsageError(f"{path}: {key} must not be in the project: {file}")
            table = {**table, key: file}
    return dict(table)


def issuing_secret(
    places: GuardPlaces,
    name: str,
    settings: Mapping[str, Any],
    environ: Mapping[str, str],
) -> str:
    """Return what the issuer's own calls are made with; raises TokenError.

    Of a GitHub App it is the path of the key: the value is read by the signer alone.
    """
    module = import_module(ISSUERS[name])
    secret: str = module.issuing_secret(places.home, settings, environ)
    return secret


def secret_files(settings: Mapping[str, Any], places: GuardPlaces) -> tuple[str, ...]:
    """Return existing files from which a session could read the issuing credential."""
    own = (
        os.path.join(places.home, name) for name in (".vault-token", ".aws/credentials")
    )
    named = (str(settings[key]) for key in _SECRET_FILES if key in settings)
    return tuple(path for path in (*named, *own) if os.path.exists(path))


def _in_home(path: str, home: str) -> str:
    return os.path.join(home, path[2:]) if path.startswith("~/") else path
