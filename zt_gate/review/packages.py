"""Judges packages before a change adds them.

The gate makes a patch that adds the packages and scans it as it scans any
change: with the same policy, registries, snapshot and cache.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named, supported, with_snapshot
from zt_gate.errors import GateError, UsageError
from zt_gate.record import dataclass
from zt_gate.review import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from zt_gate.ecosystems.base import SampleManifest
    from zt_gate.model.report import Report

# A folder that no project has, so that the made-up files hide none of its own.
_FOLDER = "zt-gate-asks"
_MAX_LENGTH = 300
_VERSION = r"[0-9A-Za-z.!+_~-]{0,100}"


@dataclass(frozen=True, slots=True)
class PackageRequest:
    """One package to judge; ``name`` as its ecosystem writes it, ``version`` may be ""."""

    ecosystem: str
    name: str
    version: str = ""


def parse_package(
    text: str, ecosystem: str = "pypi", version: str = ""
) -> PackageRequest:
    """Parse a package URL, or a name of ``ecosystem`` with a version; raises UsageError."""
    if not text.strip() or len(text) > _MAX_LENGTH or not text.isprintable():
        raise UsageError(f"{text[:60]!a} is not a package name or package URL")
    if not text.startswith("pkg:"):
        package = PackageRequest(_supported_ecosystem(ecosystem), text, version)
        return _valid(package, f"{text} {version}".rstrip())
    if version:
        raise UsageError(f"{text!a}: give the version in the package URL")
    from packageurl import PackageURL

    try:
        purl = PackageURL.from_string(text)
    except ValueError as error:
        raise UsageError(f"{text!a} is not a valid package URL") from error
    kind = _supported_ecosystem(purl.type)
    name = purl.name
    if purl.namespace:
        separator = ecosystem_named(kind).separator
        name = f"{purl.namespace}{separator}{purl.name}"
    return _valid(PackageRequest(kind, name, purl.version or ""), text)


def _valid(package: PackageRequest, text: str) -> PackageRequest:
    from zt_gate.ecosystems.manifests.base import valid_name

    is_valid = valid_name(package.ecosystem, package.name)
    if not is_valid or not re.fullmatch(_VERSION, package.version):
        raise UsageError(
            f"{text!a} is not a valid package name; to give a version, write a "
            "package URL such as pkg:pypi/flask@3.0.0"
        )
    return package


def verify(
    packages: Sequence[PackageRequest],
    folder: Path,
    environ: Mapping[str, str],
    *,
    offline: bool = False,
    config: str = "",
    profile: str = "",
) -> Report:
    """Judge packages as if a change added them; raises GateError as a scan does.

    ``report_location`` gives the location of each package in the report.
    """
    ecosystems = dict.fromkeys(package.ecosystem for package in packages)
    patch = b"".join(_new_file_patch(name, packages) for name in ecosystems)
    request = run.Request(
        kind="patch",
        patch=patch,
        folder=folder,
        applicable=("dependencies",),
        offline=offline,
        config=config,
        profile=profile,
    )
    return run.run(request, environ)


def report_location(
    package: PackageRequest, packages: Sequence[PackageRequest]
) -> tuple[bytes, int]:
    """Return path and line (1-based) of a package's findings in the report."""
    sample = _sample(package.ecosystem)
    same_file = _of_ecosystem(package.ecosystem, packages)
    line = len(sample.head) + same_file.index(package) + 1
    return f"{_FOLDER}/{sample.file}".encode(), line


def _of_ecosystem(
    ecosystem: str, packages: Sequence[PackageRequest]
) -> list[PackageRequest]:
    return [package for package in packages if package.ecosystem == ecosystem]


def _supported_ecosystem(ecosystem: str) -> str:
    names = supported()
    if ecosystem not in names:
        raise UsageError(
            f"unsupported ecosystem {ecosystem!a}; supported: {', '.join(names)}"
        )
    return ecosystem


def _sample(ecosystem: str) -> SampleManifest:
    sample = ecosystem_named(ecosystem).sample
    assert sample is not None, "every ecosystem with a registry has a sample manifest"
    return sample


def _new_file_patch(ecosystem: str, packages: Sequence[PackageRequest]) -> bytes:
    """Return the patch that adds a manifest with all packages of one ecosystem."""
    sample = _sample(ecosystem)
    lines = sample.lines(
        (package.name, package.version)
        for package in _of_ecosystem(ecosystem, packages)
    )
    path = f"{_FOLDER}/{sample.file}"
    header = (
        f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n"
        f"@@ -0,0 +1,{len(lines)} @@\n"
    )
    body = "".join(f"+{line}\n" for line in lines)
    return (header + body).encode()


def refresh_snapshots(
    ecosystems: tuple[str, ...], environ: Mapping[str, str]
) -> Iterator[str]:
    """Refresh the snapshots of package names in the user's cache.

    Yields a sentence for each; no ``ecosystems`` means all.  Raises UsageError for
    an ecosystem without a snapshot, GateError if a snapshot cannot be refreshed.
    """
    from zt_gate.scanners.dependencies.snapshot_update import UpdateError, refresh
    from zt_gate.system.sealed_cache import open_cache

    available = with_snapshot()
    for name in ecosystems:
        if name not in available:
            raise UsageError(
                f"no snapshot of names for ecosystem {name!a}; "
                f"supported: {', '.join(available)}"
            )
    cache = open_cache(environ)
    if cache is None:
        raise GateError(
            "no usable cache: set ZT_GATE_CACHE_DIR to a folder that only you can write "
            "to, HOME or XDG_STATE_HOME to a folder outside it and, in CI, "
            "ZT_GATE_CACHE_KEY"
        )
    for name in ecosystems or available:
        try:
            snapshot = refresh(name, environ, {}, cache)
        except UpdateError as error:
            raise GateError(
                f"the snapshot for {name} was not updated: {error}"
            ) from error
        count, day = len(snapshot.names), snapshot.day.isoformat()
        yield f"{name}: {count:,} names, confirmed {day}"
