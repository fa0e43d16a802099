"""The Go module proxy, and the settings that name it; its dates are those of tagged commits."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from zt_gate.ecosystems.registries import default_settings
from zt_gate.ecosystems.registries.base import Missing, parse_timestamp
from zt_gate.ecosystems.registries.package_index import RegistryError
from zt_gate.ecosystems.registries.settings import make_index
from zt_gate.ecosystems.registries.without_counts import (
    OTHER_PACKAGE,
    WRONG_FORM,
    dated_project,
    json_object,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zt_gate.ecosystems.registries.base import LookupOptions, LookupResult
    from zt_gate.ecosystems.registries.client import Client
    from zt_gate.ecosystems.registries.package_index import Index
    from zt_gate.ecosystems.registries.settings import Endpoints, SettingsSources

_ACCEPT = "text/plain"


def project(
    client: Client, index: Index, key: str, want: LookupOptions
) -> LookupResult:  # noqa: ARG001 - part of the client signature
    """Ask for the versions, and for the date of the first one."""
    path = "/" + re.sub("[A-Z]", lambda match: f"!{match[0].lower()}", key)
    listed = client.get(index, f"{path}/@v/list", _ACCEPT)
    if listed.status != 200:
        return Missing()
    if not listed.type.startswith("text/plain"):
        raise RegistryError(WRONG_FORM)
    names = listed.body.decode("ascii", "replace").split()
    versions = [
        name for name in names if re.fullmatch(r"v\d[0-9A-Za-z.+-]{0,100}", name)
    ]
    if len(versions) != len(names):
        raise RegistryError(WRONG_FORM)
    first = min(versions, key=_numbers, default="")
    info = json_object(
        client, index, f"{path}/@v/{first}.info" if first else f"{path}/@latest"
    )
    if info is None:
        return Missing() if not first else dated_project(None, ())
    if first and info.get("Version") != first:
        raise RegistryError(OTHER_PACKAGE)
    return dated_project(parse_timestamp(info.get("Time")), ())


def _numbers(version: str) -> tuple[int, ...]:
    found: Iterable[str] = re.findall(r"\d{1,16}", version)
    return tuple(int(number) for number in found)


def endpoints(sources: SettingsSources) -> Endpoints:
    """Return where modules are looked up: the first proxy of GOPROXY, or the usual places.

    "off" and "direct" come out as an address that is never asked.
    """
    usual = default_settings.endpoints("golang", sources)
    value = sources.environ.get("GOPROXY", "")
    first = value.replace("|", ",").partition(",")[0].strip()
    if not first:
        return usual
    return replace(usual, indexes=(make_index(first, cleartext=True),))


def is_private(sources: SettingsSources, module: str) -> bool:
    """Say whether the user's settings keep a name from public hosts (GOPRIVATE, GONOPROXY)."""
    environ = sources.environ
    value = environ.get("GONOPROXY") or environ.get("GOPRIVATE", "")
    for pattern in (part.strip() for part in value.split(",")):
        head = "/".join(module.split("/")[: pattern.count("/") + 1])
        if pattern and fnmatchcase(head, pattern.rstrip("/")):
            return True
    return False
