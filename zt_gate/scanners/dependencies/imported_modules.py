"""Comparison of a new package with the import that it was added for.

A change that adds a package and imports a module of its name expects that module in it.
A package that has other modules only is not the one that was meant, or is named after one
that does not exist.  Only Python's packages name their modules freely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifests.base import normalise, quoted
from zt_gate.ecosystems.manifests.python import NAMESPACES
from zt_gate.ecosystems.registries.package_index import RegistryError
from zt_gate.model.report import NotInspected
from zt_gate.scanners.dependencies.assessment import Assessment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.ecosystems.registries.client import Client
    from zt_gate.ecosystems.registries.package_index import Index
    from zt_gate.scanners.dependencies.manifest_difference import Addition

RULE = "dependencies/unusual-release"
ECOSYSTEM = "pypi"
_WIDTH = 4
_MOST_SHOWN = 5


def imported_names(imports: Iterable[Addition]) -> dict[str, str]:
    """Return the modules that a change imports by the key of the package of that name."""
    names: dict[str, str] = {}
    for item in imports:
        entry = item.dependency
        if entry.ecosystem == ECOSYSTEM and entry.name not in NAMESPACES:
            names.setdefault(normalise(ECOSYSTEM, entry.name), entry.name)
    return names


def look_up(
    wanted: Iterable[tuple[Index, str, str]],
    run: Callable[[Sequence[tuple[int, list[Callable[[Client], None]]]]], None],
) -> dict[str, frozenset[str] | str]:
    """Return the modules of packages, or why they are unknown, by key.

    ``wanted`` has index, key and version; ``run`` runs tasks as ``pool.run`` does.
    """
    from zt_gate.ecosystems.registries.wheel_modules import modules_of

    found: dict[str, frozenset[str] | str] = {}

    def task(index: Index, key: str, version: str) -> Callable[[Client], None]:
        def ask(client: Client) -> None:
            try:
                found[key] = modules_of(client, index, key, version)
            except RegistryError as error:
                found[key] = str(error)

        return ask

    items = list(wanted)
    if items:
        run([(_WIDTH, [task(*item) for item in items])])
    # A thread that is late must not change the answer.
    no_answer = "did not answer before the deadline"
    return {key: found.get(key, no_answer) for _, key, _ in items}


def check_modules(
    dependency: Dependency, imported: str, version: str, modules: frozenset[str] | str
) -> Iterator[Assessment]:
    """Report a package without the module of its name that the change imports.

    A package without any module only stands for those that it needs.
    """
    if isinstance(modules, str) or not modules:
        return
    if imported.lower() in {module.lower() for module in modules}:
        return
    shown = ", ".join(quoted(name) for name in sorted(modules)[:_MOST_SHOWN])
    more = len(modules) - _MOST_SHOWN
    shown += f" and {more} more" if more > 0 else ""
    yield Assessment(
        RULE,
        f"the change imports {imported}, but version {quoted(version)} of"
        f" {dependency.name} provides {shown} instead",
    )


def notes(unknown: Mapping[str, str]) -> list[NotInspected]:
    """Return a note for each package whose modules are unknown, with the reason."""
    title = ecosystem_named(ECOSYSTEM).registry_title
    return [
        NotInspected(
            None,
            "not_applicable",
            f"{key}: its modules were not compared with the import, because {title} {reason}",
        )
        for key, reason in unknown.items()
    ]
