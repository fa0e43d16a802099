"""Lookup of names in registries: the cache first, then all at once, then the canaries.

A 404 alone proves nothing: a captive portal or a wrong index path answers 404 for
every name.  An index that had none of the names of this run is therefore asked
for a canary, a package that certainly exists; only if it has that one do its 404
answers mean "missing".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.registries import registry_for
from zt_gate.ecosystems.registries.base import (
    DownloadCount,
    LookupOptions,
    LookupResult,
    Missing,
    Project,
    Registry,
    Unverified,
)
from zt_gate.ecosystems.registries.package_index import Index, RegistryError
from zt_gate.record import dataclass, replace
from zt_gate.scanners.dependencies import answer_cache
from zt_gate.scanners.dependencies.registry_answers import (
    CAPTIVE_PORTAL,
    NO_ANSWER_IN_TIME,
    Answers,
    Question,
    RegistryFacts,
    answering_index,
    facts_of,
    is_missing,
    is_settled,
    unproven_indexes,
    unproven_services,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from zt_gate.ecosystems.registries.cache import Cache
    from zt_gate.ecosystems.registries.client import Client
    from zt_gate.ecosystems.registries.response_timeout import ResponseTimeout

    Task = Callable[[Client], None]
    #: How many tasks may run at the same time, and the tasks.
    TaskGroup = tuple[int, list[Task]]

#: With more batches than this, a download service gets at least so many requests at once.
_MANY_BATCHES = 40
_WIDTH_FOR_MANY = 5


@dataclass(frozen=True, slots=True)
class RegistryLookup:
    """One round of questions to registries.

    ``deadline`` is a value of ``time.monotonic()``, ``silence`` limits how long
    all servers together may stay silent.  ``age_days`` is the age below which the
    date of the first upload matters, ``now`` is in seconds since the epoch.
    """

    environ: Mapping[str, str]
    deadline: float
    age_days: int
    now: float
    cache: Cache
    silence: ResponseTimeout | None = None
    #: Finds hostile text in a description; returns rule, severity and message.
    text_findings: Callable[[str], Sequence[tuple[str, str, str]]] | None = None

    @property
    def recent(self) -> float:
        """The time after which dates matter, in seconds since the epoch."""
        return self.now - self.age_days * 86400.0

    def ask(
        self, questions: Iterable[Question], other_groups: Sequence[TaskGroup] = ()
    ) -> dict[Question, RegistryFacts]:
        """Return the facts for every question; without an answer, they say why.

        ``other_groups`` are tasks for other servers, run at the same time.
        """
        wanted = list(dict.fromkeys(questions))
        answers = answer_cache.read(self.cache, wanted, self.age_days)
        answers = self._run([*self._groups(wanted, answers), *other_groups], answers)
        answers = self._run(self._late_count_groups(wanted, answers), answers)
        answers = self._run(self._canary_groups(answers), answers)
        self._reject_unproven(answers)
        self._scan_descriptions(answers)
        answer_cache.write(self.cache, wanted, answers, self.age_days)
        return {question: facts_of(question, answers) for question in wanted}

    def _scan_descriptions(self, answers: Answers) -> None:
        """Scan the descriptions received, and drop their text."""
        for key in answers.fresh:
            project = answers.projects.get(key)
            if not isinstance(project, Project):
                continue
            said = None
            if project.text is not None and self.text_findings is not None:
                said = tuple(self.text_findings(project.text))
            answers.projects[key] = replace(project, text=None, text_findings=said)

    def _run(self, groups: Sequence[TaskGroup], answers: Answers) -> Answers:
        """Run the tasks; return a copy of the answers that late threads do not change."""
        if any(tasks for _, tasks in groups):
            from zt_gate.ecosystems.registries.pool import run

            run(groups, self.environ, self.deadline, response_timeout=self.silence)
        return answers.copy()

    def _groups(
        self, questions: Sequence[Question], answers: Answers
    ) -> list[TaskGroup]:
        groups: list[TaskGroup] = []
        for ecosystem, own in _by_ecosystem(questions).items():
            registry = registry_for(ecosystem)
            tasks = [
                self._project_task(registry, question, answers)
                for question in own
                if not is_settled(question, answers)
            ]
            groups.append((registry.width, tasks))
            with_one_index = [
                question for question in own if len(question.indexes) == 1
            ]
            groups += self._count_groups(registry, with_one_index, answers)
        return groups

    def _late_count_groups(
        self, questions: Sequence[Question], answers: Answers
    ) -> list[TaskGroup]:
        """Return the count tasks for names that no private index has."""
        groups: list[TaskGroup] = []
        for ecosystem, own in _by_ecosystem(questions).items():
            public = [
                question
                for question in own
                if len(question.indexes) > 1
                and answering_index(question, answers) == question.indexes[-1]
            ]
            groups += self._count_groups(registry_for(ecosystem), public, answers)
        return groups

    def _count_groups(
        self, registry: Registry, questions: Sequence[Question], answers: Answers
    ) -> Iterator[TaskGroup]:
        for service in dict.fromkeys(question.service for question in questions):
            if service is None:
                continue
            keys = [
                question.key
                for question in questions
                if question.service == service and not is_missing(question, answers)
            ]
            yield self._count_group(registry, service, keys, answers)

    def _count_group(
        self, registry: Registry, service: Index, keys: Iterable[str], answers: Answers
    ) -> TaskGroup:
        uncounted = [
            key
            for key in dict.fromkeys(keys)
            if (registry.ecosystem, service, key) not in answers.counts
        ]
        tasks = [
            _count_task(registry, service, batch, answers)
            for batch in registry.batches(uncounted)
        ]
        width = registry.count_width
        if len(tasks) > _MANY_BATCHES:
            width = max(width, _WIDTH_FOR_MANY)
        return width, tasks

    def _project_task(
        self, registry: Registry, question: Question, answers: Answers
    ) -> Task:
        def task(client: Client) -> None:
            for key in question.answer_keys():
                answer = answers.projects.get(key)
                # A cached 404 is not stored again: that would restart its lifetime.
                if answer is None:
                    answer = self._project(client, registry, key[1], question)
                    answers.add_project(key, answer)
                if not isinstance(answer, Missing):
                    return

        return task

    def _project(
        self, client: Client, registry: Registry, index: Index, question: Question
    ) -> LookupResult:
        want = LookupOptions(self.recent, question.text, question.releases)
        try:
            answer = registry.project(client, index, question.key, want)
        except RegistryError as fault:
            return Unverified(str(fault))
        if isinstance(answer, Project) and answer.oversized:
            return self._with_date_from_counts(client, registry, question, answer)
        return answer

    def _with_date_from_counts(
        self, client: Client, registry: Registry, question: Question, project: Project
    ) -> Project:
        """Take downloads before ``recent`` as proof of age, as the full answer is too large."""
        if question.service is None:
            return project
        try:
            was_used = registry.used_before(
                client, question.service, question.key, self.recent
            )
        except RegistryError:
            return project
        if not was_used:
            return project
        # The exact time does not matter, as long as it is before ``recent``.
        first_upload = self.recent - 60.0
        return replace(project, first_upload=first_upload, no_date_reason="")

    def _canary_groups(self, answers: Answers) -> list[TaskGroup]:
        """Return the questions for a canary to servers that had none of the names."""
        groups: list[TaskGroup] = []
        for ecosystem, index in unproven_indexes(answers):
            canary = ecosystem_named(ecosystem).canary
            if canary:
                question = Question(ecosystem, canary, (index,), None)
                task = self._project_task(registry_for(ecosystem), question, answers)
                groups.append((1, [task]))
        for ecosystem, service in unproven_services(answers):
            canary = ecosystem_named(ecosystem).canary
            if canary:
                registry = registry_for(ecosystem)
                groups.append((1, [_count_task(registry, service, [canary], answers)]))
        return groups

    def _reject_unproven(self, answers: Answers) -> None:
        """Replace "missing" from servers that did not have the canary by the reason."""
        indexes = set(unproven_indexes(answers))
        services = set(unproven_services(answers))
        for key in answers.fresh:
            ecosystem, server, _ = key
            canary_key = (ecosystem, server, ecosystem_named(ecosystem).canary)
            is_missing_project = isinstance(answers.projects.get(key), Missing)
            if is_missing_project and (ecosystem, server) in indexes:
                project = answers.projects.get(canary_key, NO_ANSWER_IN_TIME)
                answers.projects[key] = _reason(project)
            is_uncounted = key in answers.counts and answers.counts[key] is None
            if is_uncounted and (ecosystem, server) in services:
                count = answers.counts.get(canary_key, NO_ANSWER_IN_TIME)
                answers.counts[key] = _reason(count)


def _by_ecosystem(questions: Sequence[Question]) -> dict[str, list[Question]]:
    groups: dict[str, list[Question]] = {}
    for question in questions:
        groups.setdefault(question.ecosystem, []).append(question)
    return groups


def _reason(canary_answer: LookupResult | DownloadCount) -> Unverified:
    """Return why a server's 404 is not believed, from its answer for the canary."""
    if isinstance(canary_answer, Unverified):
        return canary_answer
    return CAPTIVE_PORTAL


def _count_task(
    registry: Registry, service: Index, keys: Sequence[str], answers: Answers
) -> Task:
    def task(client: Client) -> None:
        try:
            counts: Mapping[str, DownloadCount] = registry.counts(client, service, keys)
        except RegistryError as fault:
            counts = dict.fromkeys(keys, Unverified(str(fault)))
        for key, count in counts.items():
            answers.add_count((registry.ecosystem, service, key), count)

    return task
