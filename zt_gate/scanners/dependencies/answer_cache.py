"""Cache of registry answers: read before any registry is asked, written for the next run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate import __version__
from zt_gate.ecosystems.registries import registry_for
from zt_gate.ecosystems.registries.base import (
    Anomaly,
    LookupResult,
    Missing,
    Project,
    Release,
)
from zt_gate.record import asdict
from zt_gate.scanners.dependencies.registry_answers import Answers, Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.ecosystems.registries.cache import Cache
    from zt_gate.scanners.dependencies.registry_answers import AnswerKey

_PROJECT_AGE = 24 * 3600.0
_MISSING_AGE = 600.0
_MISSING = {"missing": True}
#: Raised when a stored project says more than before.
_FORM = 2


def read(cache: Cache, questions: Sequence[Question], age_days: int) -> Answers:
    """Return the answers of earlier runs that are still valid."""
    answers = Answers()
    projects: dict[str, AnswerKey] = {}
    counts: dict[str, AnswerKey] = {}
    for question in questions:
        for key in question.answer_keys():
            projects[_project_key(key, question, age_days)] = key
        if question.service is not None:
            key = (question.ecosystem, question.service, question.key)
            counts[_count_key(key)] = key
    cached = cache.get([*projects, *counts])
    for cache_key, key in projects.items():
        answer = _project_of(cached.get(cache_key))
        if answer is not None:
            answers.projects[key] = answer
    for cache_key, key in counts.items():
        value = cached.get(cache_key)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            answers.counts[key] = value
        elif value == _MISSING and key[1].optional:
            answers.counts[key] = None
    return answers


def write(
    cache: Cache, questions: Sequence[Question], answers: Answers, age_days: int
) -> None:
    """Keep projects for a day, missing packages for ten minutes, and errors not at all."""
    values: dict[str, tuple[Any, float]] = {}
    for question in questions:
        for key in question.answer_keys():
            if key not in answers.fresh:
                continue
            answer = answers.projects.get(key)
            cache_key = _project_key(key, question, age_days)
            if isinstance(answer, Missing):
                values[cache_key] = (dict(_MISSING), _MISSING_AGE)
            elif isinstance(answer, Project) and not (
                answer.no_date_reason or answer.no_text_reason
            ):
                values[cache_key] = (_stored(answer), _PROJECT_AGE)
    for key in answers.fresh:
        count = answers.counts.get(key)
        if isinstance(count, int):
            values[_count_key(key)] = (count, registry_for(key[0]).count_age)
        elif key[1].optional and key in answers.counts and count is None:
            values[_count_key(key)] = (dict(_MISSING), _PROJECT_AGE)
    cache.put(values)


def _project_key(key: AnswerKey, question: Question, age_days: int) -> str:
    ecosystem, index, name = key
    # The age is part of the key: a date may be known only as "before that age".
    form = registry_for(ecosystem).accept
    wants = f"{question.text and __version__}/{question.releases}"
    return f"project-{_FORM} {ecosystem} {age_days} {wants} {form} {index.url} {name}"


def _count_key(key: AnswerKey) -> str:
    ecosystem, service, name = key
    return f"count {ecosystem} {service.url} {name}"


def _stored(project: Project) -> dict[str, Any]:
    """Return a project as JSON; what a release does not have is left out."""
    value = asdict(project)
    value["releases"] = [
        {name: content for name, content in release.items() if content}
        for release in value["releases"]
    ]
    return value


def _release_of(value: Any) -> Release:
    """Return a cached release; raises TypeError or ValueError."""
    anomalies = tuple(Anomaly(**item) for item in value.get("anomalies") or ())
    return Release(**{**value, "anomalies": anomalies})


def _project_of(value: object) -> LookupResult | None:
    """Return a cached answer, None for anything malformed."""
    if not isinstance(value, dict):
        return None
    if value == _MISSING:
        return Missing()
    try:
        releases = tuple(map(_release_of, value.get("releases") or ()))
        findings = _text_findings_of(value.get("text_findings"))
        project = Project(**{**value, "releases": releases, "text_findings": findings})
    except (TypeError, ValueError, AttributeError):
        return None
    return project if _is_well_typed(project) else None


def _text_findings_of(value: Any) -> tuple[tuple[str, str, str], ...] | None:
    """Return cached findings in a description; raises TypeError or ValueError."""
    if value is None:
        return None
    return tuple(
        (str(rule), str(severity), str(message)) for rule, severity, message in value
    )


def _is_well_typed(project: Project) -> bool:
    dates: list[object] = [project.first_upload]
    texts: list[object] = [
        project.status,
        project.note,
        project.latest,
        project.no_date_reason,
        project.no_text_reason,
        project.repository,
        project.no_publisher_reason,
    ]
    for release in project.releases:
        dates.append(release.uploaded)
        texts += [release.version, release.note]
        texts += [
            part for item in release.anomalies for part in (item.kind, item.detail)
        ]
    return all(map(_is_date, dates)) and all(isinstance(text, str) for text in texts)


def _is_date(value: object) -> bool:
    """Return whether a value is None or a time in seconds since the epoch."""
    if isinstance(value, bool):
        return False
    return value is None or isinstance(value, int | float)
