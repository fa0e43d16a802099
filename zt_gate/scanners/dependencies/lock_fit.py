"""Disagreement between a lock file and the manifests that it was made from.

A disagreement counts if the change brings it: it is looked for before and after the
change, and what was there before is not reported.  A change that leaves the lock file
alone is not judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifest_formats import manifests_beside_locks
from zt_gate.ecosystems.manifests.base import quoted
from zt_gate.ecosystems.manifests.lock_content import FROM_REGISTRY
from zt_gate.ecosystems.project_tree import joined
from zt_gate.ecosystems.version_constraints import satisfies
from zt_gate.record import dataclass
from zt_gate.scanners.dependencies.lock_requests import requests_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zt_gate.ecosystems.manifests.base import Place
    from zt_gate.ecosystems.manifests.lock_content import LockContent
    from zt_gate.scanners.dependencies.lock_requests import DirectRequest
    from zt_gate.scanners.dependencies.manifest_difference import Manifest

#: Specifiers in a lock file with their places, by name.
_Specifiers = dict[str, "dict[str, Place]"]
#: What manifests request, by path and content: most are the same on both sides.
_Parsed = dict[tuple[bytes, bytes], "tuple[DirectRequest, ...]"]

#: Names of manifests whose letters are not all lower case.
_WRITTEN = {
    b"cargo.toml": b"Cargo.toml",
    b"gemfile": b"Gemfile",
    b"pipfile": b"Pipfile",
}
_MOST_PROJECTS = 200


@dataclass(frozen=True, slots=True)
class FitProblem:
    """A disagreement about one package; ``case`` is a key of the rule's ``cases``."""

    case: Literal["differs", "outside", "renamed"]
    key: str
    message: str
    name: str
    version: str
    place: Place

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes two problems the same one before and after the change."""
        return self.case, self.key, self.message


@dataclass(frozen=True, slots=True)
class _Project:
    """A manifest of the lock file: its folder in the lock, its path, what it requests."""

    folder: str
    path: bytes
    requests: tuple[DirectRequest, ...]


def fit_problems(
    lock: Manifest,
    read_new: Callable[[bytes], bytes | None],
    read_old: Callable[[bytes], bytes | None],
) -> Iterator[FitProblem]:
    """Yield the disagreements that the change of a lock file brings."""
    if lock.lock is None:
        return
    known: set[tuple[str, str, str]] = set()
    parsed: _Parsed = {}
    if lock.old_lock is not None:
        old_path = lock.file.old_path or lock.file.path
        known = {
            problem.identity
            for problem in _problems(old_path, lock.old_lock, read_old, parsed)
        }
    for problem in _problems(lock.file.path, lock.lock, read_new, parsed):
        if problem.identity not in known:
            known.add(problem.identity)
            yield problem


def _problems(
    path: bytes,
    lock: LockContent,
    read: Callable[[bytes], bytes | None],
    parsed: _Parsed,
) -> Iterator[FitProblem]:
    for alias, entry in lock.renamed:
        message = (
            f"{alias} is locked as the package {entry.name}, which nothing requests"
        )
        place = (entry.line, entry.column, entry.end_column)
        yield FitProblem("renamed", alias, message, entry.name, entry.constraint, place)
    yield from _inside(lock)
    projects = list(_projects(path, lock, read, parsed))
    replaced = _replaced(projects) | lock.overridden
    by_project = _specifiers_by_project(lock, projects)
    for project in projects:
        yield from _specifiers(lock, by_project, project, replaced)
    versions = _locked_versions(lock)
    for project in projects:
        yield from _versions(lock, versions, project, replaced)


def _projects(
    path: bytes,
    lock: LockContent,
    read: Callable[[bytes], bytes | None],
    parsed: _Parsed,
) -> Iterator[_Project]:
    folder, _, name = path.rpartition(b"/")
    manifest = manifests_beside_locks().get(name.lower())
    if manifest is None:
        return
    manifest = _WRITTEN.get(manifest, manifest)
    for project in sorted(lock.projects | {""})[:_MOST_PROJECTS]:
        place = joined(folder, project)
        if place is None:
            continue
        manifest_path = place + b"/" + manifest if place else manifest
        data = read(manifest_path)
        if data is None:
            continue
        key = (manifest_path, data)
        if key not in parsed:
            parsed[key] = tuple(requests_of(manifest_path, data))
        yield _Project(project, manifest_path, parsed[key])


def _replaced(projects: list[_Project]) -> frozenset[str]:
    """Return the names whose requirement a section of the root's manifest replaces."""
    return frozenset(
        request.key
        for project in projects
        for request in project.requests
        if request.is_replacing
    )


