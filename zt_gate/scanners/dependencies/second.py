"""The second opinions that a range gets: pip-audit for Python, npm's own advisories for npm.

Somebody waits for a commit, nobody for a pipeline: these take longer than the
batch, and what they find is added to what the batch found.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.scanners.dependencies.registries.base import Fault
from zt_gate.scanners.dependencies.registries.osv import WORDS, Advisory, Package

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zt_gate.model.finding import Severity
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.dependencies.registries.base import Index

_PIP_AUDIT_SECONDS = 60.0
_NPM_SECONDS = 10.0
_RESERVE = 1.0
_BULK = "/-/npm/v1/security/advisories/bulk"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")

Found = dict[Package, list[Advisory]]


class NoOpinionError(Exception):
    """A second opinion that could not be had; the text says why."""


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """Whom to ask besides the advisory service, and with what."""

    context: Context

    def pip_audit(self, service: Index, packages: Sequence[Package]) -> Found:
        """Ask pip-audit about exact pins, at our service; raises NoOpinionError."""
        context = self.context
        pins = context.workdir / "audited.txt"
        pins.write_text("".join(f"{one.key}=={one.version}\n" for one in packages), "utf-8")
        words = [sys.executable, "-I", "-m", "pip_audit", "--requirement", str(pins), "--no-deps",
                 "--disable-pip", "--format", "json", "--progress-spinner", "off",
                 "--vulnerability-service", "osv", "--osv-url", f"{service.url}/v1/query",
                 "--cache-dir", str(context.workdir / "pip-audit")]  # fmt: skip
        seconds = min(_PIP_AUDIT_SECONDS, context.seconds_left() - _RESERVE)
        try:
            done = context.run(
                words,
                cwd=context.workdir,
                deadline=context.deadline - context.seconds_left() + seconds,
                env=_proxies(context.environ),
            )
        except OSError as error:
            raise NoOpinionError(f"pip-audit gave no answer: {error}") from error
        if done.returncode not in {0, 1}:
            raise NoOpinionError(f"pip-audit ended with code {done.returncode}")
        return _read_audit(done.stdout, packages)

    def npm(self, index: Index, packages: Sequence[Package]) -> Found:
        """Ask a registry's own advisory endpoint; {} where it has none; raises NoOpinionError."""
        import time

        from zt_gate.scanners.dependencies.registries.client import Client, TlsSettings

        environ = self.context.environ
        client = Client(environ, TlsSettings(environ), time.monotonic() + _NPM_SECONDS)
        wanted: dict[str, list[str]] = {}
        for one in packages:
            wanted.setdefault(one.key, []).append(one.version)
        try:
            response = client.post(index, _BULK, wanted)
            if response.status != 200:
                return {}
            return dict(_read_bulk(response.json(), packages))
        except Fault as fault:
            raise NoOpinionError(f"the npm registry's advisories: it {fault}") from fault
        finally:
            client.close()


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the user's proxies and certificates, which a child does not have by itself."""
    return {name: value for name, value in environ.items() if name.lower() in _PROXIES}


def _read_audit(output: bytes, packages: Sequence[Package]) -> Found:
    try:
        answer: Any = json.loads(output)
        listed = answer["dependencies"]
        found: Found = {}
        audited = set()
        for entry in listed:
            key = (str(entry["name"]).lower(), str(entry["version"]))
            audited.add(key[0])
            for package in packages:
                if (package.key, package.version) == key or (
                    package.key == key[0] and entry["vulns"]
                ):
                    found[package] = [_of_audit(one) for one in entry["vulns"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NoOpinionError("pip-audit answered in a form that it should not have") from error
    left_out = {package.key for package in packages} - audited
    if left_out:
        raise NoOpinionError(f"pip-audit left out {len(left_out)} packages")
    return found


def _of_audit(one: Mapping[str, Any]) -> Advisory:
    aliases = tuple(str(alias) for alias in one.get("aliases") or ())
    return Advisory(str(one["id"]), aliases, None, tuple(map(str, one.get("fix_versions") or ())))


def _read_bulk(answer: object, packages: Iterable[Package]) -> Iterator[tuple[Package, Any]]:
    if not isinstance(answer, dict):
        raise Fault("answered in a form that it should not have")
    for package in packages:
        listed = answer.get(package.key, [])
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise Fault("answered in a form that it should not have")
        if listed:
            yield package, [_of_bulk(one) for one in listed]


def _of_bulk(one: Mapping[str, Any]) -> Advisory:
    name = str(one.get("url", "")).rpartition("/")[2] or str(one.get("id", ""))
    severity: Severity | None = WORDS.get(str(one.get("severity", "")).lower())
    fixed = str(one.get("vulnerable_versions", "")).rpartition("<")[2].strip(" =")
    return Advisory(name, (), severity, (fixed,) if fixed[:1].isdigit() else ())
