"""The Go module proxy and its settings; its dates are those of tagged commits."""

from __future__ import annotations

import re
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
from zt_gate.record import replace

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
    value = _setting(sources, "GOPROXY")
    first = value.replace("|", ",").partition(",")[0].strip()
    if not first:
        return default
    return replace(default, indexes=(make_index(first, cleartext=True),))


def is_private(sources: SettingsSources, module: str) -> bool:
    """Return whether GOPRIVATE, GONOPROXY or GONOSUMDB keep a name from public hosts."""
    proxied = _setting(sources, "GONOPROXY") or _setting(sources, "GOPRIVATE")
    # A name that the checksum database must not see is private, too.
    value = f"{proxied},{_setting(sources, 'GONOSUMDB')}"
    for pattern in (part.strip() for part in value.split(",")):
        part_count = pattern.count("/") + 1
        prefix = "/".join(module.split("/")[:part_count])
        if pattern and fnmatchcase(prefix, pattern.rstrip("/")):
            return True
    return False


def _setting(sources: SettingsSources, name: str) -> str:
    """Return a setting of the environment, otherwise of the file that ``go env -w`` writes."""
    value = sources.environ.get(name, "")
    if value:
        return value
    path = sources.environ.get("GOENV", "") or sources.config("go", "env")
    text = "" if path == "off" else sources.user_file(path) or ""
    for line in text.split("\n"):
        key, _, written = line.partition("=")
        if key.strip() == name:
            return written.strip()
    return ""
