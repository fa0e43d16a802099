"""What remains of the additions when the whole repository is taken into account.

A command or an import adds nothing that a manifest declares; a lock file adds
nothing that the manifest beside it adds already; a workspace's package is no
stranger to its neighbours.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.ecosystems import all_ecosystems, ecosystem_named
from zt_gate.ecosystems.manifest_formats import lock_formats, text_formats
from zt_gate.model.report import NotInspected
from zt_gate.scanners.dependencies.lock_mismatch import mismatches
from zt_gate.scanners.dependencies.manifest_difference import Addition, ManifestFinding
from zt_gate.scanners.dependencies.repository_names import RepositoryNames
from zt_gate.syntax.paths import is_any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.dependencies.manifest_difference import Difference, Manifest

_IMPORT_RULE = "dependencies/undeclared-import"
#: Folders of what a test reads, beside those of rules/paths.toml.
_INPUTS = frozenset(
    (b"data", b"cases", b"__fixtures__", b"snapshots", b"__snapshots__", b"golden", b"resources",
     b"samples", b"inputs", b"corpus", b"example_scripts")
)  # fmt: skip
_NO_FILES = "imports were not looked at: the files of the repository are not known"


@dataclass(frozen=True, slots=True)
class RepositoryContext:
    """What can be known beyond the manifests; see ``additions.difference``.

    ``changed`` holds all paths of the change.
    """

    changed: frozenset[bytes]
    trusted: Callable[[bytes], bytes | None]
    paths: Callable[[], Sequence[bytes] | None]
    rules: Mapping[str, Rule]


def reconcile(
    result: Difference,
    manifests: Sequence[Manifest],
    imported: Sequence[Addition],
    sides: RepositoryContext,
) -> None:
    """Take out of ``result`` what is not new after all, and add what imports bring."""
    repository = RepositoryNames(manifests, sides.changed, sides.trusted, sides.paths)
    result.added = [one for one in _once(result) if not _is_own(one, repository)]
    for manifest, entry, told in mismatches(manifests):
        result.remarks.append(
            ManifestFinding(
                Addition(entry, manifest), "dependencies/lock-mismatch", told
            )
        )
    rule = sides.rules.get(_IMPORT_RULE)
    if imported and rule is not None:
        _add_imports(result, imported, repository, rule)


def _once(result: Difference) -> list[Addition]:
    """Return the additions without those that say again what another one says better.

    A lock file says which version a manifest's entry will be; its other versions
    of the same name are only versions.
    """
    followers = text_formats() | lock_formats()
    declared = {
        _name(one) for one in result.added if one.manifest.reader.name not in followers
    }
    locked = _locked([*result.added, *result.constrained])
    said: set[tuple[str, str]] = set()
    kept, versions = [], []
    for one in result.added:
        at = _name(one)
        is_repeated = at in declared or at in said
        if _is_registrys(one) and one.manifest.reader.name in followers:
            said.add(at)
            if not is_repeated:
                kept.append(one)
            elif one.manifest.reader.name in lock_formats() and one.constraint:
                versions.append(one)
        elif _is_registrys(one) and at in locked:
            kept.append(dataclasses.replace(one, locked=locked[at]))
        else:
            kept.append(one)
    told = {(_name(one), one.constraint) for one in kept if one.constraint}
    result.constrained = [
        one
        for one in (*result.constrained, *versions)
        if (_name(one), one.constraint) not in told
    ]
    return kept


def _name(addition: Addition) -> tuple[str, str]:
    return addition.dependency.ecosystem, addition.dependency.key


def _is_registrys(addition: Addition) -> bool:
    return (
        bool(addition.dependency.key) and addition.dependency.source.kind == "registry"
    )


def _locked(found: Sequence[Addition]) -> dict[tuple[str, str], str]:
    """Return the constraint that the locks have for each name: for its direct use, if told."""
    best: dict[tuple[str, str], Addition] = {}
    for one in found:
        if one.manifest.reader.name in lock_formats() and _is_registrys(one):
            known = best.setdefault(_name(one), one)
            if one.dependency.direct and not known.dependency.direct:
                best[_name(one)] = one
    return {at: one.dependency.constraint for at, one in best.items()}


def _is_own(addition: Addition, repository: RepositoryNames) -> bool:
    """Say whether the repository has the package already, or is it itself."""
    entry, format_name = addition.dependency, addition.manifest.reader.name
    if format_name == "prose" and entry.source.kind in {"index", "path"}:
        return True  # nobody runs prose; which package it names matters all the same
    if format_name in text_formats() or entry.section.startswith("command"):
        own = repository.own(entry.ecosystem)
        if entry.source.kind in {"vcs", "url"}:
            return _last_part(entry.source.target) in {
                name.rpartition("/")[2] for name in own
            }
        return bool(entry.key) and (
            entry.key in repository.declared(entry.ecosystem) or entry.key in own
        )
    has_workspace_kind = bool(ecosystem_named(entry.ecosystem).workspace_files)
    if has_workspace_kind and entry.key and entry.source.kind == "registry":
        own = repository.own(entry.ecosystem)
        return repository.has_workspaces(entry.ecosystem) and entry.key in own
    at = (addition.manifest.file.path, entry.ecosystem, entry.key)
    return bool(entry.key) and at in repository.own_by_file


def _last_part(address: str) -> str:
    """Return the repository's name in an address: ``git+https://…/name.git@v1`` is ``name``."""
    path = address.partition("#")[0].rstrip("/").rpartition("/")[2]
    return path.partition("@")[0].removesuffix(".git").lower()


def _is_made_up(imported: Addition) -> bool:
    """Say whether a test imports what it made itself, or is the input of another test."""
    path = imported.manifest.file.path
    folders = path.lower().split(b"/")
    name = folders.pop()
    if not is_any(path, "test"):
        return False
    is_input = is_any(path, "test-data") or not _INPUTS.isdisjoint(folders)
    if imported.dependency.section != "import" or is_input:
        return True
    # A folder that is called a test holds what the test reads, unless it is one itself.
    is_named = any(part.startswith((b"test-", b"test_")) for part in folders)
    return is_named and not name.startswith((b"test_", b"conftest"))


def _add_imports(
    result: Difference,
    imported: Sequence[Addition],
    repository: RepositoryNames,
    rule: Rule,
) -> None:
    from zt_gate.scanners.dependencies.imported_packages import (
        ModuleTable,
        package_for_import,
    )

    with_imports = [one.name for one in all_ecosystems() if one.module_names]
    if not any(repository.declared(name) for name in with_imports):
        return
    if repository.paths is None:
        result.not_inspected.append(NotInspected(None, "not_applicable", _NO_FILES))
        return
    table = ModuleTable(rule.data)
    said = {(one.dependency.ecosystem, one.dependency.key) for one in result.added}
    for one in imported:
        if _is_made_up(one):
            continue
        found = package_for_import(one.dependency, repository, table)
        if found is None or (found.ecosystem, found.key) in said:
            continue
        said.add((found.ecosystem, found.key))
        addition = Addition(found, one.manifest)
        result.added.append(addition)
        module = one.dependency.source.target
        brings = "" if found.name == module else f" (of the package {found.name})"
        told = f"{ascii(module)[1:-1]}{brings} is imported, and no manifest here declares it"
        result.remarks.append(ManifestFinding(addition, _IMPORT_RULE, told))
