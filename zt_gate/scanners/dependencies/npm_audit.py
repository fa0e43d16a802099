"""``npm audit`` on a scratch project that holds nothing but the packages to ask about.

The project's own ``.npmrc``, scripts and private packages are not in it, and the user's
settings are given one by one: the registry, its token, the proxies and certificates.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from zt_gate.ecosystems.manifests.base import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from zt_gate.ecosystems.registries.osv import PackageQuery
    from zt_gate.ecosystems.registries.package_index import Index

_NAME = "zt-gate-audit"
#: Codes with which npm says that the registry has no advisory endpoint.
_NO_ENDPOINT = frozenset(("E404", "E405", "E501", "ENOAUDIT"))


class NpmAuditError(Exception):
    """npm gave no usable answer; the text says why."""


def write_project(folder: Path, index: Index, packages: Sequence[PackageQuery]) -> None:
    """Write package.json, the lock file and the settings of the scratch project.

    A further version of a package is inside the folder of the one before it.
    """
    versions: dict[str, list[str]] = {}
    for package in packages:
        versions.setdefault(package.key, []).append(package.version)
    direct = {name: own[0] for name, own in versions.items()}
    root = {"name": _NAME, "version": "0.0.0", "dependencies": direct}
    tree: dict[str, Any] = {"": root}
    for name, own in versions.items():
        place = ""
        for version in own:
            # Without a dependency: npm would call the outer version vulnerable as well.
            place = f"{place}{'/' if place else ''}node_modules/{name}"
            tree[place] = {"version": version}
    lock = {"name": _NAME, "version": "0.0.0", "lockfileVersion": 3, "requires": True,
            "packages": tree}  # fmt: skip
    (folder / "package.json").write_text(json.dumps({**root, "private": True}), "utf-8")
    (folder / "package-lock.json").write_text(json.dumps(lock), "utf-8")
    settings = folder / "settings"
    settings.touch(mode=0o600)
    settings.write_text("".join(_settings(index)), "utf-8")
    (folder / "no-settings").write_text("", "utf-8")


def _settings(index: Index) -> Iterator[str]:
    yield f"registry={index.url}/\n"
    scheme, _, token = index.authorization.partition(" ")
    name = {"Bearer": "_authToken", "Basic": "_auth"}.get(scheme)
    if name:
        parts = urlsplit(index.url)
        yield f"//{parts.netloc}{parts.path}/:{name}={token}\n"


def command(npm: str, folder: Path) -> list[str]:
    """Return the command line, to be run in the folder of the scratch project."""
    return [npm, "audit", "--json", "--package-lock-only", "--ignore-scripts",
            "--audit-level=none", "--userconfig", str(folder / "settings"),
            "--globalconfig", str(folder / "no-settings"), "--cache", str(folder / "cache"),
            "--no-update-notifier", "--no-fund", "--fetch-retries=1",
            "--fetch-timeout=20000"]  # fmt: skip


def environment(npm: str, folder: Path, own: Mapping[str, str]) -> dict[str, str]:
    """Return the environment: ``own`` (proxies, certificates), and a PATH with node."""
    path = os.pathsep.join((os.path.dirname(npm), os.defpath))
    return {**own, "PATH": path, "HOME": str(folder)}


def advisories(output: bytes) -> dict[str, list[dict[str, Any]]]:
    """Return the advisories by package name, {} if the registry has none to give.

    Raises NpmAuditError.
    """
    try:
        answer = json.loads(output)
    except (ValueError, RecursionError) as error:
        raise NpmAuditError("gave no JSON") from error
    if not isinstance(answer, dict):
        raise NpmAuditError("gave an unexpected answer")
    if "vulnerabilities" not in answer:
        return _without_advisories(answer)
    found: dict[str, list[dict[str, Any]]] = {}
    vulnerabilities = answer["vulnerabilities"]
    if not isinstance(vulnerabilities, dict):
        raise NpmAuditError("gave an unexpected answer")
    for entry in vulnerabilities.values():
        via = entry.get("via") if isinstance(entry, dict) else None
        for item in via if isinstance(via, list) else ():
            # A text names a package that makes this one vulnerable; that has its own.
            if isinstance(item, dict):
                known = found.setdefault(str(item.get("name", "")), [])
                advisory = {**item, "vulnerable_versions": str(item.get("range", ""))}
                if advisory not in known:
                    known.append(advisory)
    return found


def _without_advisories(answer: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    error = answer.get("error")
    details = error if isinstance(error, dict) else {}
    code = str(details.get("code") or answer.get("statusCode") or "")
    if code in _NO_ENDPOINT or code in {"404", "405", "501"}:
        return {}
    said = details.get("summary") or answer.get("message")
    reason = code or (quoted(said) if isinstance(said, str) and said else "")
    raise NpmAuditError(f"failed ({reason})" if reason else "failed")
