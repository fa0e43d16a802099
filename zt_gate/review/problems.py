"""What makes a verdict an error: the causes, and their sentences.

A report has the sentences.  A shard's report also has the causes, because the
sentence of two shards' causes is not the sum of their sentences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.profile import Profile
from zt_gate.model.report import Problem, in_order

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from zt_gate.model.report import NotInspected, ScannerRun
    from zt_gate.policy.schema import Policy
    from zt_gate.review.report_masking import ReportMasker

#: Paths that a sentence about several names.
_MOST_NAMES = 10
_BEFORE, _OF_SCANNER, _AFTER = range(3)
#: The causes that a scanner's run can have, in the order of their sentences.
_VERBS = ("", "could not inspect", "could not verify", "could not parse")


def before(text: str) -> Problem:
    """Return a cause that comes before those of the scanners."""
    return Problem(_BEFORE, text=text)


def after(text: str) -> Problem:
    """Return a cause that comes after those of the scanners."""
    return Problem(_AFTER, text=text)


def of_runs(
    runs: Sequence[ScannerRun],
    policy: Policy,
    masker: ReportMasker,
    accepted: Container[tuple[bytes | None, str]] | None,
) -> Iterator[Problem]:
    """Yield what keeps the runs from being a pass, masked.

    ``accepted`` has path and reason of the unverified packages that a waiver accepts,
    None if all unverified packages are accepted.
    """
    is_strict = policy.profile == Profile.STRICT
    for run in runs:
        reason = masker.reason(run.reason)
        if run.status == "error":
            yield _of_run(run, _with_scanner(run.scanner, reason))
        elif run.status == "skipped" and is_strict:
            yield _of_run(
                run,
                f"{run.scanner} was skipped, which the strict profile does not allow: "
                f"{reason}",
            )
        groups: dict[str, list[NotInspected]] = {}
        for skip in run.not_inspected:
            if skip.kind == "failed":
                groups.setdefault("could not inspect", []).append(masker.skip(skip))
            elif (
                skip.kind == "unverified"
                and accepted is not None
                and (skip.path, skip.reason) not in accepted
            ):
                groups.setdefault("could not verify", []).append(masker.skip(skip))
            if skip.has_rule_words and is_strict:
                groups.setdefault("could not parse", []).append(masker.skip(skip))
        for verb in sorted(groups, key=_VERBS.index):
            yield _of_items(run.scanner, verb, groups[verb])


def _of_run(run: ScannerRun, text: str) -> Problem:
    return Problem(_OF_SCANNER, run.scanner, text=text)


def _of_items(scanner: str, verb: str, items: Iterable[NotInspected]) -> Problem:
    # What is listed twice is one cause, in a run as in the merge of shards.
    return Problem(_OF_SCANNER, scanner, verb, items=in_order(dict.fromkeys(items)))


def _with_scanner(scanner: str, reason: str) -> str:
    """Put the scanner's name before a reason that does not begin with it."""
    return reason if reason.startswith(f"{scanner} ") else f"{scanner}: {reason}"


def joined(problems: Iterable[Problem], scanners: Sequence[str]) -> tuple[Problem, ...]:
    """Join the causes of several shards; ``scanners`` gives their order."""
    items: dict[tuple[str, str], list[NotInspected]] = {}
    others: dict[Problem, None] = {}
    for problem in problems:
        if problem.items:
            items.setdefault((problem.scanner, problem.verb), []).extend(problem.items)
        else:
            others[problem] = None
    all_problems = [
        *others,
        *(_of_items(*key, group) for key, group in items.items()),
    ]
    places = {name: place for place, name in enumerate(scanners)}

    def key(problem: Problem) -> tuple[int, int, int]:
        place = places.get(problem.scanner, len(places))
        return problem.group, place, _VERBS.index(problem.verb)

    return tuple(sorted(all_problems, key=key))


def sentences(problems: Iterable[Problem]) -> tuple[str, ...]:
    """Return one short sentence for each cause, each sentence once."""
    return tuple(dict.fromkeys(map(_sentence, problems)))


def _sentence(problem: Problem) -> str:
    """Return the text; of items the first, and the names of the others."""
    if not problem.items:
        return problem.text
    first, *others = problem.items
    subject = first.reason
    if first.path is not None:
        subject = f"{_name(first.path)}: {first.reason}"
    start = f"{problem.scanner} {problem.verb} {subject}"
    if not others:
        return start
    names = [_name(item.path) for item in others if item.path is not None]
    names = list(dict.fromkeys(names))
    listed = ", ".join(names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        listed += ", …"
    colon = ": " if listed else ""
    return f"{start} (and {len(others)} more{colon}{listed})"


def _name(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
