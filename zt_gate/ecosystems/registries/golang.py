"""The Go module proxy and its settings; its dates are those of tagged commits."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from zt_gate.ecosystems.registries import default_settings
from zt_gate.ecosystems.registries.base import Missing, parse_timestamp
from zt_gate.ecosystems.registries.package_index import RegistryError
from zt_gate.ecosystems.registries.package_manager_settings import make_index
from zt_gate.ecosystems.registries.without_counts import (
    OTHER_PACKAGE,
    WRONG_FORM,
    dated_project,
    json_object,
)

if TYPE_CHECKING:
    from zt_gate.ecosystems.registries.base import LookupOptions, LookupResult
    from zt_gate.ecosystems.registries.client import Client
    from zt_gate.ecosystems.registries.package_index import Index
    from zt_gate.ecosystems.registries.package_manager_settings import (
        Endpoints,
        SettingsSources,
    )

_ACCEPT = "text/plain"


def project(
    client: Client,
    index: Index,
    key: str,
    options: LookupOptions,  # noqa: ARG001 - part of the client signature
) -> LookupResult:
    """Look up the versions, and the date of the first one."""
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
    info_path = f"{path}/@v/{first}.info" if first else f"{path}/@latest"
    info = json_object(client, index, info_path)
    if info is None:
        return dated_project(None, ()) if first else Missing()
    if first and info.get("Version") != first:
        raise RegistryError(OTHER_PACKAGE)
    return dated_project(parse_timestamp(info.get("Time")), ())


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d{1,16}", version))


def endpoints(sources: SettingsSources) -> Endpoints:
    """Return the first proxy of GOPROXY, or the default index.

    "off" and "direct" give an invalid URL, to which no request is sent.
    """
    default = default_settings.endpoints("golang", sources)
    value = sources.environ.get("GOPROXY", "")
    first = value.replace("|", ",").partition(",")[0].strip()
    if not first:
        return default
    return replace(default, indexes=(make_index(first, cleartext=True),))


def is_private(sources: SettingsSources, module: str) -> bool:
    """Return whether GOPRIVATE or GONOPROXY keep a name from public hosts."""
    environ = sources.environ
    value = environ.get("GONOPROXY") or environ.get("GOPRIVATE", "")
    for pattern in (part.strip() for part in value.split(",")):
        part_count = pattern.count("/") + 1
        prefix = "/".join(module.split("/")[:part_count])
        if pattern and fnmatchcase(prefix, pattern.rstrip("/")):
            return True
    return False
