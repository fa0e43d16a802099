"""Mapping from imported modules to the packages that provide them.

An import adds a dependency if no declared package, no module of the repository and no
runtime provides the module.  The rule ``dependencies/undeclared-import`` says which
package provides a module; for other modules, names with the usual prefixes and suffixes
are compared with the declared packages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifests.base import Source, normalise, valid_name
from zt_gate.ecosystems.manifests.python import NAMESPACES
from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.dependencies.repository_names import RepositoryNames

#: The rule whose data is the table of modules.
UNDECLARED_IMPORT = "dependencies/undeclared-import"
_NAME_PATTERNS = (
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
    "django-{}",
    "{}-sdk",
    "{}-client",
    "{}-api",
    "{}-core",
    "{}-lib",
    "lib{}",
    "{}-binary",
)
_LONGEST_MODULE_PATH = 4
#: Namespaces in which declared packages cannot be told apart by the first part of the name.
_SHARED_NAMESPACES = NAMESPACES - {"opentelemetry", "zope"}


@dataclass(frozen=True)
class ModuleTable:
    """The table of modules in the rule's data."""

    data: Mapping[str, Any]

    def distributions(self, module: str) -> list[str]:
        """Return the packages that provide a dotted module, best known first; [] if unknown."""
        table: Mapping[str, Any] = self.data.get("distributions", {})
        parts = module.split(".")
        for size in range(min(len(parts), _LONGEST_MODULE_PATH), 0, -1):
            names = table.get(".".join(parts[:size]))
            if names is not None:
                return [names] if isinstance(names, str) else list(names)
        return []

    def provided(self, module: str, ecosystem: str) -> bool:
        """Return whether a runtime, a build step or an older Python provides a top-level module."""
        if module in self.data.get("provided", {}).get(ecosystem, ()):
            return True
        return module.endswith(tuple(self.data.get("generated", ())))

    def suggestion(self, name: str) -> str:
        """Return the package that provides a module of this name, "" for no other package."""
        packages = self.distributions(name) or self.distributions(
            name.replace("-", "_")
        )
        keys = {normalise("pypi", package) for package in packages}
        if not packages or normalise("pypi", name) in keys:
            return ""
        return packages[0]


def suggestion(rules: Mapping[str, Rule], name: str) -> str:
    """Return the package to use if ``name`` is a module and not a package; "" for none."""
    rule = rules.get(UNDECLARED_IMPORT)
    return ModuleTable(rule.data).suggestion(name) if rule is not None else ""


def package_for_import(
    entry: Dependency, repository: RepositoryNames, table: ModuleTable
) -> Dependency | None:
    """Return the package that an import adds, None if it adds none."""
    declared = repository.declared(entry.ecosystem)
    if repository.paths is None:
        return None
    if ecosystem_named(entry.ecosystem).module_names == "own":
        return _package_of_module(entry, declared, repository, table)
    return _package_with_name(entry, declared, repository, table)


def _package_of_module(
    entry: Dependency,
    declared: frozenset[str],
    repository: RepositoryNames,
    table: ModuleTable,
) -> Dependency | None:
    """Return the package for an import by module name, as in Python."""
    ecosystem = entry.ecosystem
    top_level, module = entry.name, entry.source.target
    if top_level in repository.modules(ecosystem):
        return None
    if table.provided(top_level, ecosystem):
        return None
    candidates = [*table.distributions(module), *_possible_names(module)]
    if not candidates:
        return None  # a namespace alone
    keys = [normalise(ecosystem, candidate) for candidate in candidates]
    own = repository.own(ecosystem)
    if any(key in declared or key in own for key in keys):
        return None
    has_family = normalise(ecosystem, top_level) in repository.families(ecosystem)
    if has_family and top_level not in _SHARED_NAMESPACES:
        return None  # a package whose name starts with the module's is declared
    name = candidates[0]
    if not valid_name(ecosystem, name):
        return None
    return replace(entry, name=name, key=keys[0], source=Source())


def _possible_names(module: str) -> Iterator[str]:
    """Yield the names that a package with this module may have, the module's own first."""
    parts = module.split(".")
    if parts[0] in NAMESPACES:
        for size in range(len(parts), 1, -1):
            yield "-".join(parts[:size]).replace("_", "-")
        return
    yield parts[0].replace("_", "-")
    for size in range(2, min(len(parts), _LONGEST_MODULE_PATH) + 1):
        yield "-".join(parts[:size])
    for pattern in _NAME_PATTERNS:
        yield pattern.format(parts[0])


def _package_with_name(
    entry: Dependency,
    declared: frozenset[str],
    repository: RepositoryNames,
    table: ModuleTable,
) -> Dependency | None:
    """Return the package for an import by package name, as in JavaScript."""
    name = entry.name
    types_package = "@types/" + name.removeprefix("@").replace("/", "__")
    if name in declared or types_package in declared:
        return None
    if name in repository.own(entry.ecosystem):
        return None
    if table.provided(name, entry.ecosystem):
        return None
    # ``@name`` may be an alias for a folder, as bundlers and tsconfig.json define them.
    first_part = name.partition("/")[0].removeprefix("@")
    if first_part in repository.modules(entry.ecosystem):
        return None
    return replace(entry, key=name, source=Source())
