"""The paths and the answers of the registries without download counts, for ``registry``.

Each has its own first folder, which is the ecosystem's name.  A package that is not dated
has no date anywhere in its answer.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.registry import Package

#: Ecosystem → its well-known package, which a complete registry has.
CANARIES = {
    "cargo": "serde",
    "composer": "monolog/monolog",
    "gem": "rake",
    "golang": "golang.org/x/text",
    "maven": "junit:junit",
    "nuget": "Newtonsoft.Json",
}
#: Ecosystem → the path below its folder; the first group is the package.
_PATHS = {
    "cargo": r"/api/v1/crates/([^/]+)",
    "composer": r"/packages/(.+)\.json",
    "gem": r"/api/v1/versions/([^/]+)\.json",
    "golang": r"/(.+)/@v/.+",
    "maven": r"/(.+?)/(?:maven-metadata\.xml|[^/]+/[^/]+\.pom)",
    "nuget": r"/v3/registration5-semver1/([^/]+)/index\.json",
}
_JSON = "application/json"
#: Media type, body, and the header Last-Modified ("" for none).
Answer = tuple[str, bytes, str]


def ecosystem_of(path: str) -> str:
    """Return whose registry has a path, "" for a path of none of them."""
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    return first if first in _PATHS else ""


def name_of(path: str) -> str:
    """Return the package that a path names, as ``key_of`` writes it; "" for none."""
    ecosystem = ecosystem_of(path)
    if not ecosystem:
        return ""
    match = re.fullmatch(_PATHS[ecosystem], path.removeprefix(f"/{ecosystem}"))
    if match is None:
        return ""
    name = unquote(match[1])
    if ecosystem == "golang":
        return re.sub("!([a-z])", lambda found: found[1].upper(), name)
    if ecosystem == "maven":
        group, _, artifact = name.rpartition("/")
        return f"{group.replace('/', '.')}:{artifact}"
    return key_of(ecosystem, name)


def key_of(ecosystem: str, name: str) -> str:
    """Return the form of a name that the registry compares."""
    if ecosystem in {"composer", "nuget"}:
        return name.lower()
    return name


def example_name(ecosystem: str, word: str) -> str:
    """Return a name that no snapshot has, in the form of an ecosystem's names."""
    joint = {"composer": "/", "golang": ".example/", "maven": ":"}.get(ecosystem, "-")
    return f"zzinhouse{joint}{word}"


def content(package: Package, path: str, *, dated: bool) -> Answer | None:
    """Return the answer of a package's registry, None for a path that it does not have."""
    moment = datetime.now(UTC) - timedelta(days=package.days)
    return _ANSWERS[package.ecosystem](package, path, moment if dated else None)


def _document(value: object) -> Answer:
    return _JSON, json.dumps(value).encode(), ""


def _date(key: str, moment: datetime | None) -> dict[str, Any]:
    return {} if moment is None else {key: moment.isoformat()}


def _cargo(package: Package, _path: str, moment: datetime | None) -> Answer:
    crate = {"name": package.name, **_date("created_at", moment)}
    version = {"num": "1.0.0", "yanked": False, **_date("created_at", moment)}
    return _document({"crate": crate, "versions": [version]})


def _composer(package: Package, _path: str, moment: datetime | None) -> Answer:
    return _document({"package": {"name": package.name, **_date("time", moment)}})


def _gem(_package: Package, _path: str, moment: datetime | None) -> Answer:
    return _document([{"number": "1.0.0", **_date("created_at", moment)}])


def _golang(_package: Package, path: str, moment: datetime | None) -> Answer | None:
    if path.endswith("/@v/list"):
        return "text/plain", b"v1.0.0\n", ""
    if path.endswith("/@v/v1.0.0.info"):
        return _document({"Version": "v1.0.0", **_date("Time", moment)})
    return None


def _maven(package: Package, path: str, moment: datetime | None) -> Answer | None:
    group, _, artifact = package.name.partition(":")
    if path.endswith("/maven-metadata.xml"):
        text = (
            f"<metadata><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
            "<versioning><versions><version>1.0.0</version></versions></versioning></metadata>"
        )
        return "text/xml", text.encode(), ""
    modified = "" if moment is None else format_datetime(moment, usegmt=True)
    return "text/xml", b"<project/>", modified


def _nuget(package: Package, _path: str, moment: datetime | None) -> Answer:
    entry = {"id": package.name, "version": "1.0.0", **_date("published", moment)}
    return _document({"items": [{"items": [{"catalogEntry": entry}]}]})


_ANSWERS: dict[str, Callable[[Package, str, datetime | None], Answer | None]] = {
    "cargo": _cargo,
    "composer": _composer,
    "gem": _gem,
    "golang": _golang,
    "maven": _maven,
    "nuget": _nuget,
}
