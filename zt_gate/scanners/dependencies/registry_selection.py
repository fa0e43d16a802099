"""Where to ask about an addition: the endpoints of its manifest, from trusted places only."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zt_gate.ecosystems import supported
from zt_gate.ecosystems.manifests import requirements
from zt_gate.ecosystems.manifests.base import ManifestError
from zt_gate.ecosystems.registries import endpoints as endpoints_of
from zt_gate.ecosystems.registries import is_private
from zt_gate.ecosystems.registries.osv import PUBLIC_URL
from zt_gate.ecosystems.registries.settings import (
    Endpoints,
    SettingsSources,
    configured_service,
    make_index,
)
from zt_gate.scanners.dependencies.registry_answers import Question

if TYPE_CHECKING:
    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.ecosystems.registries.package_index import Index
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.dependencies.manifest_difference import Addition


@dataclass(slots=True)
class Places:
    """Endpoints by manifest, worked out once each; reads files, asks nobody."""

    context: Context
    _known: dict[tuple[str, bytes], Endpoints] = field(default_factory=dict)

    def question(self, addition: Addition) -> Question:
        """Return what to ask about an addition, and where.

        Private indexes are asked before the public one: what they have is not
        named to anybody else.
        """
        entry = addition.dependency
        endpoints = self._endpoints(addition)
        indexes = self._indexes(addition)
        usual = indexes[0] in endpoints.indexes or indexes[0].default
        service = endpoints.service if usual else None
        return Question(entry.ecosystem, entry.key, (*indexes[1:], indexes[0]), service)

    def is_usual(self, addition: Addition) -> bool:
        """Say whether a name is looked up where names of its kind usually are."""
        entry, endpoints = addition.dependency, self._endpoints(addition)
        own_scope = entry.key.partition("/")[0] in endpoints.scopes
        named = entry.source.kind == "index" and not self._indexes(addition)[0].default
        apart = own_scope or named or endpoints.replaces_default
        return not apart and not self.is_withheld(addition)

    def is_withheld(self, addition: Addition) -> bool:
        """Say whether the user's settings forbid to send a name anywhere."""
        entry = addition.dependency
        return is_private(entry.ecosystem, self._sources(addition), entry.key)

    def advisories(self, addition: Addition) -> Index | None:
        """Return the advisory service for an addition, None where it does not apply.

        Names of another index than the public one go there only where somebody
        set the service.
        """
        if not self.is_usual(addition):
            return None
        sources, endpoints = self._sources(addition), self._endpoints(addition)
        chosen = configured_service(sources, "ZT_GATE_OSV_URL", "osv", "/v1")
        if chosen is not None:
            return chosen
        standard = next(
            (index for index in endpoints.explicit_indexes if index.default), None
        )
        public = standard is not None and self._indexes(addition)[0].url == standard.url
        return make_index(PUBLIC_URL, cleartext=False) if public else None

    def _indexes(self, addition: Addition) -> tuple[Index, ...]:
        entry, endpoints = addition.dependency, self._endpoints(addition)
        if entry.source.kind == "index":
            named = endpoints.find_index(entry.source.target)
            if named is not None:
                return (named,)
        return endpoints.for_name(entry.key)

    def can_ask(self, addition: Addition) -> bool:
        """Say whether there is a registry of this kind at all."""
        return addition.dependency.ecosystem in supported()

    def is_known(self, addition: Addition) -> bool:
        """Say whether the index of an entry is one that the trusted side or the user set."""
        if not self.can_ask(addition):
            return False
        target = addition.dependency.source.target
        return self._endpoints(addition).find_index(target) is not None

    def _endpoints(self, addition: Addition) -> Endpoints:
        path, ecosystem = addition.manifest.file.path, addition.dependency.ecosystem
        if (ecosystem, path) not in self._known:
            endpoints = endpoints_of(ecosystem, self._sources(addition))
            if addition.manifest.reader.name == "requirements":
                endpoints = _with_options(endpoints, self._trusted_options(path))
            self._known[ecosystem, path] = endpoints
        return self._known[ecosystem, path]

    def _sources(self, addition: Addition) -> SettingsSources:
        context, folder = self.context, addition.manifest.file.path.rpartition(b"/")[0]
        return SettingsSources(
            context.environ, context.registries, context.trusted_file, folder
        )

    def _trusted_options(self, path: bytes) -> list[Dependency]:
        """Return the index options of a requirements file as it stands on the trusted side."""
        data = self.context.trusted_file(path)
        if data is None:
            return []
        try:
            entries = requirements.read(path, data)
        except ManifestError:
            return []
        return [entry for entry in entries if entry.source.kind == "index"]


def _with_options(endpoints: Endpoints, options: list[Dependency]) -> Endpoints:
    """Apply a file's own index options: for pip they win over every setting."""
    indexes, service, apart = (
        endpoints.indexes,
        endpoints.service,
        endpoints.replaces_default,
    )
    for option in options:
        index = make_index(option.source.target, cleartext=False)
        known = endpoints.find_index(option.source.target) or index
        if option.section in {"--index-url", "--pypi-url"}:
            if known.url != indexes[0].url:
                service, apart = None, True
            indexes = (known, *indexes[1:])
        elif option.section == "--extra-index-url":
            indexes = (*indexes, known)
    return dataclasses.replace(
        endpoints, indexes=indexes, service=service, replaces_default=apart
    )
