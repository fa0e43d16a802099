"""What is known about every dependency of a change: snapshot first, then all questions at once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named, version_constraints
from zt_gate.ecosystems.registries.base import Project
from zt_gate.ecosystems.registries.cache import Cache
from zt_gate.ecosystems.registries.osv import PackageQuery
from zt_gate.scanners.dependencies import name_snapshot
from zt_gate.scanners.dependencies.assessment import Known
from zt_gate.scanners.dependencies.name_similarity import Names
from zt_gate.scanners.dependencies.registry_lookup import LookUp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zt_gate.ecosystems.registries.base import Release, Unverified
    from zt_gate.ecosystems.registries.osv import Advisory
    from zt_gate.ecosystems.registries.package_index import Index
    from zt_gate.ecosystems.registries.response_timeout import ResponseTimeout
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.dependencies.manifest_difference import Addition
    from zt_gate.scanners.dependencies.registry_answers import Facts, Question
    from zt_gate.scanners.dependencies.registry_lookup import Lane
    from zt_gate.scanners.dependencies.registry_selection import Places
    from zt_gate.scanners.dependencies.vulnerability_audit import Audit

    Told = dict[tuple[Index, PackageQuery], tuple[Advisory, ...] | Unverified]


@dataclass(slots=True)
class Wanted:
    """One dependency on its way: what to ask, and what came back."""

    addition: Addition
    is_new: bool
    audited: bool = False
    vouched: bool = False
    question: Question | None = None
    service: Index | None = None
    facts: Facts | None = None
    version: str = ""
    release: Release | None = None

    @property
    def package(self) -> PackageQuery:
        """What the advisory service is asked about."""
        entry = self.addition.dependency
        return PackageQuery(entry.ecosystem, entry.key, self.version)


@dataclass
class Knowledge:
    """One run's knowledge; deadlines by ``time.monotonic()``, ``now`` since the epoch.

    ``patience``: the deadline of what is asked about advisories alone.
    ``thorough``: pip-audit and the npm registry are asked about advisories, too.
    """

    context: Context
    places: Places
    deadline: float
    patience: float
    now: float
    thorough: bool = False
    #: How long nobody may answer.
    silence: ResponseTimeout | None = None
    #: Second opinions that could not be had, and why.
    silent: list[str] = field(default_factory=list)
    _snapshots: dict[str, name_snapshot.Snapshot | None] = field(default_factory=dict)
    _names: dict[str, Names] = field(default_factory=dict)

    def within(self, new: Sequence[Addition], most: int) -> list[Addition]:
        """Return the new names, without those beyond ``most`` that a registry must speak for."""
        if len(new) <= most:
            return list(new)
        kept, asked = [], 0
        for addition in new:
            one = self._wanted(addition, is_new=True)
            is_open = one.question is not None or not one.vouched
            if asked < most or not is_open:
                kept.append(addition)
            asked += is_open
        return kept

    def of(
        self,
        new: Iterable[Addition],
        changed: Iterable[Addition],
        audited: Iterable[Addition] = (),
    ) -> list[Known]:
        """Return what is known of new names, of new versions, and of what is only audited."""
        wanted = [self._wanted(addition, is_new=True) for addition in new]
        wanted += [self._wanted(addition, is_new=False) for addition in changed]
        wanted += [self._audited(addition) for addition in audited]
        audit = self._audit()
        # Where a private index comes first, its names are nobody else's business;
        # what is only audited has more time.
        early = [
            one
            for one in wanted
            if one.service
            and not one.audited
            and (one.question is None or _is_plain(one))
        ]
        lanes = audit.lanes((one.service, one.package) for one in early if one.service)
        self._ask(wanted, lanes)
        self._settle_versions(wanted, audit)
        public = [one for one in wanted if one.service and _is_public(one)]
        told = audit.finish((one.service, one.package) for one in public if one.service)
        if self.thorough:
            second = [
                one
                for one in public
                if ecosystem_named(one.addition.dependency.ecosystem).advisory_client
            ]
            told = self._second_opinions(second, told)
        known = []
        for one in wanted:
            at = (one.service, one.package) if one.service and _is_public(one) else None
            known.append(self._known(one, told.get(at) if at else None))
        return known

    def _wanted(self, addition: Addition, *, is_new: bool) -> Wanted:
        entry, settings = addition.dependency, self.context.dependencies
        version = version_constraints.pinned_version(
            entry.ecosystem, addition.constraint
        )
        one = Wanted(addition, is_new, version=version)
        one.vouched = self.places.is_usual(addition) and self._is_vouched(
            entry.ecosystem, entry.key
        )
        if self.context.offline:
            return one
        releases = bool(settings.min_version_age_days)
        if (is_new and not one.vouched) or releases:
            reads = (
                is_new and not one.vouched and self.context.text_findings is not None
            )
            if self.places.is_withheld(addition):
                return one
            question = self.places.question(addition)
            one.question = dataclasses.replace(question, text=reads, releases=releases)
        if ecosystem_named(entry.ecosystem).osv_name:
            one.service = self.places.advisories(addition)
        return one

    def _audited(self, addition: Addition) -> Wanted:
        """Return what is asked of an entry of the resolved set: advisories, if anybody may hear."""
        entry = addition.dependency
        version = version_constraints.pinned_version(entry.ecosystem, entry.constraint)
        one = Wanted(addition, is_new=False, audited=True, version=version)
        alone = len(self.places.question(addition).indexes) == 1
        if ecosystem_named(entry.ecosystem).osv_name and alone:
            one.service = self.places.advisories(addition)
        return one

    def _is_vouched(self, ecosystem: str, key: str) -> bool:
        known, settings = self._snapshot(ecosystem), self.context.dependencies
        return known is not None and known.vouches(
            key,
            age_days=settings.min_age_days,
            weekly=settings.min_weekly_downloads,
            now=self.now,
        )

    def _snapshot(self, ecosystem: str) -> name_snapshot.Snapshot | None:
        if ecosystem not in self._snapshots:
            self._snapshots[ecosystem] = name_snapshot.load(
                ecosystem, self.context.cache_dir, self.now
            )
        return self._snapshots[ecosystem]

    def _audit(self) -> Audit:
        from zt_gate.scanners.dependencies.vulnerability_audit import Audit

        return Audit(
            self.context.environ,
            self.patience,
            Cache(self.context.cache_dir),
            self.silence,
        )

    def _ask(self, wanted: Sequence[Wanted], lanes: Sequence[Lane]) -> None:
        questions = [one.question for one in wanted if one.question is not None]
        if not questions and not lanes:
            return
        context = self.context
        facts = LookUp(
            environ=context.environ,
            deadline=self.deadline,
            silence=self.silence,
            age_days=context.dependencies.min_age_days,
            now=self.now,
            cache=Cache(context.cache_dir),
            read=context.text_findings,
        ).ask(questions, lanes)
        for one in wanted:
            if one.question is not None:
                one.facts = facts[one.question]

    def _settle_versions(self, wanted: Sequence[Wanted], audit: Audit) -> None:
        """Find out which version is installed, where that matters and is not written."""
        late = []
        for one in wanted:
            if one.service is None or one.version or one.facts is not None:
                continue
            if audit.known((one.service, one.package)):
                one.question = self.places.question(one.addition)
                one.question = dataclasses.replace(one.question, service=None)
                late.append(one)
        self._ask(late, [])
        for one in wanted:
            answer = one.facts.answer if one.facts is not None else None
            if isinstance(answer, Project):
                entry = one.addition.dependency
                one.release = version_constraints.select_release(
                    entry.ecosystem, one.addition.constraint, answer
                )
                if (
                    one.release is not None
                    and not one.version
                    and self._matters(one, audit)
                ):
                    one.version = one.release.version

    @staticmethod
    def _matters(one: Wanted, audit: Audit) -> bool:
        """Say whether the version is to be asked about: nothing is known of most packages."""
        return one.service is not None and (
            not _is_plain(one) or audit.known((one.service, one.package))
        )

    def _second_opinions(self, public: Sequence[Wanted], told: Told) -> Told:
        """Add what others know to what the advisory service said."""
        from zt_gate.scanners.dependencies.advisory_clients import (
            NoOpinionError,
            SecondOpinion,
        )
        from zt_gate.scanners.dependencies.vulnerability_audit import merged

        ask = SecondOpinion(self.context)
        result = dict(told)
        groups: dict[tuple[str, Index], list[Wanted]] = {}
        for one in public:
            if one.version:
                groups.setdefault(self._whom(one), []).append(one)
        for (ecosystem, where), group in groups.items():
            packages = list(dict.fromkeys(one.package for one in group))
            client = ecosystem_named(ecosystem).advisory_client
            asking = ask.pip_audit if client == "pip-audit" else ask.registry
            try:
                found = asking(where, packages)
            except NoOpinionError as error:
                self.silent.append(str(error))
                continue
            for one in group:
                assert one.service is not None
                known = result.get((one.service, one.package))
                if found.get(one.package) and isinstance(known, tuple):
                    both = merged([*known, *found[one.package]])
                    result[one.service, one.package] = both
        return result

    def _whom(self, one: Wanted) -> tuple[str, Index]:
        """Return the ecosystem, and who has the second opinion: the service or the registry."""
        ecosystem = one.addition.dependency.ecosystem
        assert one.service is not None
        if ecosystem_named(ecosystem).advisory_client == "registry":
            return ecosystem, self.places.question(one.addition).indexes[-1]
        return ecosystem, one.service

    def _known(self, one: Wanted, advisories: object) -> Known:
        entry = one.addition.dependency
        like, imitated = None, 0.0
        names = self._names_of(entry.ecosystem)
        if one.is_new and not one.vouched and names is not None:
            like = names.likeness(entry.key)
            imitated = names.snapshot.weekly(like.rank) if like is not None else 0.0
        return Known(
            vouched=one.vouched,
            facts=one.facts,
            why="offline"
            if self.context.offline
            else "its name is private by the user's settings",
            likeness=like,
            imitated=imitated,
            release=one.release,
            advisories=advisories,  # type: ignore[arg-type]
            version=one.version,
            is_new=one.is_new,
            audited=one.audited,
        )

    def _names_of(self, ecosystem: str) -> Names | None:
        known = self._snapshot(ecosystem)
        if known is not None and ecosystem not in self._names:
            data = self.context.rules["dependencies/similar-name"].data
            self._names[ecosystem] = Names(known, data)
        return self._names.get(ecosystem)


def _is_plain(one: Wanted) -> bool:
    """Say whether only one index is asked: then it is known at once who may hear the name."""
    return one.question is None or len(one.question.indexes) == 1


def _is_public(one: Wanted) -> bool:
    return _is_plain(one) or (one.facts is not None and one.facts.public)
