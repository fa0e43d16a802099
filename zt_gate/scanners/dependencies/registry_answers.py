"""Questions to registries and their answers, and what an answer means."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from zt_gate.ecosystems.registries.base import (
    DownloadCount,
    LookupResult,
    Missing,
    Project,
    Unverified,
)
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from zt_gate.ecosystems.registries.package_index import Index

    #: Ecosystem, and the index or download service.
    ServerKey = tuple[str, Index]
    #: Ecosystem, index or download service, and package key.
    AnswerKey = tuple[str, Index, str]

NO_ANSWER_IN_TIME = Unverified("did not answer before the deadline")
CAPTIVE_PORTAL = Unverified("answers 404 even for a well-known package")


@dataclass(frozen=True, slots=True)
class Question:
    """One package, the indexes to ask in their order, and the download service or None.

    The service counts downloads from the last index only: a name that an earlier
    index has is not sent to it.  ``text`` and ``releases`` say what else is
    wanted (see ``LookupOptions``).
    """

    ecosystem: str
    key: str
    indexes: tuple[Index, ...]
    service: Index | None
    text: bool = False
    releases: bool = False

    def answer_keys(self) -> list[AnswerKey]:
        """Return the key of each index's answer."""
        return [(self.ecosystem, index, self.key) for index in self.indexes]


@dataclass(frozen=True, slots=True)
class RegistryFacts:
    """The answer to a question.

    ``downloads`` a week: a number, why there is none, or None if a count does not
    apply.  ``counted_itself``: the number is of a registry's own downloads, which are few
    for a private package.  ``public``: the answer came from the public index.
    """

    answer: LookupResult
    downloads: int | Unverified | None
    public: bool = True
    counted_itself: bool = False


@dataclass(slots=True)
class Answers:
    """Answers as the threads receive them; ``fresh`` holds the keys answered in this run."""

    projects: dict[AnswerKey, LookupResult] = field(default_factory=dict)
    counts: dict[AnswerKey, DownloadCount] = field(default_factory=dict)
    fresh: set[AnswerKey] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add_project(self, key: AnswerKey, answer: LookupResult) -> None:
        """Store an index's answer about a name."""
        with self.lock:
            self.projects[key] = answer
            self.fresh.add(key)

    def add_count(self, key: AnswerKey, count: DownloadCount) -> None:
        """Store a download service's answer about a name."""
        with self.lock:
            self.counts[key] = count
            self.fresh.add(key)

    def copy(self) -> Answers:
        """Return a copy that threads still running do not change."""
        with self.lock:
            return Answers(dict(self.projects), dict(self.counts), set(self.fresh))


def facts_of(question: Question, answers: Answers) -> RegistryFacts:
    """Return the facts that the answers to a question give."""
    answer = _deciding_answer(question, answers)
    public = answering_index(question, answers) == question.indexes[-1]
    is_private_project = not public and isinstance(answer, Project)
    if question.service is None or is_private_project:
        return RegistryFacts(answer, None, public)
    count_key = (question.ecosystem, question.service, question.key)
    count = answers.counts.get(count_key, NO_ANSWER_IN_TIME)
    if question.service.optional:
        own_count = count if isinstance(count, int) else None
        return RegistryFacts(answer, own_count, public, counted_itself=True)
    return RegistryFacts(answer, 0 if count is None else count, public)


def _deciding_answer(question: Question, answers: Answers) -> LookupResult:
    """Return the first answer other than "missing".

    An index with private packages only cannot prove that its 404 is genuine, so
    the next index is still asked.
    """
    fallback: LookupResult = Missing()
    for key in question.answer_keys():
        answer = answers.projects.get(key, NO_ANSWER_IN_TIME)
        if answer is CAPTIVE_PORTAL:
            fallback = CAPTIVE_PORTAL
        elif not isinstance(answer, Missing):
            return answer
    return fallback


def answering_index(question: Question, answers: Answers) -> Index | None:
    """Return the index that has the package, None if none has or one gave no answer before."""
    for key in question.answer_keys():
        answer = answers.projects.get(key)
        if isinstance(answer, Project):
            return key[1]
        if not isinstance(answer, Missing) and answer is not CAPTIVE_PORTAL:
            return None
    return None


def is_settled(question: Question, answers: Answers) -> bool:
    """Return whether the cached answers are enough for the question."""
    for key in question.answer_keys():
        answer = answers.projects.get(key)
        if not isinstance(answer, Missing):
            return answer is not None
    return True


def is_missing(question: Question, answers: Answers) -> bool:
    """Return whether every index answered that the package does not exist."""
    return all(
        isinstance(answers.projects.get(key), Missing) for key in question.answer_keys()
    )


def unproven_indexes(answers: Answers) -> list[ServerKey]:
    """Return the indexes that answered "missing" in this run and had no package at all."""
    # A local folder cannot be behind a captive portal.
    fresh = [
        key for key in answers.projects if key in answers.fresh and not key[1].local
    ]
    proven = {key[:2] for key in fresh if isinstance(answers.projects[key], Project)}
    with_missing = dict.fromkeys(
        key[:2] for key in fresh if isinstance(answers.projects[key], Missing)
    )
    return [server for server in with_missing if server not in proven]


def unproven_services(answers: Answers) -> list[ServerKey]:
    """Return the download services that lacked a count in this run and gave no other count."""
    fresh = [
        key for key in answers.counts if key in answers.fresh and not key[1].optional
    ]
    proven = {
        key[:2]
        for key in fresh
        if answers.counts[key] and isinstance(answers.counts[key], int)
    }
    # A package that does not exist has no count.
    existing = {
        (ecosystem, name)
        for (ecosystem, _, name), answer in answers.projects.items()
        if isinstance(answer, Project)
    }
    without_count = dict.fromkeys(
        key[:2]
        for key in fresh
        if answers.counts[key] is None and (key[0], key[2]) in existing
    )
    return [server for server in without_count if server not in proven]
