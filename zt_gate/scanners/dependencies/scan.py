"""From a change to findings: what is new, where to ask, what the answers mean."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.model.finding import Evidence, Location
from zt_gate.model.report import NotInspected, ScannerRun
from zt_gate.model.text import mark_of
from zt_gate.scanners.dependencies.added import Addition, Difference, difference
from zt_gate.scanners.dependencies.manifests.base import leaves_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.finding import Finding
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.dependencies.checks import Verdict
    from zt_gate.scanners.dependencies.lookup import Facts, Question
    from zt_gate.scanners.dependencies.places import Places

_TOTAL_SECONDS = 4.0
#: What stays for saying what was found before the process is killed.
_RESERVE = 0.3
_MOST_NAMES = 1000
_LONGEST_EVIDENCE = 4000
_PASSWORD = re.compile(r"://[^/@\s:]{0,500}:([^/@\s]{1,500})@|://([^/@\s:]{8,500})@")


@dataclass(frozen=True, slots=True)
class _Said:
    """One verdict on one addition."""

    addition: Addition
    verdict: Verdict


def scan(change: ChangeSet, context: Context, start: float) -> ScannerRun:
    """Do the scanner's work; ``start`` is when it began (``time.monotonic()``)."""
    new = difference(change, context.trusted_file)
    said: list[_Said] = []
    not_inspected = new.not_inspected
    if new.added:
        said, rest = _verdicts(new, context, start)
        not_inspected = [*not_inspected, *rest]
    findings = tuple(_findings(said, context))
    not_inspected += [
        NotInspected(one.addition.manifest.file.path, "unverified", one.verdict.message)
        for one in said
        if one.verdict.rule == "dependencies/unverified"
    ]
    return ScannerRun(
        "dependencies",
        "ok",
        seconds=time.monotonic() - start,
        files=new.manifests,
        lines=new.lines,
        findings=findings,
        not_inspected=tuple(not_inspected),
    )


def _verdicts(
    new: Difference, context: Context, start: float
) -> tuple[list[_Said], list[NotInspected]]:
    from zt_gate.scanners.dependencies import checks
    from zt_gate.scanners.dependencies.places import Places

    places = Places(context)
    said: list[_Said] = []
    wanted: list[tuple[Addition, Question | None]] = []
    for addition in new.added:
        kind = _outside_kind(addition, places)
        if kind:
            rule = context.rules["dependencies/outside-registry"]
            said.append(_Said(addition, checks.outside(addition.dependency, kind, rule)))
        elif addition.dependency.key and addition.dependency.source.kind in {"registry", "index"}:
            question = None if context.offline else places.question(addition)
            wanted.append((addition, question))
    asked, left = wanted[:_MOST_NAMES], wanted[_MOST_NAMES:]
    rest = [
        NotInspected(None, "unverified", f"{len(left)} further new names: only"
                     f" {_MOST_NAMES} are asked about in one run")
    ] if left else []  # fmt: skip
    said += _judged(asked, context, start)
    return said, rest


def _judged(
    wanted: list[tuple[Addition, Question | None]], context: Context, start: float
) -> Iterator[_Said]:
    from zt_gate.scanners.dependencies import checks

    now = time.time()
    facts = _ask((question for _, question in wanted if question), context, start, now)
    withdrawn = context.rules["dependencies/withdrawn"]
    for addition, question in wanted:
        if question is None:
            verdicts = [checks.unverified(addition.dependency, "offline")]
        else:
            verdicts = checks.judge(
                addition.dependency, facts[question], context.dependencies, withdrawn, now
            )
        yield from (_Said(addition, verdict) for verdict in verdicts)


def _ask(
    questions: Iterable[Question], context: Context, start: float, now: float
) -> dict[Question, Facts]:
    asked = list(questions)
    if not asked:
        return {}
    from zt_gate.scanners.dependencies.lookup import LookUp
    from zt_gate.scanners.dependencies.registries.cache import Cache

    return LookUp(
        environ=context.environ,
        deadline=min(start + _TOTAL_SECONDS, context.deadline - _RESERVE),
        age_days=context.dependencies.min_age_days,
        now=now,
        canaries=context.rules["dependencies/missing"].data["canaries"],
        cache=Cache(context.cache_dir),
    ).ask(asked)


def _outside_kind(addition: Addition, places: Places) -> str:
    """Return which kind of foreign source an entry has, "" where it has none."""
    entry = addition.dependency
    source = entry.source
    if source.kind in {"url", "vcs"}:
        return "remote" if entry.section in {"--requirement", "--constraint"} else source.kind
    if source.kind == "path":
        return "path" if leaves_tree(addition.manifest.file.path, source.target) else ""
    if source.kind == "index":
        return "" if places.is_known(addition) else "index"
    return ""


def _findings(said: Iterable[_Said], context: Context) -> Iterator[Finding]:
    lines: dict[bytes, list[str]] = {}
    for one in said:
        file = one.addition.manifest.file
        if file.path not in lines:
            data = one.addition.manifest.data
            text = data.decode(mark_of(data) or "utf-8-sig", "replace")
            lines[file.path] = text.split("\n")
        yield _finding(one, lines[file.path], context)


def _finding(one: _Said, lines: list[str], context: Context) -> Finding:
    entry, manifest = one.addition.dependency, one.addition.manifest
    text = lines[entry.line - 1].rstrip("\r") if entry.line <= len(lines) else ""
    start = min(entry.column - 1, len(text))
    end = min(max(start, entry.end_column - 1), len(text))
    location = Location(
        "line" if manifest.is_added_line(entry.line) else "file",
        manifest.file.path,
        line=entry.line,
        column=start + 1,
        end_line=entry.line,
        end_column=end + 1,
    )
    hidden = [match[1] or match[2] for match in _PASSWORD.finditer(entry.source.target)]
    return context.rules[one.verdict.rule].finding(
        location,
        one.verdict.message,
        evidence=_evidence(text, start, end),
        subject=f"{entry.ecosystem} {entry.key or entry.source.target}",
        secrets=tuple(value for value in hidden if "$" not in value),
        severity=one.verdict.severity,
        level=one.verdict.level,
    )


def _evidence(text: str, start: int, end: int) -> Evidence:
    """Return a line with its span, in a window where the line is long."""
    cut = max(0, start - _LONGEST_EVIDENCE // 2) if len(text) > _LONGEST_EVIDENCE else 0
    window = text[cut : cut + _LONGEST_EVIDENCE]
    return Evidence(window, start - cut, min(end - cut, len(window)))
