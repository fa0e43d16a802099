"""Collection of the facts about all packages of a change: snapshot first, then one lookup round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named, version_constraints
from zt_gate.ecosystems.registries.base import Project, Unverified
from zt_gate.ecosystems.registries.cache import Cache
from zt_gate.ecosystems.registries.osv import PackageQuery
from zt_gate.record import dataclass, field, replace
from zt_gate.scanners.dependencies import name_snapshot
from zt_gate.scanners.dependencies.assessment import PackageFacts
from zt_gate.scanners.dependencies.name_similarity import NameMatcher
from zt_gate.scanners.dependencies.registry_lookup import RegistryLookup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zt_gate.ecosystems.registries.base import Release
    from zt_gate.ecosystems.registries.osv import Advisory
    from zt_gate.ecosystems.registries.package_index import Index
    from zt_gate.ecosystems.registries.response_timeout import ResponseTimeout
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.dependencies.manifest_difference import Addition
    from zt_gate.scanners.dependencies.registry_answers import Question, RegistryFacts
    from zt_gate.scanners.dependencies.registry_lookup import TaskGroup
    from zt_gate.scanners.dependencies.registry_selection import RegistrySelection
    from zt_gate.scanners.dependencies.vulnerability_audit import (
        ServicePackage,
        VulnerabilityLookup,
    )

    AdvisoryAnswers = dict[ServicePackage, tuple[Advisory, ...] | Unverified]


@dataclass(slots=True)
class PackageLookup:
    """One dependency while it is looked up: the questions, and the answers so far."""

    addition: Addition
    is_new: bool
    audit_only: bool = False
    established: bool = False
    question: Question | None = None
    advisory_service: Index | None = None
    registry: RegistryFacts | None = None
    version: str = ""
    release: Release | None = None
    imported: str = ""
    modules: frozenset[str] | str = ""

    @property
    def ecosystem(self) -> str:
        """The ecosystem of the dependency."""
        return self.addition.dependency.ecosystem

    @property
    def package(self) -> PackageQuery:
        """The package as the advisory service names it."""
        entry = self.addition.dependency
        return PackageQuery(entry.ecosystem, entry.key, self.version)

    @property
    def has_one_index(self) -> bool:
        """Whether at most one index is asked, so that it is clear at once who may see the name."""
        return self.question is None or len(self.question.indexes) == 1

    @property
    def is_public(self) -> bool:
        """Whether the name may be sent to a public service."""
        if self.has_one_index:
            return True
        return self.registry is not None and self.registry.public

    def service_package(self) -> ServicePackage | None:
        """Return the advisory service with the package, None if the service must not be asked."""
        if self.advisory_service is None or not self.is_public:
            return None
        return self.advisory_service, self.package


@dataclass
class PackageFactsCollector:
    """Collects the facts about the packages of one run.

    ``deadline`` and ``audit_deadline`` (the one for advisories alone) are values
    of ``time.monotonic()``, ``now`` is in seconds since the epoch.  ``thorough``:
    ask pip-audit and the npm registry for advisories, too.
    """

    context: Context
    selection: RegistrySelection
    deadline: float
    audit_deadline: float
    now: float
    thorough: bool = False
    #: Limits how long all services together may stay silent.
    silence: ResponseTimeout | None = None
    #: Why an additional advisory client could not be used.
    client_errors: list[str] = field(default_factory=list)
    #: Modules that the change imports, by the key of the Python package of that name.
    imported: Mapping[str, str] = field(default_factory=dict)
    #: Why the modules of a package are unknown, by its key.
    unknown_modules: dict[str, str] = field(default_factory=dict)
    _snapshots: dict[str, name_snapshot.Snapshot | None] = field(default_factory=dict)
    _matchers: dict[str, NameMatcher] = field(default_factory=dict)

    def limit(self, new: Sequence[Addition], most: int) -> list[Addition]:
        """Return the new names without those beyond ``most`` that need a registry."""
        if len(new) <= most:
            return list(new)
        within_limit: list[Addition] = []
        lookups = 0
        for addition in new:
            lookup = self._new_lookup(addition, is_new=True)
            needs_registry = lookup.question is not None or not lookup.established
            if lookups < most or not needs_registry:
                within_limit.append(addition)
            lookups += needs_registry
        return within_limit

    def collect(
        self,
        new: Iterable[Addition],
        changed: Iterable[Addition],
        audited: Iterable[Addition] = (),
    ) -> list[PackageFacts]:
        """Return the facts about new names, then new versions, then audited packages."""
        lookups = [self._new_lookup(addition, is_new=True) for addition in new]
        lookups += [self._new_lookup(addition, is_new=False) for addition in changed]
        lookups += [self._audit_lookup(addition) for addition in audited]
        vulnerabilities = self._vulnerability_lookup()
        self._ask_registries(lookups, _early_task_groups(lookups, vulnerabilities))
        self._resolve_versions(lookups, vulnerabilities)
        if self.imported:
            self._look_up_modules(lookups)
        advisories = vulnerabilities.finish(_service_packages(lookups))
        if self.thorough:
            advisories = self._with_client_advisories(
                lookups, advisories, vulnerabilities
            )
        return [self._facts(lookup, advisories) for lookup in lookups]

    def _new_lookup(self, addition: Addition, *, is_new: bool) -> PackageLookup:
        entry, settings = addition.dependency, self.context.dependencies
        version = version_constraints.pinned_version(
            entry.ecosystem, addition.constraint
        )
        lookup = PackageLookup(addition, is_new, version=version)
        uses_default = self.selection.uses_default_index(addition)
        lookup.established = uses_default and self._is_established(
            entry.ecosystem, entry.key
        )
        if self.context.offline:
            return lookup
        needs_releases = bool(settings.min_version_age_days)
        needs_project = is_new and not lookup.established
        if needs_project or needs_releases:
            if self.selection.is_private_name(addition):
                return lookup
            needs_text = needs_project and self.context.text_findings is not None
            lookup.question = replace(
                self.selection.question(addition),
                text=needs_text,
                releases=needs_releases,
            )
        if ecosystem_named(entry.ecosystem).osv_name:
            lookup.advisory_service = self.selection.advisory_service(addition)
        return lookup

    def _audit_lookup(self, addition: Addition) -> PackageLookup:
        """Return the lookup of a resolved package: advisories only, and only for public names."""
        entry = addition.dependency
        version = version_constraints.pinned_version(entry.ecosystem, entry.constraint)
        lookup = PackageLookup(addition, is_new=False, audit_only=True, version=version)
        question = self.selection.question(addition)
        has_one_index = len(question.indexes) == 1
        if not has_one_index and self.context.audit_only:
            # Only a name that no private index has may be sent to the service.
            lookup.question = replace(question, service=None)
        is_asked = has_one_index or lookup.question is not None
        if ecosystem_named(entry.ecosystem).osv_name and is_asked:
            lookup.advisory_service = self.selection.advisory_service(addition)
        return lookup

    def _is_established(self, ecosystem: str, key: str) -> bool:
        snapshot, settings = self._snapshot(ecosystem), self.context.dependencies
        return snapshot is not None and snapshot.is_established(
            key,
            age_days=settings.min_age_days,
            weekly=settings.min_weekly_downloads,
            now=self.now,
        )

    def _snapshot(self, ecosystem: str) -> name_snapshot.Snapshot | None:
        if ecosystem not in self._snapshots:
            self._snapshots[ecosystem] = name_snapshot.load(
                ecosystem, self.context.cache, self.now
            )
        return self._snapshots[ecosystem]

    def _vulnerability_lookup(self) -> VulnerabilityLookup:
        from zt_gate.scanners.dependencies.vulnerability_audit import (
            VulnerabilityLookup,
        )

        return VulnerabilityLookup(
            self.context.environ,
            self.audit_deadline,
            Cache(self.context.cache),
            self.silence,
        )

    def _ask_registries(
        self, lookups: Sequence[PackageLookup], advisory_groups: Sequence[TaskGroup]
    ) -> None:
        """Ask the registries, and the advisory services at the same time."""
        questions = [
            lookup.question for lookup in lookups if lookup.question is not None
        ]
        if not questions and not advisory_groups:
            return
        facts = self.ask(questions, advisory_groups)
        for lookup in lookups:
            if lookup.question is not None:
                lookup.registry = facts[lookup.question]

    def ask(
        self, questions: Iterable[Question], other_groups: Sequence[TaskGroup] = ()
    ) -> dict[Question, RegistryFacts]:
        """Ask registries in one round, with the limits of this run; see RegistryLookup."""
        context = self.context
        registry_lookup = RegistryLookup(
            environ=context.environ,
            deadline=self.deadline,
            silence=self.silence,
            age_days=context.dependencies.min_age_days,
            now=self.now,
            cache=Cache(context.cache),
            text_findings=context.text_findings,
        )
        return registry_lookup.ask(questions, other_groups)

    def _resolve_versions(
        self, lookups: Sequence[PackageLookup], vulnerabilities: VulnerabilityLookup
    ) -> None:
        """Determine the version that will be installed, if no exact one is written."""
        late: list[PackageLookup] = []
        for lookup in lookups:
            is_answered = bool(lookup.version) or lookup.registry is not None
            if lookup.advisory_service is None or is_answered:
                continue
            # Only with known vulnerabilities does the version matter.
            if vulnerabilities.has_any((lookup.advisory_service, lookup.package)):
                question = self.selection.question(lookup.addition)
                lookup.question = replace(question, service=None)
                late.append(lookup)
        self._ask_registries(late, [])
        for lookup in lookups:
            answer = lookup.registry.answer if lookup.registry is not None else None
            if not isinstance(answer, Project):
                continue
            lookup.release = version_constraints.select_release(
                lookup.ecosystem, lookup.addition.constraint, answer
            )
            if lookup.release is None or lookup.version:
                continue
            if _version_matters(lookup, vulnerabilities):
                lookup.version = lookup.release.version

    def _look_up_modules(self, lookups: Sequence[PackageLookup]) -> None:
        """Determine the modules of new packages whose name the change imports."""
        from zt_gate.ecosystems.registries import pool
        from zt_gate.scanners.dependencies import imported_modules

        wanted: dict[str, tuple[Index, str, str]] = {}
        for lookup in lookups:
            entry, question = lookup.addition.dependency, lookup.question
            name = self.imported.get(entry.key, "")
            if lookup.ecosystem != imported_modules.ECOSYSTEM or not name:
                continue
            if not lookup.is_new or lookup.established or question is None:
                continue
            # The other indexes do not have the package, or are private.
            if lookup.release is not None and lookup.is_public:
                lookup.imported = name
                index = question.indexes[-1]
                wanted[entry.key] = (index, entry.key, lookup.release.version)
        found = imported_modules.look_up(
            wanted.values(),
            lambda groups: pool.run(
                groups,
                self.context.environ,
                self.deadline,
                response_timeout=self.silence,
            ),
        )
        for lookup in lookups:
            if lookup.imported:
                lookup.modules = found[lookup.addition.dependency.key]
        self.unknown_modules = {
            key: value for key, value in found.items() if isinstance(value, str)
        }

    def _with_client_advisories(
        self,
        lookups: Sequence[PackageLookup],
        advisories: AdvisoryAnswers,
        vulnerabilities: VulnerabilityLookup,
    ) -> AdvisoryAnswers:
        """Add the advisories of pip-audit and npm to those of the advisory service.

        An advisory that the service has withdrawn counts for none of them.
        """
        from zt_gate.scanners.dependencies.advisory_clients import (
            AdvisoryClientError,
            AdvisoryClients,
        )
        from zt_gate.scanners.dependencies.vulnerability_audit import merge_aliases

        clients = AdvisoryClients(self.context)
        result = dict(advisories)
        for (ecosystem, index), group in self._by_client(lookups).items():
            packages = list(dict.fromkeys(lookup.package for lookup in group))
            client = ecosystem_named(ecosystem).advisory_client
            ask = clients.pip_audit if client == "pip-audit" else clients.registry
            if client == "registry" and self.context.audit_only:
                ask = clients.npm_audit
            keys = {lookup.service_package() for lookup in group}
            is_down = all(
                key is not None and isinstance(result.get(key), Unverified)
                for key in keys
            )
            if is_down and client == "pip-audit":
                continue  # it asks the service that has just given no answer
            try:
                additional = ask(index, packages)
            except AdvisoryClientError as error:
                self.client_errors.append(str(error))
                continue
            for lookup in group:
                key = lookup.service_package()
                assert key is not None
                known = result.get(key)
                withdrawn = vulnerabilities.withdrawn_ids(key)
                from_client = [
                    item
                    for item in additional.get(lookup.package) or ()
                    if item.id not in withdrawn
                ]
                if from_client and isinstance(known, tuple):
                    result[key] = merge_aliases([*known, *from_client])
        return result

    def _by_client(
        self, lookups: Sequence[PackageLookup]
    ) -> Mapping[tuple[str, Index], list[PackageLookup]]:
        """Group lookups by ecosystem and by the index that its advisory client asks."""
        groups: dict[tuple[str, Index], list[PackageLookup]] = {}
        for lookup in lookups:
            client = ecosystem_named(lookup.ecosystem).advisory_client
            if not client or not lookup.version or lookup.service_package() is None:
                continue
            index = lookup.advisory_service
            if client == "registry":
                index = self.selection.question(lookup.addition).indexes[-1]
            assert index is not None
            groups.setdefault((lookup.ecosystem, index), []).append(lookup)
        return groups

    def _facts(
        self, lookup: PackageLookup, advisories: AdvisoryAnswers
    ) -> PackageFacts:
        similar_name, downloads = None, 0.0
        matcher = self._matcher(lookup.ecosystem)
        if lookup.is_new and not lookup.established and matcher is not None:
            similar_name = matcher.most_similar(lookup.addition.dependency.key)
            if similar_name is not None:
                downloads = matcher.snapshot.weekly(similar_name.rank)
        reason = "its name is private according to your settings"
        if self.context.offline:
            reason = "offline"
        key = lookup.service_package()
        return PackageFacts(
            established=lookup.established,
            registry=lookup.registry,
            not_asked_reason=reason,
            similar_name=similar_name,
            similar_name_downloads=downloads,
            release=lookup.release,
            advisories=None if key is None else advisories.get(key),
            version=lookup.version,
            is_new=lookup.is_new,
            audit_only=lookup.audit_only,
            imported=lookup.imported,
            modules=lookup.modules,
        )

    def _matcher(self, ecosystem: str) -> NameMatcher | None:
        snapshot = self._snapshot(ecosystem)
        if snapshot is not None and ecosystem not in self._matchers:
            data = self.context.rules["dependencies/similar-name"].data
            self._matchers[ecosystem] = NameMatcher(snapshot, data)
        return self._matchers.get(ecosystem)


def _early_task_groups(
    lookups: Sequence[PackageLookup], vulnerabilities: VulnerabilityLookup
) -> list[TaskGroup]:
    """Return the advisory batches that can be sent together with the registry questions.

    A name that a private index may have waits for that index's answer, and an
    audited package for its own, longer deadline.
    """
    return vulnerabilities.batch_groups(
        (lookup.advisory_service, lookup.package)
        for lookup in lookups
        if lookup.advisory_service is not None
        and lookup.has_one_index
        and not lookup.audit_only
    )


def _service_packages(lookups: Sequence[PackageLookup]) -> Iterator[ServicePackage]:
    for lookup in lookups:
        key = lookup.service_package()
        if key is not None:
            yield key


def _version_matters(
    lookup: PackageLookup, vulnerabilities: VulnerabilityLookup
) -> bool:
    """Return whether advisories are looked up for the version, as most packages have none."""
    if lookup.advisory_service is None:
        return False
    if not lookup.has_one_index:
        return True
    return vulnerabilities.has_any((lookup.advisory_service, lookup.package))
