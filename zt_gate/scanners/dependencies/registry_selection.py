"""Selection of the servers to ask about an addition, from trusted settings only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named, supported
from zt_gate.ecosystems.manifests import requirements
from zt_gate.ecosystems.manifests.base import ManifestError, resolve_path
from zt_gate.ecosystems.manifests.hosts import origin
from zt_gate.ecosystems.registries import endpoints as endpoints_of
from zt_gate.ecosystems.registries import is_private
from zt_gate.ecosystems.registries.osv import PUBLIC_URL
from zt_gate.ecosystems.registries.package_index import Index
from zt_gate.ecosystems.registries.package_manager_settings import (
    Endpoints,
    SettingsSources,
    configured_service,
    make_index,
)
from zt_gate.errors import GateError
from zt_gate.record import dataclass, field, replace
from zt_gate.scanners.dependencies.registry_answers import Question

if TYPE_CHECKING:
    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.model.report import SkipKind
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.dependencies.manifest_difference import Addition

_MOST_INCLUDES = 50
_OWN_INDEX = (
    "your own index replaces the public one; set ZT_GATE_OSV_URL to the advisory service"
    " that may get its names"
)


@dataclass(slots=True)
class RegistrySelection:
    """The endpoints of each manifest, determined once; reads files, sends no request."""

    context: Context
    _endpoints_by_manifest: dict[tuple[str, bytes], Endpoints] = field(
        default_factory=dict
    )

    def question(self, addition: Addition) -> Question:
        """Return the question about an addition.

        Private indexes are asked before the public one, so that the names of
        private packages are not sent to it.
        """
        entry = addition.dependency
        endpoints = self._endpoints(addition)
        first, *others = self._indexes(addition)
        is_counted = first in endpoints.indexes or first.default
        service = endpoints.service if is_counted else None
        return Question(entry.ecosystem, entry.key, (*others, first), service)

    def uses_default_index(self, addition: Addition) -> bool:
        """Return whether a name is looked up in the ecosystem's default index."""
        entry, endpoints = addition.dependency, self._endpoints(addition)
        if (
            endpoints.replaces_default
            or entry.key.partition("/")[0] in endpoints.scopes
        ):
            return False
        if entry.source.kind == "index" and not self._indexes(addition)[0].default:
            return False
        return not self.is_private_name(addition)

    def is_private_name(self, addition: Addition) -> bool:
        """Return whether the user's settings forbid sending the name to any server."""
        entry = addition.dependency
        return is_private(entry.ecosystem, self._sources(addition), entry.key)

    def advisory_service(self, addition: Addition) -> Index | None:
        """Return the advisory service for an addition, None if it does not apply.

        Names from an index other than the public one are sent only to a service
        that the user has set.
        """
        if not self.uses_default_index(addition) and not self._has_main_index(addition):
            return None
        files = self._indexes(addition)[0].ca_files
        service = configured_service(
            self._sources(addition), "ZT_GATE_OSV_URL", "osv", "/v1"
        )
        if service is not None:
            return replace(service, ca_files=files)
        named = self._endpoints(addition).explicit_indexes
        public = next((index for index in named if index.default), None)
        if public is None or self._indexes(addition)[0].url != public.url:
            return None
        public_service = make_index(PUBLIC_URL, cleartext=False)
        return replace(public_service, ca_files=files)

    def advisory_obstacle(self, addition: Addition) -> tuple[SkipKind, str] | None:
        """Return why no advisory service may get the name of a package, None if one may."""
        if not ecosystem_named(addition.dependency.ecosystem).osv_name:
            return "not_applicable", "there are no advisories for its ecosystem"
        if not self.is_supported(addition):
            return "not_applicable", "its ecosystem has no registry here"
        if self.is_private_name(addition):
            return "not_applicable", "your settings declare its name private"
        unusable = [
            index.unusable for index in self._indexes(addition) if index.unusable
        ]
        if unusable:
            return "unverified", f"its index {unusable[0]}"
        if self.advisory_service(addition) is not None:
            return None
        if self.uses_default_index(addition):
            return "unverified", _OWN_INDEX
        return "not_applicable", "it comes from another index than the public one"

    def _has_main_index(self, addition: Addition) -> bool:
        """Return whether an entry names the index that the user has set for all packages."""
        endpoints = self._endpoints(addition)
        return (
            addition.dependency.source.kind == "index"
            and not endpoints.replaces_default
            and not self.is_private_name(addition)
            and self._indexes(addition) == endpoints.indexes[:1]
        )

    def is_supported(self, addition: Addition) -> bool:
        """Return whether the ecosystem of an addition has a registry."""
        return addition.dependency.ecosystem in supported()

    def is_trusted_index(self, addition: Addition) -> bool:
        """Return whether the trusted side or the user has set the index of an entry."""
        if not self.is_supported(addition):
            return False
        target = addition.dependency.source.target
        return self._endpoints(addition).find_index(target) is not None

    def is_trusted_origin(self, addition: Addition, address: str) -> bool:
        """Return whether an index of the trusted side or the user has a scheme and host."""
        if not self.is_supported(addition):
            return False
        endpoints = self._endpoints(addition)
        indexes = (
            *endpoints.for_name(addition.dependency.key),
            *endpoints.indexes,
            *endpoints.scopes.values(),
            *endpoints.explicit_indexes,
        )
        return any(origin(index.url) == address for index in indexes)

    def _indexes(self, addition: Addition) -> tuple[Index, ...]:
        entry, endpoints = addition.dependency, self._endpoints(addition)
        if entry.source.kind == "index":
            index = endpoints.find_index(entry.source.target)
            if index is not None:
                return (index,)
        return endpoints.for_name(entry.key)

    def _endpoints(self, addition: Addition) -> Endpoints:
        manifest = addition.manifest
        path, ecosystem = manifest.file.path, addition.dependency.ecosystem
        key = (ecosystem, path)
        if key not in self._endpoints_by_manifest:
            try:
                endpoints = endpoints_of(ecosystem, self._sources(addition))
            except GateError as error:
                endpoints = _unreadable(str(error))
            if manifest.reader.name == "requirements":
                endpoints = _with_options(endpoints, self._trusted_options(path))
            self._endpoints_by_manifest[key] = endpoints
        return self._endpoints_by_manifest[key]

    def _sources(self, addition: Addition) -> SettingsSources:
        context = self.context
        folder = addition.manifest.file.path.rpartition(b"/")[0]
        return SettingsSources(
            context.environ, context.registries, context.trusted_file, folder
        )

    def _trusted_options(self, path: bytes) -> list[Dependency]:
        """Return the index options of a requirements file on the trusted side.

        Those of the files that it includes count as well, as they do for pip.
        """
        options: list[Dependency] = []
        waiting, seen = [path], {path}
        while waiting and len(seen) < _MOST_INCLUDES:
            current = waiting.pop(0)
            data = self.context.trusted_file(current)
            if data is None:
                continue
            try:
                entries = requirements.read(current, data)
            except ManifestError:
                continue
            options += [entry for entry in entries if entry.source.kind == "index"]
            for entry in entries:
                if entry.source.kind != "include":
                    continue
                included = resolve_path(current, entry.source.target)
                if included not in seen:
                    seen.add(included)
                    waiting.append(included)
        return options


def _unreadable(reason: str) -> Endpoints:
    """Return the endpoints of settings that cannot be read: nobody may get the names."""
    said = f"is not known, because a setting could not be read: {reason}"
    return Endpoints((Index("", unusable=said),), replaces_default=True)


def _with_options(endpoints: Endpoints, options: list[Dependency]) -> Endpoints:
    """Apply a file's own index options, which override every other setting in pip."""
    indexes, service, apart = (
        endpoints.indexes,
        endpoints.service,
        endpoints.replaces_default,
    )
    for option in options:
        index = endpoints.find_index(option.source.target)
        if index is None:
            index = make_index(option.source.target, cleartext=False)
            index = replace(index, ca_files=indexes[0].ca_files)
        if option.section in {"--index-url", "--pypi-url"}:
            if index.url != indexes[0].url:
                service, apart = None, True
            indexes = (index, *indexes[1:])
        elif option.section == "--extra-index-url":
            indexes = (*indexes, index)
    return replace(endpoints, indexes=indexes, service=service, replaces_default=apart)
