"""The second opinions that a range gets: pip-audit for Python, npm's own advisories for npm.

Somebody waits for a commit, nobody for a pipeline: these take longer than the
batch, and what they find is added to what the batch found.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests.base import normalise
from zt_gate.ecosystems.registries.osv import SEVERITY_WORDS, Advisory, PackageQuery
from zt_gate.ecosystems.registries.package_index import RegistryError
from zt_gate.ecosystems.version_schemes import npm as npm_versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.ecosystems.registries.package_index import Index
    from zt_gate.model.finding import Severity
    from zt_gate.scanners.base import Context

_PIP_AUDIT_SECONDS = 60.0
#: Somebody asked for everything, and pip-audit asks about one pin after the other.
_AUDIT_ALL_SECONDS = 600.0
#: pip-audit takes a name once in a file: each version beyond the first is a run of its own.
_MOST_RUNS = 4
_MOST_NAMES = 1000
_NPM_SECONDS = 10.0
_RESERVE = 1.0
_BULK = "/-/npm/v1/security/advisories/bulk"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")

Found = dict[PackageQuery, list[Advisory]]


class NoOpinionError(Exception):
    """A second opinion that could not be had; the text says why."""


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """Whom to ask besides the advisory service, and with what."""

    context: Context

    def pip_audit(self, service: Index, packages: Sequence[PackageQuery]) -> Found:
        """Ask pip-audit about exact pins, at our service; raises NoOpinionError."""
        runs: list[list[PackageQuery]] = []
        seen: dict[str, int] = {}
        for package in packages:
            turn = seen.get(package.key, 0)
            seen[package.key] = turn + 1
            if turn == len(runs):
                runs.append([])
            runs[turn].append(package)
        if len(runs) > _MOST_RUNS:
            raise NoOpinionError(
                f"pip-audit was not asked about {len(runs)} versions of one name"
            )
        found: Found = {}
        for run in runs:
            found |= self._pip_audit(service, run)
        return found

    def _pip_audit(self, service: Index, packages: Sequence[PackageQuery]) -> Found:
        """Run pip-audit once; no name stands twice among the packages."""
        context = self.context
        pins = context.workdir / "audited.txt"
        pins.write_text(
            "".join(f"{one.key}=={one.version}\n" for one in packages), "utf-8"
        )
        words = [sys.executable, "-I", "-m", "pip_audit", "--requirement", str(pins), "--no-deps",
                 "--disable-pip", "--format", "json", "--progress-spinner", "off",
                 "--vulnerability-service", "osv", "--osv-url", f"{service.url}/v1/query",
                 "--cache-dir", str(context.workdir / "pip-audit")]  # fmt: skip
        most = _AUDIT_ALL_SECONDS if context.audit_all else _PIP_AUDIT_SECONDS
        seconds = min(most, context.seconds_left() - _RESERVE)
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

    def registry(self, index: Index, packages: Sequence[PackageQuery]) -> Found:
        """Ask a registry's own advisory endpoint; {} where it has none; raises NoOpinionError."""
        import time

        from zt_gate.ecosystems.registries.client import Client, TlsSettings

        environ = self.context.environ
        client = Client(environ, TlsSettings(environ), time.monotonic() + _NPM_SECONDS)
        wanted: dict[str, list[PackageQuery]] = {}
        for one in packages:
            wanted.setdefault(one.key, []).append(one)
        names = list(wanted)
        found: Found = {}
        try:
            for start in range(0, len(names), _MOST_NAMES):
                part = {
                    name: wanted[name] for name in names[start : start + _MOST_NAMES]
                }
                asked = {name: [one.version for one in part[name]] for name in part}
                response = client.post(index, _BULK, asked)
                if response.status != 200:
                    return {}
                found |= dict(_read_bulk(response.json(), part))
        except RegistryError as fault:
            raise NoOpinionError(
                f"the npm registry's advisories: it {fault}"
            ) from fault
        finally:
            client.close()
        return found


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the user's proxies and certificates, which a child does not have by itself."""
    return {name: value for name, value in environ.items() if name.lower() in _PROXIES}


def _read_audit(output: bytes, packages: Sequence[PackageQuery]) -> Found:
    try:
        answer: Any = json.loads(output)
        listed = answer["dependencies"]
        found: Found = {}
        audited = set()
        by_key = {package.key: package for package in packages}
        for entry in listed:
            package = by_key.get(normalise("pypi", str(entry["name"])))
            if package is not None and "vulns" in entry:  # else it was skipped
                audited.add(package.key)
                found[package] = [_of_audit(one) for one in entry["vulns"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NoOpinionError(
            "pip-audit answered in a form that it should not have"
        ) from error
    left_out = {package.key for package in packages} - audited
    if left_out:
        raise NoOpinionError(f"pip-audit left out {len(left_out)} packages")
    return found


def _of_audit(one: Mapping[str, Any]) -> Advisory:
    aliases = tuple(str(alias) for alias in one.get("aliases") or ())
    return Advisory(
        str(one["id"]), aliases, None, tuple(map(str, one.get("fix_versions") or ()))
    )


def _read_bulk(
    answer: object, asked: Mapping[str, Sequence[PackageQuery]]
) -> Iterator[tuple[PackageQuery, list[Advisory]]]:
    if not isinstance(answer, dict):
        raise RegistryError("answered in a form that it should not have")
    for name, packages in asked.items():
        listed = answer.get(name, [])
        if not isinstance(listed, list) or not all(
            isinstance(one, dict) for one in listed
        ):
            raise RegistryError("answered in a form that it should not have")
        for package in packages:
            # The answer is about the name: with several versions each needs its own.
            own = [
                one for one in listed if _is_about(one, package) or len(packages) == 1
            ]
            if own:
                yield package, [_of_bulk(one) for one in own]


def _is_about(one: Mapping[str, Any], package: PackageQuery) -> bool:
    """Say whether an advisory's range holds a version; yes where nobody can tell."""
    return (
        npm_versions.in_range(package.version, str(one.get("vulnerable_versions", "")))
        is not False
    )


def _of_bulk(one: Mapping[str, Any]) -> Advisory:
    name = str(one.get("url", "")).rpartition("/")[2] or str(one.get("id", ""))
    severity: Severity | None = SEVERITY_WORDS.get(str(one.get("severity", "")).lower())
    fixed = str(one.get("vulnerable_versions", "")).rpartition("<")[2].strip(" =")
    return Advisory(name, (), severity, (fixed,) if fixed[:1].isdigit() else ())
