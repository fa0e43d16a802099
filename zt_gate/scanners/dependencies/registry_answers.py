"""What is asked about packages, and what came back: questions, answers, and what they mean."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zt_gate.ecosystems.registries.base import (
    DownloadCount,
    LookupResult,
    Missing,
    Project,
    Unverified,
)

if TYPE_CHECKING:
    #: Ecosystem, index or service, and key.
    from zt_gate.ecosystems.registries.package_index import Index

    At = tuple[str, Index, str]

LATE = Unverified("did not answer before the deadline")
PORTAL = Unverified("answers 404 even for a package that everybody knows")


@dataclass(frozen=True, slots=True)
class Question:
    """One package, the indexes to ask in their order, and the download service or None.

    The service counts what the last of the indexes has: where others come
    before it, only what they do not have is anybody's business.  ``text`` and
    ``releases`` say what is wanted besides (see ``LookupOptions``).
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

    answer: LookupResult
    downloads: int | Unverified | None
    public: bool = True


@dataclass(slots=True)
class Answers:
    """Results as they come in from the threads, by what was asked."""

    projects: dict[At, LookupResult] = field(default_factory=dict)
    counts: dict[At, DownloadCount] = field(default_factory=dict)
    fresh: set[At] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def project(self, at: At, answer: LookupResult) -> None:
        """Put away what an index said of a name."""
        with self.lock:
            self.projects[at] = answer
            self.fresh.add(at)

    def count(self, at: At, count: DownloadCount) -> None:
        """Put away what a download service said of a name."""
        with self.lock:
            self.counts[at] = count
            self.fresh.add(at)

    def copy(self) -> Answers:
        """Return what is known now; threads that are late change it no more."""
        with self.lock:
            return Answers(dict(self.projects), dict(self.counts), set(self.fresh))


def facts_of(question: Question, answers: Answers) -> Facts:
    """Put together what came back for a question."""
    answer = _answer(question, answers)
    public = came_from(question, answers) == question.indexes[-1]
    if question.service is None or (not public and isinstance(answer, Project)):
        return Facts(answer, None, public)
    count = answers.counts.get(
        (question.ecosystem, question.service, question.key), LATE
    )
    return Facts(answer, 0 if count is None else count, public)


def _answer(question: Question, answers: Answers) -> LookupResult:
    """Return the first answer that is no "missing".

    An index of nothing but one's own packages proves no 404; the next one may
    have the package all the same.
    """
    told: LookupResult = Missing()
    for index in question.indexes:
        answer = answers.projects.get((question.ecosystem, index, question.key), LATE)
        if answer is PORTAL:
            told = PORTAL
        elif not isinstance(answer, Missing):
            return answer
    return told


def came_from(question: Question, answers: Answers) -> Index | None:
    """Return the index whose answer counts, None where none gave any."""
    for index in question.indexes:
        answer = answers.projects.get((question.ecosystem, index, question.key))
        if isinstance(answer, Project):
            return index
        if not isinstance(answer, Missing) and answer is not PORTAL:
            return None
    return None


def is_settled(question: Question, answers: Answers) -> bool:
    """Say whether the cache already answers the question."""
    for index in question.indexes:
        answer = answers.projects.get((question.ecosystem, index, question.key))
        if not isinstance(answer, Missing):
            return answer is not None
    return True


def is_missing(question: Question, answers: Answers) -> bool:
    """Say whether every index said that there is no such package."""
    at = [(question.ecosystem, index, question.key) for index in question.indexes]
    return all(isinstance(answers.projects.get(each), Missing) for each in at)


def silent_indexes(answers: Answers) -> list[tuple[str, Index]]:
    """Return the indexes that said "missing" in this run and knew no name."""
    # A folder of this machine has no portal before it.
    fresh = [at for at in answers.projects if at in answers.fresh and not at[1].local]
    known = {at[:2] for at in fresh if isinstance(answers.projects[at], Project)}
    unknown = dict.fromkeys(
        at[:2] for at in fresh if isinstance(answers.projects[at], Missing)
    )
    return [where for where in unknown if where not in known]


def uncounted_services(answers: Answers) -> list[tuple[str, Index]]:
    """Return the services that had no count for a name in this run, and none for any other."""
    fresh = [at for at in answers.counts if at in answers.fresh]
    known = {
        at[:2]
        for at in fresh
        if answers.counts[at] and isinstance(answers.counts[at], int)
    }
    # For a package that does not exist nobody needs a count.
    there = {
        (at[0], at[2])
        for at, told in answers.projects.items()
        if isinstance(told, Project)
    }
    unknown = dict.fromkeys(
        at[:2] for at in fresh if answers.counts[at] is None and (at[0], at[2]) in there
    )
    return [where for where in unknown if where not in known]
