"""Ask the registries about names: the cache first, then all at once, then the canaries.

A 404 alone proves nothing: a captive portal and a wrong index path answer it
for every name.  Where an index knew none of the names of this run, it is asked
for one that everybody knows; only if it has that one is a 404 a "missing".
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
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
from zt_gate.scanners.dependencies import answer_cache
from zt_gate.scanners.dependencies.registry_answers import (
    LATE,
    PORTAL,
    Answers,
    Facts,
    Question,
    came_from,
    facts_of,
    is_missing,
    is_settled,
    silent_indexes,
    uncounted_services,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from zt_gate.ecosystems.registries.cache import Cache
    from zt_gate.ecosystems.registries.client import Client
    from zt_gate.ecosystems.registries.response_timeout import ResponseTimeout

    Task = Callable[[Client], None]
    #: How many questions one server takes at once, and what is to be asked of it.
    Lane = tuple[int, list[Task]]

_MANY = 40
_HURRIED = 5


@dataclass(frozen=True, slots=True)
class LookUp:
    """One round of questions.

    ``deadline`` is a ``time.monotonic()`` value, ``silence`` limits how long nobody
    answers; ``age_days`` the age below
    which the date of a first upload matters; ``now`` is in seconds since the
    epoch; ``canaries`` holds a well-known name for each ecosystem.
    """

    environ: Mapping[str, str]
    deadline: float
    age_days: int
    now: float
    cache: Cache
    silence: ResponseTimeout | None = None
    #: Looks for hostile text in a description: rule, severity and message.
    read: Callable[[str], Sequence[tuple[str, str, str]]] | None = None

    @property
    def recent(self) -> float:
        """The time after which dates matter, in seconds since the epoch."""
        return self.now - self.age_days * 86400.0

    def ask(
        self, questions: Iterable[Question], beside: Sequence[Lane] = ()
    ) -> dict[Question, Facts]:
        """Return the facts for every question; each has an answer, if only why there is none.

        ``beside`` are questions to others, asked at the same time.
        """
        wanted = list(dict.fromkeys(questions))
        answers = answer_cache.read(self.cache, wanted, self.age_days)
        answers = self._run([*self._lanes(wanted, answers), *beside], answers)
        answers = self._run(self._later_lanes(wanted, answers), answers)
        answers = self._run(self._canary_lanes(answers), answers)
        self._trust(answers)
        self._read(answers)
        answer_cache.write(self.cache, wanted, answers, self.age_days)
        return {question: facts_of(question, answers) for question in wanted}

    def _read(self, answers: Answers) -> None:
        """Look at the descriptions that came, and forget them."""
        for at in answers.fresh:
            project = answers.projects.get(at)
            if isinstance(project, Project):
                told = project.text is not None and self.read is not None
                said = tuple(self.read(project.text)) if told else None  # type: ignore[misc, arg-type]
                answers.projects[at] = dataclasses.replace(
                    project, text=None, text_findings=said
                )

    def _run(self, lanes: Sequence[Lane], answers: Answers) -> Answers:
        """Ask everything in the lanes; threads that are late no longer change the result."""
        if any(tasks for _, tasks in lanes):
            from zt_gate.ecosystems.registries.pool import run

            run(lanes, self.environ, self.deadline, response_timeout=self.silence)
        return answers.copy()

    def _lanes(self, wanted: Sequence[Question], answers: Answers) -> list[Lane]:
        lanes: list[Lane] = []
        for ecosystem in dict.fromkeys(question.ecosystem for question in wanted):
            registry = registry_for(ecosystem)
            own = [question for question in wanted if question.ecosystem == ecosystem]
            tasks = [
                self._project_task(registry, question, answers)
                for question in own
                if not is_settled(question, answers)
            ]
            lanes.append((registry.width, tasks))
            alone = [question for question in own if len(question.indexes) == 1]
            lanes += self._count_lanes(registry, alone, answers)
        return lanes

    def _later_lanes(self, wanted: Sequence[Question], answers: Answers) -> list[Lane]:
        """Return the counts of packages that private indexes were asked about first."""
        lanes: list[Lane] = []
        for ecosystem in dict.fromkeys(question.ecosystem for question in wanted):
            public = [
                question
                for question in wanted
                if question.ecosystem == ecosystem
                and len(question.indexes) > 1
                and came_from(question, answers) == question.indexes[-1]
            ]
            lanes += self._count_lanes(registry_for(ecosystem), public, answers)
        return lanes

    def _count_lanes(
        self, registry: Registry, questions: Sequence[Question], answers: Answers
    ) -> Iterator[Lane]:
        for service in dict.fromkeys(question.service for question in questions):
            keys = [
                question.key
                for question in questions
                if question.service == service and not is_missing(question, answers)
            ]
            if service is not None:
                yield self._count_lane(registry, service, keys, answers)

    def _count_lane(
        self, registry: Registry, service: Index, keys: Iterable[str], answers: Answers
    ) -> Lane:
        open_keys = [
            key
            for key in dict.fromkeys(keys)
            if (registry.ecosystem, service, key) not in answers.counts
        ]
        batches = registry.batches(open_keys)
        tasks = [_count_task(registry, service, batch, answers) for batch in batches]
        # A service that takes few at once is hurried only where the time would not do.
        hurried = max(registry.count_width, _HURRIED)
        return registry.count_width if len(tasks) <= _MANY else hurried, tasks

    def _project_task(
        self, registry: Registry, question: Question, answers: Answers
    ) -> Task:
        def task(client: Client) -> None:
            for index in question.indexes:
                at = (registry.ecosystem, index, question.key)
                answer = answers.projects.get(at)
                if (
                    answer is None
                ):  # else it is a kept 404, whose age must not begin anew
                    answer = self._project(client, registry, index, question)
                    answers.project(at, answer)
                if not isinstance(answer, Missing):
                    return

        return task

    def _project(
        self, client: Client, registry: Registry, index: Index, question: Question
    ) -> LookupResult:
        try:
            want = LookupOptions(self.recent, question.text, question.releases)
            answer = registry.project(client, index, question.key, want)
        except RegistryError as fault:
            return Unverified(str(fault))
        if (
            not isinstance(answer, Project)
            or not answer.oversized
            or question.service is None
        ):
            return answer
        try:
            used = registry.used_before(
                client, question.service, question.key, self.recent
            )
        except RegistryError:
            return answer
        # It was there on the day before, at the latest.
        before = self.recent - 60.0
        return (
            dataclasses.replace(answer, first_upload=before, no_date_reason="")
            if used
            else answer
        )

    def _canary_lanes(self, answers: Answers) -> list[Lane]:
        """Return the questions for a well-known name, where everything asked was unknown."""
        lanes: list[Lane] = []
        for ecosystem, index in silent_indexes(answers):
            registry, key = registry_for(ecosystem), ecosystem_named(ecosystem).canary
            if key:
                canary = Question(ecosystem, key, (index,), None)
                lanes.append((1, [self._project_task(registry, canary, answers)]))
        for ecosystem, service in uncounted_services(answers):
            registry, key = registry_for(ecosystem), ecosystem_named(ecosystem).canary
            if key:
                lanes.append((1, [_count_task(registry, service, [key], answers)]))
        return lanes

    def _trust(self, answers: Answers) -> None:
        """Turn every 404 from a server that has not shown that it knows a name into why."""
        silent, uncounted = (
            set(silent_indexes(answers)),
            set(uncounted_services(answers)),
        )
        for at in answers.fresh:
            canary = (at[0], at[1], ecosystem_named(at[0]).canary)
            if isinstance(answers.projects.get(at), Missing) and at[:2] in silent:
                told = answers.projects.get(canary, LATE)
                answers.projects[at] = told if isinstance(told, Unverified) else PORTAL
            if (
                at in answers.counts
                and answers.counts[at] is None
                and at[:2] in uncounted
            ):
                count = answers.counts.get(canary, LATE)
                answers.counts[at] = count if isinstance(count, Unverified) else PORTAL


def _count_task(
    registry: Registry, service: Index, keys: Sequence[str], answers: Answers
) -> Task:
    def task(client: Client) -> None:
        try:
            counts: Mapping[str, DownloadCount] = registry.counts(client, service, keys)
        except RegistryError as fault:
            counts = dict.fromkeys(keys, Unverified(str(fault)))
        for key, count in counts.items():
            answers.count((registry.ecosystem, service, key), count)

    return task
