"""Where to ask about an addition: the endpoints of its manifest, from trusted places only."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zt_gate.scanners.dependencies.lookup import Question
from zt_gate.scanners.dependencies.manifests import requirements
from zt_gate.scanners.dependencies.manifests.base import ManifestError
from zt_gate.scanners.dependencies.registries import npm_settings, pypi_settings
from zt_gate.scanners.dependencies.registries.settings import Endpoints, Sources, index_of

if TYPE_CHECKING:
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.dependencies.added import Addition
    from zt_gate.scanners.dependencies.manifests.base import Dependency

_SETTINGS = {"pypi": pypi_settings.endpoints, "npm": npm_settings.endpoints}


@dataclass(slots=True)
class Places:
    """Endpoints by manifest, worked out once each; reads files, asks nobody."""

    context: Context
    _known: dict[tuple[str, bytes], Endpoints] = field(default_factory=dict)

    def question(self, addition: Addition) -> Question:
        """Return what to ask about an addition, and where."""
        entry = addition.dependency
        endpoints = self._endpoints(addition)
        indexes = endpoints.for_name(entry.key)
        if entry.source.kind == "index":
            named = endpoints.known(entry.source.target)
            indexes = (named,) if named is not None else indexes
        counted = indexes[0] in endpoints.indexes or indexes[0].default
        service = endpoints.service if counted else None
        return Question(entry.ecosystem, entry.key, indexes, service)

    def is_known(self, addition: Addition) -> bool:
        """Say whether the index of an entry is one that the trusted side or the user set."""
        target = addition.dependency.source.target
        return self._endpoints(addition).known(target) is not None

    def _endpoints(self, addition: Addition) -> Endpoints:
        path, ecosystem = addition.manifest.file.path, addition.dependency.ecosystem
        folder = path.rpartition(b"/")[0]
        if (ecosystem, path) not in self._known:
            context = self.context
            sources = Sources(context.environ, context.registries, context.trusted_file, folder)
            endpoints = _SETTINGS[ecosystem](sources)
            if addition.manifest.reader.name == "requirements":
                endpoints = _with_options(endpoints, self._trusted_options(path))
            self._known[ecosystem, path] = endpoints
        return self._known[ecosystem, path]

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
    indexes, service = endpoints.indexes, endpoints.service
    for option in options:
        index = index_of(option.source.target, cleartext=False)
        known = endpoints.known(option.source.target) or index
        if option.section in {"--index-url", "--pypi-url"}:
            if known.url != indexes[0].url:
                service = None
            indexes = (known, *indexes[1:])
        elif option.section == "--extra-index-url":
            indexes = (*indexes, known)
    return dataclasses.replace(endpoints, indexes=indexes, service=service)
