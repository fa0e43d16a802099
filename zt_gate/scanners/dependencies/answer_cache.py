"""Answers of earlier runs: read before anybody is asked, written for the next run."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from zt_gate import __version__
from zt_gate.ecosystems.registries import registry_for
from zt_gate.ecosystems.registries.base import LookupResult, Missing, Project, Release
from zt_gate.scanners.dependencies.registry_answers import Answers, Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.ecosystems.registries.cache import Cache
    from zt_gate.scanners.dependencies.registry_answers import At

_FOUND_AGE = 24 * 3600.0
_MISSING_AGE = 600.0


def read(cache: Cache, wanted: Sequence[Question], age_days: int) -> Answers:
    """Return what is still good of earlier runs."""
    answers = Answers()
    projects: dict[str, At] = {}
    counts: dict[str, At] = {}
    for question in wanted:
        for index in question.indexes:
            at = (question.ecosystem, index, question.key)
            projects[_project_key(at, question, age_days)] = at
        if question.service is not None:
            at = (question.ecosystem, question.service, question.key)
            counts[_count_key(at)] = at
    kept = cache.get([*projects, *counts])
    for key, at in projects.items():
        answer = _project_of(kept.get(key))
        if answer is not None:
            answers.projects[at] = answer
    for key, at in counts.items():
        value = kept.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            answers.counts[at] = value
    return answers


def _project_key(at: At, question: Question, age_days: int) -> str:
    # The age is in the key: a date may only be known to lie before it.
    form = registry_for(at[0]).accept
    wants = f"{question.text and __version__}/{question.releases}"
    return f"project {at[0]} {age_days} {wants} {form} {at[1].url} {at[2]}"


def write(
    cache: Cache, wanted: Sequence[Question], answers: Answers, age_days: int
) -> None:
    """Keep what was found for a day, what is missing for minutes, and no fault."""
    values: dict[str, tuple[Any, float]] = {}
    for question in wanted:
        for at in (
            (question.ecosystem, index, question.key) for index in question.indexes
        ):
            answer = answers.projects.get(at)
            if at not in answers.fresh:
                continue
            if isinstance(answer, Missing):
                values[_project_key(at, question, age_days)] = (
                    {"missing": True},
                    _MISSING_AGE,
                )
            elif isinstance(answer, Project) and not (
                answer.no_date_reason or answer.no_text_reason
            ):
                kept = dataclasses.asdict(answer)
                values[_project_key(at, question, age_days)] = (kept, _FOUND_AGE)
    for at in answers.fresh:
        count = answers.counts.get(at)
        if isinstance(count, int):
            values[_count_key(at)] = (count, registry_for(at[0]).count_age)
    cache.put(values)


def _count_key(at: At) -> str:
    return f"count {at[0]} {at[1].url} {at[2]}"


def _project_of(value: object) -> LookupResult | None:
    """Return a kept answer, None for whatever is no such thing."""
    if not isinstance(value, dict):
        return None
    if value == {"missing": True}:
        return Missing()
    try:
        releases = tuple(Release(**release) for release in value.get("releases") or ())
        said = value.get("text_findings")
        found = (
            None
            if said is None
            else tuple((str(a), str(b), str(c)) for a, b, c in said)
        )
        project = Project(**{**value, "releases": releases, "text_findings": found})
    except (TypeError, ValueError):
        return None
    moments = [project.first_upload, *(release.uploaded for release in releases)]
    texts = [
        project.status,
        project.note,
        project.latest,
        project.no_date_reason,
        project.no_text_reason,
    ]
    texts += [text for release in releases for text in (release.version, release.note)]
    sound = all(
        moment is None
        or (isinstance(moment, int | float) and not isinstance(moment, bool))
        for moment in moments
    ) and all(isinstance(text, str) for text in texts)
    return project if sound else None
