"""Packages judged before anybody adds them: a change that would add each, and its verdict.

Nothing is judged otherwise than in a scan: the same policy, registries,
snapshot and cache; only the change is made up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named, supported, with_snapshot
from zt_gate.errors import GateError, UsageError
from zt_gate.review import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from zt_gate.ecosystems.base import SampleManifest
    from zt_gate.model.report import Report

# No project has such a folder: the made-up files hide none of its own.
_FOLDER = "zt-gate-asks"
_LONGEST = 300
_VERSION = r"[0-9A-Za-z.!+_~-]{0,100}"


@dataclass(frozen=True, slots=True)
class PackageRequest:
    """One package to ask about; ``name`` as its ecosystem writes it, ``version`` may be ""."""

    ecosystem: str
    name: str
    version: str = ""


def parse_package(text: str, ecosystem: str = "pypi") -> PackageRequest:
    """Read a package URL, or a name of ``ecosystem``; raises UsageError."""
    if not text.strip() or len(text) > _LONGEST or not text.isprintable():
        raise UsageError(f"{text[:60]!a} is no package")
    if not text.startswith("pkg:"):
        return _valid(PackageRequest(_known(ecosystem), text), text)
    from packageurl import PackageURL

    try:
        purl = PackageURL.from_string(text)
    except ValueError as error:
        raise UsageError(f"{text!a} is no package URL") from error
    kind = _known(purl.type)
    separator = ecosystem_named(kind).separator
    name = f"{purl.namespace}{separator}{purl.name}" if purl.namespace else purl.name
    return _valid(PackageRequest(kind, name, purl.version or ""), text)


def _valid(package: PackageRequest, text: str) -> PackageRequest:
    from zt_gate.ecosystems.manifests.base import valid_name

    is_valid = valid_name(package.ecosystem, package.name)
    if not is_valid or not re.fullmatch(_VERSION, package.version):
        raise UsageError(f"{text!a} is no package; for a version write a package URL")
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

    In the report each stands where ``place_of`` says.
    """
    patch = b"".join(
        _file(kind, packages) for kind in dict.fromkeys(p.ecosystem for p in packages)
    )
    request = run.Request(
        kind="patch",
        patch=patch,
        folder=folder,
        only=("dependencies",),
        offline=offline,
        config=config,
        profile=profile,
    )
    return run.run(request, environ)


def report_location(
    package: PackageRequest, packages: Sequence[PackageRequest]
) -> tuple[bytes, int]:
    """Return path and line (1-based) at which the report speaks of a package."""
    sample = _sample(package.ecosystem)
    own = [one for one in packages if one.ecosystem == package.ecosystem]
    return f"{_FOLDER}/{sample.file}".encode(), len(sample.head) + own.index(
        package
    ) + 1


def _known(ecosystem: str) -> str:
    known = supported()
    if ecosystem not in known:
        raise UsageError(
            f"unsupported ecosystem {ecosystem!a}; supported: {', '.join(known)}"
        )
    return ecosystem


def _sample(ecosystem: str) -> SampleManifest:
    sample = ecosystem_named(ecosystem).sample
    assert sample is not None, "whatever has a registry has a made-up manifest"
    return sample


def _file(ecosystem: str, packages: Sequence[PackageRequest]) -> bytes:
    """Return the patch that adds a file with all packages of one ecosystem."""
    sample = _sample(ecosystem)
    lines = sample.lines(
        (one.name, one.version) for one in packages if one.ecosystem == ecosystem
    )
    path = f"{_FOLDER}/{sample.file}"
    head = (
        f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n"
        f"@@ -0,0 +1,{len(lines)} @@\n"
    )
    return (head + "".join(f"+{line}\n" for line in lines)).encode()


def refresh_snapshots(
    ecosystems: tuple[str, ...], environ: Mapping[str, str]
) -> Iterator[str]:
    """Refresh the snapshots in the user's cache folder; yields a sentence for each.

    Raises UsageError for an ecosystem without one, GateError where it fails.
    """
    from zt_gate.scanners.dependencies.snapshot_update import UpdateError, refresh
    from zt_gate.system import cache

    for name in ecosystems:
        if name not in with_snapshot():
            known = ", ".join(with_snapshot())
            raise UsageError(
                f"no snapshot of names for ecosystem {name!a}; supported: {known}"
            )
    folder = cache.cache_folder(environ)
    if folder is None:
        raise GateError("there is no safe cache folder; set ZT_GATE_CACHE_DIR")
    for name in ecosystems or with_snapshot():
        try:
            new = refresh(name, environ, {}, folder)
        except UpdateError as error:
            raise GateError(
                f"the snapshot for {name} stays as it was: {error}"
            ) from error
        yield f"{name}: {len(new.names):,} names, confirmed {new.day.isoformat()}"
