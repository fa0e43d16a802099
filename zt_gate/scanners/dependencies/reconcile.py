"""Removal of additions that the repository already has, and addition of imported packages.

A command or an import adds nothing that a manifest declares.  A lock file adds
nothing that the manifest beside it adds.  A workspace member is not a new
dependency for its siblings, nor is any other package that the repository provides
itself (``ecosystems.local_packages``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems import all_ecosystems
from zt_gate.ecosystems.local_packages import LocatedEntry, local_entries
from zt_gate.ecosystems.manifest_formats import lock_formats, text_formats
from zt_gate.model.report import NotInspected
from zt_gate.record import dataclass, replace
from zt_gate.scanners.dependencies.imports_alone import SECTION
from zt_gate.scanners.dependencies.lock_mismatch import mismatches
from zt_gate.scanners.dependencies.manifest_difference import Addition, ManifestFinding
from zt_gate.scanners.dependencies.package_paths import candidates
from zt_gate.scanners.dependencies.repository_names import RepositoryNames
from zt_gate.syntax.paths import is_any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.ecosystems.project_tree import ProjectTree
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.dependencies.manifest_difference import Difference, Manifest

_IMPORT_RULE = "dependencies/undeclared-import"
#: Folders of test data, in addition to those in rules/paths.toml.
_TEST_DATA_FOLDERS = frozenset(
    (b"data", b"cases", b"__fixtures__", b"snapshots", b"__snapshots__", b"golden", b"resources",
     b"samples", b"inputs", b"corpus", b"example_scripts")
)  # fmt: skip
_NO_FILES = "imports were not checked: the files of the repository are not known"


@dataclass(frozen=True, slots=True)
class RepositoryContext:
    """The repository around the changed manifests; see ``additions.difference``.

    ``changed`` holds all paths of the change, ``tree`` the files after it.
    """

    changed: frozenset[bytes]
    trusted: Callable[[bytes], bytes | None]
    paths: Callable[[], Sequence[bytes] | None]
    rules: Mapping[str, Rule]
    tree: Callable[[], ProjectTree]


def reconcile(
    result: Difference,
    manifests: Sequence[Manifest],
    imported: Sequence[Addition],
    context: RepositoryContext,
) -> None:
    """Remove from ``result`` what the repository already has, and add imported packages."""
    repository = RepositoryNames(
        manifests, context.changed, context.trusted, context.paths
    )
    merged = _merge_locks(result)
    local = _local(context, (*merged, *result.constrained))
    result.added = [
        addition
        for addition in merged
        if _located(addition) not in local
        and not _is_in_repository(addition, repository, context)
    ]
    result.constrained = [
        addition for addition in result.constrained if _located(addition) not in local
    ]
    for manifest, entry, message in mismatches(manifests):
        if LocatedEntry(manifest.file.path, entry) in local:
            continue
        addition = Addition(entry, manifest)
        finding = ManifestFinding(addition, "dependencies/lock-mismatch", message)
        result.manifest_findings.append(finding)
    rule = context.rules.get(_IMPORT_RULE)
    if imported and rule is not None:
        _add_imports(result, imported, repository, rule)


def _merge_locks(result: Difference) -> list[Addition]:
    """Return the additions, each package once, with the constraint of its lock file.

    A lock file, a command or prose only repeats a package that a manifest adds.
    Further versions of it in a lock file are moved to ``result.constrained``.
    """
    secondary = text_formats() | lock_formats()
    declared = {
        _name(addition)
        for addition in result.added
        if addition.manifest.reader.name not in secondary
    }
    locked = _locked_constraints([*result.added, *result.constrained])
    repeated: set[tuple[str, str]] = set()
    kept: list[Addition] = []
    further_versions: list[Addition] = []
    for addition in result.added:
        name, format_name = _name(addition), addition.manifest.reader.name
        if not _is_from_registry(addition):
            kept.append(addition)
        elif format_name not in secondary:
            constraint = locked.get(name, addition.locked)
            kept.append(replace(addition, locked=constraint))
        elif name not in declared and name not in repeated:
            repeated.add(name)
            kept.append(addition)
        elif format_name in lock_formats() and addition.constraint:
            further_versions.append(addition)
    kept_versions = {
        (_name(addition), addition.constraint)
        for addition in kept
        if addition.constraint
    }
    result.constrained = [
        addition
        for addition in (*result.constrained, *further_versions)
        if (_name(addition), addition.constraint) not in kept_versions
    ]
    return kept


def _name(addition: Addition) -> tuple[str, str]:
    return addition.dependency.ecosystem, addition.dependency.key


def _is_from_registry(addition: Addition) -> bool:
    entry = addition.dependency
    return bool(entry.key) and entry.source.kind == "registry"


def _locked_constraints(additions: Sequence[Addition]) -> dict[tuple[str, str], str]:
    """Return the lock files' constraint for each name, that of a direct dependency if known."""
    locked: dict[tuple[str, str], Dependency] = {}
    for addition in additions:
        if addition.manifest.reader.name not in lock_formats():
            continue
        if not _is_from_registry(addition):
            continue
        entry = addition.dependency
        known = locked.setdefault(_name(addition), entry)
        if entry.direct and not known.direct:
            locked[_name(addition)] = entry
    return {name: entry.constraint for name, entry in locked.items()}


