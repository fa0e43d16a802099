"""Packages judged before anybody adds them: a change that would add each, and its verdict.

Nothing is judged otherwise than in a scan: the same policy, registries,
snapshot and cache; only the change is made up.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from zt_gate.errors import GateError, UsageError
from zt_gate.review import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

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


def package_of(text: str, ecosystem: str = "pypi") -> PackageRequest:
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
    mark = ":" if kind == "maven" else "/"
    name = f"{purl.namespace}{mark}{purl.name}" if purl.namespace else purl.name
    return _valid(PackageRequest(kind, name, purl.version or ""), text)


def _valid(package: PackageRequest, text: str) -> PackageRequest:
    from zt_gate.ecosystems.manifests.base import valid_name

    kind: Any = package.ecosystem
    if not valid_name(kind, package.name) or not re.fullmatch(_VERSION, package.version):
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
    patch = b"".join(_file(kind, packages) for kind in dict.fromkeys(p.ecosystem for p in packages))
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


def place_of(package: PackageRequest, packages: Sequence[PackageRequest]) -> tuple[bytes, int]:
    """Return path and line (1-based) at which the report speaks of a package."""
    name, _ = _WRITERS[package.ecosystem]
    own = [one for one in packages if one.ecosystem == package.ecosystem]
    return f"{_FOLDER}/{name}".encode(), _HEAD[package.ecosystem] + own.index(package) + 1


def _known(ecosystem: str) -> str:
    if ecosystem not in _WRITERS:
        raise UsageError(f"packages of {ecosystem!a} are not known; {', '.join(_WRITERS)} are")
    return ecosystem


def _file(ecosystem: str, packages: Sequence[PackageRequest]) -> bytes:
    """Return the patch that adds a file with all packages of one ecosystem."""
    name, write = _WRITERS[ecosystem]
    lines = write([one for one in packages if one.ecosystem == ecosystem])
    path = f"{_FOLDER}/{name}"
    head = (
        f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n"
        f"@@ -0,0 +1,{len(lines)} @@\n"
    )
    return (head + "".join(f"+{line}\n" for line in lines)).encode()


def _requirements(packages: Sequence[PackageRequest]) -> list[str]:
    return [f"{one.name}=={one.version}" if one.version else one.name for one in packages]


def _package_json(packages: Sequence[PackageRequest]) -> list[str]:
    entries = [f"{json.dumps(one.name)}: {json.dumps(one.version or '*')}" for one in packages]
    return ['{"dependencies": {', *(f"{line}," for line in entries[:-1]), entries[-1], "}}"]


def _cargo(packages: Sequence[PackageRequest]) -> list[str]:
    return ["[dependencies]", *(f'{p.name} = "={p.version}"' if p.version else f'{p.name} = "*"'
                                for p in packages)]  # fmt: skip


def _go_mod(packages: Sequence[PackageRequest]) -> list[str]:
    return ["module asks.invalid/x", "require (",
            *(f"\t{one.name} {one.version or 'v0.0.0'}" for one in packages), ")"]  # fmt: skip


def _gemfile(packages: Sequence[PackageRequest]) -> list[str]:
    return [f"gem '{one.name}'" + (f", '{one.version}'" if one.version else "") for one in packages]


def _composer(packages: Sequence[PackageRequest]) -> list[str]:
    return [line.replace('"dependencies"', '"require"') for line in _package_json(packages)]


def _csproj(packages: Sequence[PackageRequest]) -> list[str]:
    return ["<Project><ItemGroup>",
            *(f"<PackageReference Include={quoteattr(one.name)} Version="
              f"{quoteattr(one.version or '*')} />" for one in packages),
            "</ItemGroup></Project>"]  # fmt: skip


def _pom(packages: Sequence[PackageRequest]) -> list[str]:
    lines = ["<project><dependencies>"]
    for one in packages:
        group, _, artifact = one.name.partition(":")
        version = f"<version>{escape(one.version)}</version>" if one.version else ""
        lines.append(f"<dependency><groupId>{escape(group)}</groupId><artifactId>"
                     f"{escape(artifact)}</artifactId>{version}</dependency>")  # fmt: skip
    return [*lines, "</dependencies></project>"]


_WRITERS: dict[str, tuple[str, Callable[[Sequence[PackageRequest]], list[str]]]] = {
    "pypi": ("requirements.txt", _requirements),
    "npm": ("package.json", _package_json),
    "cargo": ("Cargo.toml", _cargo),
    "golang": ("go.mod", _go_mod),
    "gem": ("Gemfile", _gemfile),
    "composer": ("composer.json", _composer),
    "nuget": ("asks.csproj", _csproj),
    "maven": ("pom.xml", _pom),
}
#: Lines of each file before the first package.
_HEAD = {"pypi": 0, "npm": 1, "cargo": 1, "golang": 2, "gem": 0, "composer": 1, "nuget": 1,
         "maven": 1}  # fmt: skip


def update(ecosystems: tuple[str, ...], environ: Mapping[str, str]) -> Iterator[str]:
    """Refresh the snapshots in the user's cache folder; yields a sentence for each.

    Raises UsageError for an ecosystem without one, GateError where it fails.
    """
    from zt_gate.scanners.dependencies.name_snapshot import ECOSYSTEMS
    from zt_gate.scanners.dependencies.snapshot_update import UpdateError, refresh
    from zt_gate.system import cache

    for name in ecosystems:
        if name not in ECOSYSTEMS:
            raise UsageError(f"there is no snapshot for {name!a}; {', '.join(ECOSYSTEMS)} have one")
    folder = cache.cache_folder(environ)
    if folder is None:
        raise GateError("there is no safe cache folder; set ZT_GATE_CACHE_DIR")
    for name in ecosystems or ECOSYSTEMS:
        try:
            new = refresh(name, environ, {}, folder)
        except UpdateError as error:
            raise GateError(f"the snapshot for {name} stays as it was: {error}") from error
        yield f"{name}: {len(new.names):,} names, confirmed {new.day.isoformat()}"
