"""Ask the registries about names: the cache first, then all at once, then the canaries.

A 404 alone proves nothing: a captive portal and a wrong index path answer it
for every name.  Where an index knew none of the names of this run, it is asked
for one that everybody knows; only if it has that one is a 404 a "missing".
"""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zt_gate import __version__
from zt_gate.scanners.dependencies.registries import registry_for
from zt_gate.scanners.dependencies.registries.base import (
    Answer,
    Count,
    Fault,
    Index,
    Missing,
    Project,
    Registry,
    Release,
    Unverified,
    Want,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from zt_gate.scanners.dependencies.registries.cache import Cache
    from zt_gate.scanners.dependencies.registries.client import Client

    Task = Callable[[Client], None]
    #: How many questions one server takes at once, and what is to be asked of it.
    Lane = tuple[int, list[Task]]

_MANY = 40
_HURRIED = 5
_FOUND_AGE = 24 * 3600.0
_MISSING_AGE = 600.0
_LATE = Unverified("did not answer before the deadline")
_PORTAL = Unverified("answers 404 even for a package that everybody knows")


@dataclass(frozen=True, slots=True)
class Question:
    """One package, the indexes to ask in their order, and the download service or None.

    The service counts what the last of the indexes has: where others come
    before it, only what they do not have is anybody's business.  ``text`` and
    ``releases`` say what is wanted besides (see ``Want``).
    """

    ecosystem: str
    key: str
    indexes: tuple[Index, ...]
    service: Index | None
    text: bool = False
    releases: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What came back; ``downloads`` is a number, why there is none, or None: not applicable.

    ``public``: the answer came from the index that everybody uses.
    """

    answer: Answer
    downloads: int | Unverified | None
    public: bool = True


@dataclass(slots=True)
class _Answers:
    """Results as they come in from the threads, by what was asked."""

    projects: dict[tuple[str, Index, str], Answer] = field(default_factory=dict)
    counts: dict[tuple[str, Index, str], Count] = field(default_factory=dict)
    fresh: set[tuple[str, Index, str]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def project(self, at: tuple[str, Index, str], answer: Answer) -> None:
        with self.lock:
            self.projects[at] = answer
            self.fresh.add(at)

    def count(self, at: tuple[str, Index, str], count: Count) -> None:
        with self.lock:
            self.counts[at] = count
            self.fresh.add(at)

    def copy(self) -> _Answers:
        """Return what is known now; threads that are late change it no more."""
        with self.lock:
            return _Answers(dict(self.projects), dict(self.counts), set(self.fresh))


@dataclass(frozen=True, slots=True)
class LookUp:
    """One round of questions.

    ``deadline`` is a ``time.monotonic()`` value; ``age_days`` the age below
    which the date of a first upload matters; ``now`` is in seconds since the
    epoch; ``canaries`` holds a well-known name for each ecosystem.
    """

    environ: Mapping[str, str]
    deadline: float
    age_days: int
    now: float
    canaries: Mapping[str, str]
    cache: Cache
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
        answers = self._kept(wanted)
        answers = self._run([*self._lanes(wanted, answers), *beside], answers)
        answers = self._run(self._later_lanes(wanted, answers), answers)
        answers = self._run(self._canary_lanes(answers), answers)
        self._trust(answers)
        self._read(answers)
        self._keep(wanted, answers)
        return {question: self._facts(question, answers) for question in wanted}

    def _read(self, answers: _Answers) -> None:
        """Look at the descriptions that came, and forget them."""
        for at in answers.fresh:
            project = answers.projects.get(at)
            if isinstance(project, Project):
                told = project.text is not None and self.read is not None
                said = tuple(self.read(project.text)) if told else None  # type: ignore[misc, arg-type]
                answers.projects[at] = dataclasses.replace(project, text=None, said=said)

    def _run(self, lanes: Sequence[Lane], answers: _Answers) -> _Answers:
        """Ask everything in the lanes; threads that are late no longer change the result."""
        if any(tasks for _, tasks in lanes):
            from zt_gate.scanners.dependencies.registries.pool import run

            run(lanes, self.environ, self.deadline)
        return answers.copy()

    def _lanes(self, wanted: Sequence[Question], answers: _Answers) -> list[Lane]:
        lanes: list[Lane] = []
        for ecosystem in dict.fromkeys(question.ecosystem for question in wanted):
            registry = registry_for(ecosystem)
            own = [question for question in wanted if question.ecosystem == ecosystem]
            tasks = [
                self._project_task(registry, question, answers)
                for question in own
                if not _settled(question, answers)
            ]
            lanes.append((registry.width, tasks))
            alone = [question for question in own if len(question.indexes) == 1]
            lanes += self._count_lanes(registry, alone, answers)
        return lanes

    def _later_lanes(self, wanted: Sequence[Question], answers: _Answers) -> list[Lane]:
        """Return the counts of packages that private indexes were asked about first."""
        lanes: list[Lane] = []
        for ecosystem in dict.fromkeys(question.ecosystem for question in wanted):
            public = [
                question
                for question in wanted
                if question.ecosystem == ecosystem
                and len(question.indexes) > 1
                and _came_from(question, answers) == question.indexes[-1]
            ]
            lanes += self._count_lanes(registry_for(ecosystem), public, answers)
        return lanes

    def _count_lanes(
        self, registry: Registry, questions: Sequence[Question], answers: _Answers
    ) -> Iterator[Lane]:
        for service in dict.fromkeys(question.service for question in questions):
            keys = [
                question.key
                for question in questions
                if question.service == service and not _is_missing(question, answers)
            ]
            if service is not None:
                yield self._count_lane(registry, service, keys, answers)

    def _count_lane(
        self, registry: Registry, service: Index, keys: Iterable[str], answers: _Answers
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

    def _project_task(self, registry: Registry, question: Question, answers: _Answers) -> Task:
        def task(client: Client) -> None:
            for index in question.indexes:
                at = (registry.ecosystem, index, question.key)
                answer = answers.projects.get(at)
                if answer is None:  # else it is a kept 404, whose age must not begin anew
                    answer = self._project(client, registry, index, question)
                    answers.project(at, answer)
                if not isinstance(answer, Missing):
                    return

        return task

    def _project(
        self, client: Client, registry: Registry, index: Index, question: Question
    ) -> Answer:
        try:
            want = Want(self.recent, question.text, question.releases)
            answer = registry.project(client, index, question.key, want)
        except Fault as fault:
            return Unverified(str(fault))
        if not isinstance(answer, Project) or not answer.oversized or question.service is None:
            return answer
        try:
            used = registry.used_before(client, question.service, question.key, self.recent)
        except Fault:
            return answer
        # It was there on the day before, at the latest.
        before = self.recent - 60.0
        return dataclasses.replace(answer, first_upload=before, undated="") if used else answer

    def _canary_lanes(self, answers: _Answers) -> list[Lane]:
        """Return the questions for a well-known name, where everything asked was unknown."""
        lanes: list[Lane] = []
        for ecosystem, index in _silent(answers):
            registry, key = registry_for(ecosystem), self.canaries.get(ecosystem, "")
            if key:
                canary = Question(ecosystem, key, (index,), None)
                lanes.append((1, [self._project_task(registry, canary, answers)]))
        for ecosystem, service in _uncounted(answers):
            registry, key = registry_for(ecosystem), self.canaries.get(ecosystem, "")
            if key:
                lanes.append((1, [_count_task(registry, service, [key], answers)]))
        return lanes

    def _trust(self, answers: _Answers) -> None:
        """Turn every 404 from a server that has not shown that it knows a name into why."""
        silent, uncounted = set(_silent(answers)), set(_uncounted(answers))
        for at in answers.fresh:
            canary = (at[0], at[1], self.canaries.get(at[0], ""))
            if isinstance(answers.projects.get(at), Missing) and at[:2] in silent:
                told = answers.projects.get(canary, _LATE)
                answers.projects[at] = told if isinstance(told, Unverified) else _PORTAL
            if at in answers.counts and answers.counts[at] is None and at[:2] in uncounted:
                count = answers.counts.get(canary, _LATE)
                answers.counts[at] = count if isinstance(count, Unverified) else _PORTAL

    def _facts(self, question: Question, answers: _Answers) -> Facts:
        answer = _answer(question, answers)
        public = _came_from(question, answers) == question.indexes[-1]
        if question.service is None or (not public and isinstance(answer, Project)):
            return Facts(answer, None, public)
        count = answers.counts.get((question.ecosystem, question.service, question.key), _LATE)
        return Facts(answer, 0 if count is None else count, public)

    def _kept(self, wanted: Sequence[Question]) -> _Answers:
        answers = _Answers()
        projects: dict[str, tuple[str, Index, str]] = {}
        counts: dict[str, tuple[str, Index, str]] = {}
        for question in wanted:
            for index in question.indexes:
                at = (question.ecosystem, index, question.key)
                projects[self._project_key(at, question)] = at
            if question.service is not None:
                at = (question.ecosystem, question.service, question.key)
                counts[_count_key(at)] = at
        kept = self.cache.get([*projects, *counts])
        for key, at in projects.items():
            answer = _project_of(kept.get(key))
            if answer is not None:
                answers.projects[at] = answer
        for key, at in counts.items():
            value = kept.get(key)
            if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                answers.counts[at] = value
        return answers

    def _project_key(self, at: tuple[str, Index, str], question: Question) -> str:
        # The age is in the key: a date may only be known to lie before it.
        form = registry_for(at[0]).accept
        wants = f"{question.text and __version__}/{question.releases}"
        return f"project {at[0]} {self.age_days} {wants} {form} {at[1].url} {at[2]}"

    def _keep(self, wanted: Sequence[Question], answers: _Answers) -> None:
        values: dict[str, tuple[Any, float]] = {}
        for question in wanted:
            for at in ((question.ecosystem, index, question.key) for index in question.indexes):
                answer = answers.projects.get(at)
                if at not in answers.fresh:
                    continue
                if isinstance(answer, Missing):
                    values[self._project_key(at, question)] = ({"missing": True}, _MISSING_AGE)
                elif isinstance(answer, Project) and not (answer.undated or answer.untold):
                    kept = dataclasses.asdict(answer)
                    values[self._project_key(at, question)] = (kept, _FOUND_AGE)
        for at in answers.fresh:
            count = answers.counts.get(at)
            if isinstance(count, int):
                values[_count_key(at)] = (count, registry_for(at[0]).count_age)
        self.cache.put(values)


def _count_task(registry: Registry, service: Index, keys: Sequence[str], answers: _Answers) -> Task:
    def task(client: Client) -> None:
        try:
            counts: Mapping[str, Count] = registry.counts(client, service, keys)
        except Fault as fault:
            counts = dict.fromkeys(keys, Unverified(str(fault)))
        for key, count in counts.items():
            answers.count((registry.ecosystem, service, key), count)

    return task


def _answer(question: Question, answers: _Answers) -> Answer:
    """Return the first answer that is no "missing".

    An index of nothing but one's own packages proves no 404; the next one may
    have the package all the same.
    """
    told: Answer = Missing()
    for index in question.indexes:
        answer = answers.projects.get((question.ecosystem, index, question.key), _LATE)
        if answer is _PORTAL:
            told = _PORTAL
        elif not isinstance(answer, Missing):
            return answer
    return told


def _came_from(question: Question, answers: _Answers) -> Index | None:
    """Return the index whose answer counts, None where none gave any."""
    for index in question.indexes:
        answer = answers.projects.get((question.ecosystem, index, question.key))
        if isinstance(answer, Project):
            return index
        if not isinstance(answer, Missing) and answer is not _PORTAL:
            return None
    return None


def _settled(question: Question, answers: _Answers) -> bool:
    """Say whether the cache already answers the question."""
    for index in question.indexes:
        answer = answers.projects.get((question.ecosystem, index, question.key))
        if not isinstance(answer, Missing):
            return answer is not None
    return True


def _is_missing(question: Question, answers: _Answers) -> bool:
    """Say whether every index said that there is no such package."""
    at = [(question.ecosystem, index, question.key) for index in question.indexes]
    return all(isinstance(answers.projects.get(each), Missing) for each in at)


def _silent(answers: _Answers) -> list[tuple[str, Index]]:
    """Return the indexes that said "missing" in this run and knew no name."""
    # A folder of this machine has no portal before it.
    fresh = [at for at in answers.projects if at in answers.fresh and not at[1].local]
    known = {at[:2] for at in fresh if isinstance(answers.projects[at], Project)}
    unknown = dict.fromkeys(at[:2] for at in fresh if isinstance(answers.projects[at], Missing))
    return [where for where in unknown if where not in known]


def _uncounted(answers: _Answers) -> list[tuple[str, Index]]:
    """Return the services that had no count for a name in this run, and none for any other."""
    fresh = [at for at in answers.counts if at in answers.fresh]
    known = {at[:2] for at in fresh if answers.counts[at] and isinstance(answers.counts[at], int)}
    # For a package that does not exist nobody needs a count.
    there = {(at[0], at[2]) for at, told in answers.projects.items() if isinstance(told, Project)}
    unknown = dict.fromkeys(
        at[:2] for at in fresh if answers.counts[at] is None and (at[0], at[2]) in there
    )
    return [where for where in unknown if where not in known]


def _count_key(at: tuple[str, Index, str]) -> str:
    return f"count {at[0]} {at[1].url} {at[2]}"


def _project_of(value: object) -> Answer | None:
    """Return a kept answer, None for whatever is no such thing."""
    if not isinstance(value, dict):
        return None
    if value == {"missing": True}:
        return Missing()
    try:
        releases = tuple(Release(**release) for release in value.get("releases") or ())
        said = value.get("said")
        found = None if said is None else tuple((str(a), str(b), str(c)) for a, b, c in said)
        project = Project(**{**value, "releases": releases, "said": found})
    except (TypeError, ValueError):
        return None
    moments = [project.first_upload, *(release.uploaded for release in releases)]
    texts = [project.status, project.note, project.latest, project.undated, project.untold]
    texts += [text for release in releases for text in (release.version, release.note)]
    sound = all(
        moment is None or (isinstance(moment, int | float) and not isinstance(moment, bool))
        for moment in moments
    ) and all(isinstance(text, str) for text in texts)
    return project if sound else None
