"""Clients of further advisory sources for a range: pip-audit for Python, npm's own for npm.

They take longer than the batch of the advisory service, so they run in CI and
not before a commit.  Their advisories are added to those of the batch.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests.base import normalise
from zt_gate.ecosystems.registries.osv import SEVERITY_WORDS, Advisory, PackageQuery
from zt_gate.ecosystems.registries.package_index import RegistryError
from zt_gate.ecosystems.version_schemes import npm as npm_versions
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.ecosystems.registries.package_index import Index
    from zt_gate.model.finding import Severity
    from zt_gate.scanners.base import Context

_PIP_AUDIT_SECONDS = 60.0
#: ``--audit all`` checks every pin, and pip-audit asks about them one by one.
_AUDIT_ALL_SECONDS = 600.0
#: pip-audit accepts a name once in a file: each further version needs a run of its own.
_MOST_RUNS = 4
_MOST_NAMES = 1000
_NPM_SECONDS = 10.0
_NPM_AUDIT_SECONDS = 120.0
_RESERVE = 1.0
_BULK_PATH = "/-/npm/v1/security/advisories/bulk"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_UNEXPECTED_FORMAT = "returned a response in an unexpected format"

AdvisoriesByPackage = dict[PackageQuery, list[Advisory]]


class AdvisoryClientError(Exception):
    """An advisory client could not be used; the text says why."""


@dataclass(frozen=True, slots=True)
class AdvisoryClients:
    """Asks pip-audit, or a registry's advisory endpoint."""

    context: Context

    def pip_audit(
        self, service: Index, packages: Sequence[PackageQuery]
    ) -> AdvisoriesByPackage:
        """Ask pip-audit about exact versions, using our service; raises AdvisoryClientError."""
        runs = _runs_without_duplicates(packages)
        if len(runs) > _MOST_RUNS:
            raise AdvisoryClientError(
                f"pip-audit was not run: one package has {len(runs)} versions,"
                f" the limit is {_MOST_RUNS}"
            )
        advisories: AdvisoriesByPackage = {}
        for run in runs:
            advisories |= self._run_pip_audit(service, run)
        return advisories

    def _run_pip_audit(
        self, service: Index, packages: Sequence[PackageQuery]
    ) -> AdvisoriesByPackage:
        """Run pip-audit once, for packages with different names."""
        context = self.context
        requirements = context.workdir / "audited.txt"
        pins = [f"{package.key}=={package.version}\n" for package in packages]
        requirements.write_text("".join(pins), "utf-8")
        argv = [sys.executable, "-I", "-m", "pip_audit", "--requirement", str(requirements),
                "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off",
                "--vulnerability-service", "osv", "--osv-url", f"{service.url}/v1/query",
                "--cache-dir", str(context.workdir / "pip-audit")]  # fmt: skip
        limit = _AUDIT_ALL_SECONDS if context.audit_all else _PIP_AUDIT_SECONDS
        seconds = min(limit, context.seconds_left() - _RESERVE)
        try:
            result = context.run(
                argv,
                cwd=context.workdir,
                deadline=context.deadline - context.seconds_left() + seconds,
                env=self._environment(service, "REQUESTS_CA_BUNDLE"),
            )
        except OSError as error:
            raise AdvisoryClientError(f"pip-audit failed: {error}") from error
        if result.returncode not in {0, 1}:
            raise AdvisoryClientError(
                f"pip-audit failed with exit code {result.returncode}"
            )
        return _parse_pip_audit(result.stdout, packages)

    def _environment(self, index: Index, variable: str) -> dict[str, str]:
        """Return the user's proxies and certificates; ``variable`` names those."""
        from zt_gate.ecosystems.registries import tls

        environment = _proxies(self.context.environ)
        files = (*tls.of_environment(self.context.environ), *index.ca_files)
        if files:
            try:
                bundle = tls.bundle(files, self.context.workdir)
            except RegistryError as fault:
                raise AdvisoryClientError(
                    f"a client of the advisory service {fault}"
                ) from fault
            environment[variable] = bundle
        return environment

    def npm_audit(
        self, index: Index, packages: Sequence[PackageQuery]
    ) -> AdvisoriesByPackage:
        """Run ``npm audit`` on a scratch project, or ask the registry itself without npm.

        Raises AdvisoryClientError.
        """
        from zt_gate.scanners.dependencies import npm_audit

        context = self.context
        if not context.npm or not _may_be_asked(index):
            return self.registry(index, packages)
        folder = context.workdir / f"npm-audit-{len(list(context.workdir.iterdir()))}"
        folder.mkdir(mode=0o700)
        npm_audit.write_project(folder, index, packages)
        seconds = min(_NPM_AUDIT_SECONDS, context.seconds_left() - _RESERVE)
        own = self._environment(index, "NODE_EXTRA_CA_CERTS")
        try:
            result = context.run(
                npm_audit.command(context.npm, folder),
                cwd=folder,
                deadline=context.deadline - context.seconds_left() + seconds,
                env=npm_audit.environment(context.npm, folder, own),
            )
            by_name = npm_audit.advisories(result.stdout)
        except (OSError, npm_audit.NpmAuditError) as error:
            raise AdvisoryClientError(f"npm audit {error}") from error
        return {
            package: [
                _npm_advisory(item)
                for item in by_name[package.key]
                if _affects(item, package)
            ]
            for package in packages
            if package.key in by_name
        }

    def registry(
        self, index: Index, packages: Sequence[PackageQuery]
    ) -> AdvisoriesByPackage:
        """Ask a registry's advisory endpoint; {} if it has none; raises AdvisoryClientError."""
        import time

        from zt_gate.ecosystems.registries.client import Client
        from zt_gate.ecosystems.registries.tls import TlsSettings

        environ = self.context.environ
        client = Client(environ, TlsSettings(environ), time.monotonic() + _NPM_SECONDS)
        by_name: dict[str, list[PackageQuery]] = {}
        for package in packages:
            by_name.setdefault(package.key, []).append(package)
        names = list(by_name)
        advisories: AdvisoriesByPackage = {}
        try:
            for start in range(0, len(names), _MOST_NAMES):
                batch = {
                    name: by_name[name] for name in names[start : start + _MOST_NAMES]
                }
                versions = {
                    name: [package.version for package in batch[name]] for name in batch
                }
                response = client.post(index, _BULK_PATH, versions)
                if response.status != 200:
                    return {}
                advisories |= dict(_parse_bulk(response.json(), batch))
        except RegistryError as fault:
            raise AdvisoryClientError(
                f"npm advisories were not checked: the npm registry {fault}"
            ) from fault
        finally:
            client.close()
        return advisories