def _local(
    context: RepositoryContext, additions: Sequence[Addition]
) -> set[LocatedEntry]:
    """Return the additions that the repository provides itself."""
    entries = [_located(item) for item in additions if _is_from_registry(item)]
    return local_entries(context.tree(), entries) if entries else set()


def _located(addition: Addition) -> LocatedEntry:
    return LocatedEntry(addition.manifest.file.path, addition.dependency)


def _is_in_repository(
    addition: Addition, repository: RepositoryNames, context: RepositoryContext
) -> bool:
    """Return whether the repository declares the package of a command or of prose already."""
    entry, format_name = addition.dependency, addition.manifest.reader.name
    if format_name == "prose" and entry.source.kind in {"index", "path"}:
        return True  # prose is not executed; only the packages that it names matter
    is_command = entry.section.startswith("command")
    if format_name not in text_formats() and not is_command:
        return False
    own_names = repository.own(entry.ecosystem)
    if entry.source.kind in {"vcs", "url"}:
        own_repositories = {name.rpartition("/")[2] for name in own_names}
        return _repository_of(entry.source.target) in own_repositories
    if not entry.key:
        return False
    names = {entry.key, *candidates(entry)}
    if not names.isdisjoint(repository.declared(entry.ecosystem)):
        return True
    if format_name != "prose" and context.paths():
        # What is executed asks the registry for a name that only the change claims.
        own_names = repository.own_before(entry.ecosystem)
    defined_here = (addition.manifest.file.path, entry.ecosystem, entry.key)
    return entry.key in own_names or defined_here in repository.own_by_file


def _repository_of(address: str) -> str:
    """Return the repository's name: ``name`` for ``git+https://…/name.git@v1``."""
    last_part = address.partition("#")[0].rstrip("/").rpartition("/")[2]
    return last_part.partition("@")[0].removesuffix(".git").lower()


def _is_test_fixture(imported: Addition) -> bool:
    """Return whether a test imports a module that it creates, or is the input of another test."""
    path = imported.manifest.file.path
    if not is_any(path, "test"):
        return False
    *folders, name = path.lower().split(b"/")
    is_test_data = is_any(path, "test-data") or not _TEST_DATA_FOLDERS.isdisjoint(
        folders
    )
    if imported.dependency.section != "import" or is_test_data:
        return True
    # A folder named like a test holds the files that a test reads, except for tests.
    in_test_folder = any(part.startswith((b"test-", b"test_")) for part in folders)
    return in_test_folder and not name.startswith((b"test_", b"conftest"))


def _add_imports(
    result: Difference,
    imported: Sequence[Addition],
    repository: RepositoryNames,
    rule: Rule,
) -> None:
    """Add the packages of imports that no manifest declares, also where there is no manifest."""
    from zt_gate.scanners.dependencies.imported_packages import (
        ModuleTable,
        package_for_import,
    )

    with_modules = [item.name for item in all_ecosystems() if item.module_names]
    undeclared = {name for name in with_modules if not repository.declared(name)}
    if repository.paths is None:
        if len(undeclared) == len(with_modules):
            return
        result.not_inspected.append(NotInspected(None, "not_applicable", _NO_FILES))
        return
    table = ModuleTable(rule.data)
    known = {_name(addition) for addition in result.added}
    for item in imported:
        ecosystem = item.dependency.ecosystem
        is_unknown = ecosystem in undeclared and repository.has_manifest(ecosystem)
        if is_unknown or _is_test_fixture(item):
            continue
        package = package_for_import(item.dependency, repository, table)
        if package is None or (package.ecosystem, package.key) in known:
            continue
        known.add((package.ecosystem, package.key))
        if ecosystem in undeclared:
            package = replace(package, section=SECTION)
            result.added.append(Addition(package, item.manifest))
            continue
        addition = Addition(package, item.manifest)
        result.added.append(addition)
        message = _import_message(item.dependency.source.target, package.name)
        result.manifest_findings.append(
            ManifestFinding(addition, _IMPORT_RULE, message)
        )


def _import_message(module: str, package: str) -> str:
    shown = ascii(module)[1:-1]
    if package != module:
        shown = f"{shown} (package {package})"
    return f"{shown} is imported, but no manifest of the repository declares it"