def _inside(lock: LockContent) -> Iterator[FitProblem]:
    """Yield locked versions outside what the lock file itself says is requested."""
    versions = _locked_versions(lock)
    for requirement in lock.requirements:
        if requirement.section not in {"requested", "DEPENDENCIES"}:
            continue
        ecosystem = "nuget" if requirement.section == "requested" else "gem"
        key = ecosystem_named(ecosystem).normalise(requirement.name)
        locked = versions.get((ecosystem, key), [])
        results = [
            satisfies(ecosystem, version, requirement.specifier) for version in locked
        ]
        is_outside = (
            bool(results)
            and "" not in locked
            and all(result is False for result in results)
        )
        if requirement.specifier and is_outside:
            yield _outside(
                key,
                requirement.name,
                locked[0],
                f"{quoted(requirement.specifier)} that the lock file says is requested",
                requirement.place,
            )


def _locked_versions(lock: LockContent) -> dict[tuple[str, str], list[str]]:
    versions: dict[tuple[str, str], list[str]] = {}
    for entry in lock.dependencies:
        kept = versions.setdefault((entry.ecosystem, entry.key), [])
        if entry.source.kind not in FROM_REGISTRY:
            kept.append("")  # no version to compare
        else:
            kept.append(entry.constraint.lstrip("="))
    return versions


def _versions(
    lock: LockContent,
    locked: Mapping[tuple[str, str], list[str]],
    project: _Project,
    replaced: frozenset[str],
) -> Iterator[FitProblem]:
    """Yield direct dependencies of which no locked version is in the requested range."""
    if "*" in replaced:
        return
    wanted: dict[tuple[str, str], list[DirectRequest]] = {}
    for request in project.requests:
        if request.is_locked and request.key not in replaced:
            wanted.setdefault((request.ecosystem, request.key), []).append(request)
    for (ecosystem, key), requests in wanted.items():
        versions = locked.get((ecosystem, key), [])
        if not versions or "" in versions:
            continue
        if not all(request.is_from_registry for request in requests):
            continue
        results = [
            satisfies(ecosystem, version, request.constraint)
            for version in versions
            for request in requests
        ]
        if not all(result is False for result in results):
            continue
        manifest = project.path.decode("ascii", "replace")
        said = f"{quoted(requests[0].constraint)} that {quoted(manifest)} requests"
        place = _place_of(lock, key)
        yield _outside(key, requests[0].name, versions[0], said, place)


def _place_of(lock: LockContent, key: str) -> Place:
    for entry in lock.dependencies:
        if entry.key == key:
            return entry.line, entry.column, entry.end_column
    return 1, 1, 1


def _outside(key: str, name: str, version: str, said: str, place: Place) -> FitProblem:
    message = f"{name} is locked at {quoted(version)}, outside {said}"
    return FitProblem("outside", key, message, name, version, place)


def _specifiers_by_project(
    lock: LockContent, projects: list[_Project]
) -> dict[str, _Specifiers]:
    """Return what the lock file says that each project requests."""
    specifiers: dict[str, _Specifiers] = {}
    for requirement in lock.requirements:
        if requirement.project in lock.projects:
            own = specifiers.setdefault(requirement.project, {})
            written = own.setdefault(requirement.name, {})
            written[requirement.specifier] = requirement.place
    if lock.descriptors:  # those of all projects together
        common: _Specifiers = {}
        for name, version_range in sorted(lock.descriptors):
            common.setdefault(name, {})[version_range] = (1, 1, 1)
        specifiers = dict.fromkeys((project.folder for project in projects), common)
    return specifiers


def _specifiers(
    lock: LockContent,
    by_project: Mapping[str, _Specifiers],
    project: _Project,
    replaced: frozenset[str],
) -> Iterator[FitProblem]:
    """Yield direct dependencies that the lock file was not made for."""
    if "*" in replaced:
        return
    locked = by_project.get(project.folder, {})
    wanted: dict[str, list[DirectRequest]] = {}
    for request in project.requests:
        if not request.is_repeated:
            continue
        wanted.setdefault(request.name, []).append(request)
    for name, asked in wanted.items():
        specifiers = locked.get(name, {})
        if not specifiers or name in replaced:
            continue
        if any(one.is_same(specifier) for one in asked for specifier in specifiers):
            continue
        if lock.descriptors and any(not one.is_plain for one in asked):
            continue
        written, place = next(iter(specifiers.items()))
        manifest = quoted(project.path.decode("ascii", "replace"))
        message = (
            f"{name} is locked for {quoted(written)},"
            f" but {manifest} requests {quoted(asked[0].specifier)}"
        )
        is_other = all(one.is_other_package(specifiers) for one in asked)
        case: Literal["renamed", "differs"] = "renamed" if is_other else "differs"
        yield FitProblem(case, name, message, name, "", place)