def _runs_without_duplicates(
    packages: Sequence[PackageQuery],
) -> list[list[PackageQuery]]:
    """Distribute packages over runs, so that no run has a name twice."""
    runs: list[list[PackageQuery]] = []
    versions_seen: dict[str, int] = {}
    for package in packages:
        number = versions_seen.get(package.key, 0)
        versions_seen[package.key] = number + 1
        if number == len(runs):
            runs.append([])
        runs[number].append(package)
    return runs


def _may_be_asked(index: Index) -> bool:
    """Return whether another program may ask an index, by the rules of our own client."""
    from urllib.parse import urlsplit

    from zt_gate.ecosystems.registries.proxies import is_loopback

    parts = urlsplit(index.url)
    is_safe = parts.scheme == "https" or index.cleartext
    return not index.unusable and (
        (is_safe and not index.local) or is_loopback(parts.hostname or "")
    )


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the user's proxy settings, which the scrubbed environment lacks."""
    return {name: value for name, value in environ.items() if name.lower() in _PROXIES}


def _parse_pip_audit(
    output: bytes, packages: Sequence[PackageQuery]
) -> AdvisoriesByPackage:
    by_key = {package.key: package for package in packages}
    advisories: AdvisoriesByPackage = {}
    try:
        answer: Any = json.loads(output)
        for entry in answer["dependencies"]:
            package = by_key.get(normalise("pypi", str(entry["name"])))
            if package is not None and "vulns" in entry:  # else it was skipped
                advisories[package] = [
                    _pip_audit_advisory(item) for item in entry["vulns"]
                ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise AdvisoryClientError(f"pip-audit {_UNEXPECTED_FORMAT}") from error
    skipped = set(by_key) - {package.key for package in advisories}
    if skipped:
        raise AdvisoryClientError(f"pip-audit skipped {len(skipped)} packages")
    return advisories


def _pip_audit_advisory(item: Mapping[str, Any]) -> Advisory:
    aliases = tuple(str(alias) for alias in item.get("aliases") or ())
    fixed = tuple(map(str, item.get("fix_versions") or ()))
    return Advisory(str(item["id"]), aliases, None, fixed)


def _parse_bulk(
    answer: object, batch: Mapping[str, Sequence[PackageQuery]]
) -> Iterator[tuple[PackageQuery, list[Advisory]]]:
    if not isinstance(answer, dict):
        raise RegistryError(_UNEXPECTED_FORMAT)
    for name, packages in batch.items():
        listed = answer.get(name, [])
        is_table_list = isinstance(listed, list) and all(
            isinstance(item, dict) for item in listed
        )
        if not is_table_list:
            raise RegistryError(_UNEXPECTED_FORMAT)
        for package in packages:
            # The answer is about the name: with several versions each has its own.
            affecting = [
                item for item in listed if len(packages) == 1 or _affects(item, package)
            ]
            if affecting:
                yield package, [_npm_advisory(item) for item in affecting]


def _affects(item: Mapping[str, Any], package: PackageQuery) -> bool:
    """Return whether an advisory's range contains a version; True if that is unclear."""
    versions = str(item.get("vulnerable_versions", ""))
    return npm_versions.in_range(package.version, versions) is not False


def _npm_advisory(item: Mapping[str, Any]) -> Advisory:
    name = str(item.get("url", "")).rpartition("/")[2] or str(item.get("id", ""))
    severity: Severity | None = SEVERITY_WORDS.get(
        str(item.get("severity", "")).lower()
    )
    # The end of the range ``<1.2.3`` is the fixed version.
    fixed = str(item.get("vulnerable_versions", "")).rpartition("<")[2].strip(" =")
    return Advisory(name, (), severity, (fixed,) if fixed[:1].isdigit() else ())
