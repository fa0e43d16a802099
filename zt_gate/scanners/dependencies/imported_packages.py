"""From imported modules to the packages that bring them.

An import is an added dependency where the repository declares dependencies of
that language and none of them, no module of the repository and no runtime
brings the name.  Which package has which module stands in the rule
``dependencies/undeclared-import``; for names that are not there, the usual
prefixes and suffixes are tried against what is declared.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifests.base import Source, normalise, valid_name
from zt_gate.ecosystems.manifests.python import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.dependencies.repository_names import RepositoryNames

#: Where the table stands.
UNDECLARED_IMPORT = "dependencies/undeclared-import"
_AFFIXES = (
    *(
        "{}",
        "python-{}",
        "py{}",
        "py-{}",
        "{}-python",
        "{}-py",
        "{}py",
        "python{}",
        "{}2",
        "{}3",
    ),
    *(
        "django-{}",
        "{}-sdk",
        "{}-client",
        "{}-api",
        "{}-core",
        "{}-lib",
        "lib{}",
        "{}-binary",
    ),
)


@dataclass(frozen=True)
class ModuleTable:
    """The rule's data, by what is asked of it."""

    data: Mapping[str, Any]

    def distributions(self, module: str) -> list[str]:
        """Return the packages that bring a dotted module, the best known first; [] if unknown."""
        known: Mapping[str, Any] = self.data.get("distributions", {})
        parts = module.split(".")
        for size in range(min(len(parts), 4), 0, -1):
            found = known.get(".".join(parts[:size]))
            if found is not None:
                return [found] if isinstance(found, str) else list(found)
        return []

    def provided(self, top: str, ecosystem: str) -> bool:
        """Say whether a runtime, a build or an older Python brings the module itself."""
        if top in self.data.get("provided", {}).get(ecosystem, ()):
            return True
        return top.endswith(tuple(self.data.get("generated", ())))

    def suggestion(self, name: str) -> str:
        """Return the package that somebody meant who wrote a module's name, "" for none."""
        found = self.distributions(name) or self.distributions(name.replace("-", "_"))
        wrong = not found or normalise("pypi", name) in {
            normalise("pypi", one) for one in found
        }
        return "" if wrong else found[0]


def suggestion(rules: Mapping[str, Rule], name: str) -> str:
    """Return the package of a module whose name somebody took for the package's; "" for none."""
    rule = rules.get(UNDECLARED_IMPORT)
    return ModuleTable(rule.data).suggestion(name) if rule is not None else ""


def package_for_import(
    entry: Dependency, repository: RepositoryNames, table: ModuleTable
) -> Dependency | None:
    """Return the package that an import adds, None where it adds none."""
    declared = repository.declared(entry.ecosystem)
    if not declared or repository.paths is None:
        return None
    if ecosystem_named(entry.ecosystem).module_names == "own":
        return _package_of_module(entry, declared, repository, table)
    return _package_named_so(entry, declared, repository, table)


def _package_of_module(
    entry: Dependency,
    declared: frozenset[str],
    repository: RepositoryNames,
    table: ModuleTable,
) -> Dependency | None:
    top, module = entry.name, entry.source.target
    if top in repository.modules(entry.ecosystem) or table.provided(
        top, entry.ecosystem
    ):
        return None
    candidates = [*table.distributions(module), *_variants(module)]
    if not candidates:
        return None  # a namespace as such
    keys = [normalise(entry.ecosystem, one) for one in candidates]
    own = repository.own(entry.ecosystem)
    if any(key in declared or key in own for key in keys):
        return None
    plain = normalise(entry.ecosystem, top)
    spaced = top in NAMESPACES - {"opentelemetry", "zope"}
    if not spaced and plain in repository.families(entry.ecosystem):
        return None  # one of the packages that share the name is declared
    name = candidates[0]
    if not valid_name(entry.ecosystem, name):
        return None
    key = normalise(entry.ecosystem, name)
    return dataclasses.replace(entry, name=name, key=key, source=Source())


def _variants(module: str) -> Iterator[str]:
    """Yield the names that a package with this module may have, the module's own first."""
    parts = module.split(".")
    if parts[0] in NAMESPACES:
        for size in range(len(parts), 1, -1):
            yield "-".join(parts[:size]).replace("_", "-")
        return
    yield parts[0].replace("_", "-")
    for size in range(2, min(len(parts), 4) + 1):
        yield "-".join(parts[:size])
    for affix in _AFFIXES:
        yield affix.format(parts[0])


def _package_named_so(
    entry: Dependency,
    declared: frozenset[str],
    repository: RepositoryNames,
    table: ModuleTable,
) -> Dependency | None:
    name = entry.name
    bare = name.removeprefix("@").replace("/", "__")
    first = name.partition("/")[0]
    if (
        name in declared
        or f"@types/{bare}" in declared
        or name in repository.own(entry.ecosystem)
    ):
        return None
    modules = repository.modules(entry.ecosystem)
    if table.provided(name, entry.ecosystem) or (
        not name.startswith("@") and first in modules
    ):
        return None
    if name.startswith("@") and first.removeprefix("@") in modules:
        return None  # an alias for a folder, as bundlers and tsconfig have them
    return dataclasses.replace(entry, key=name, source=Source())
