"""From a change to findings: what is new, where to ask, what the answers mean."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import leaves_repository
from zt_gate.ecosystems.version_constraints import pinned_version
from zt_gate.model.finding import Evidence, Location
from zt_gate.model.report import NotInspected, ScannerRun
from zt_gate.scanners.dependencies.additions import difference
from zt_gate.syntax.text import mark_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.finding import Finding
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.dependencies.assessment import Assessment
    from zt_gate.scanners.dependencies.manifest_difference import Addition, Difference
    from zt_gate.scanners.dependencies.registry_selection import Places

#: Wall seconds for all answers together, and those in which nobody answers: an address that
#: swallows every question costs a commit no more.
_TOTAL_SECONDS = 20.0
_SILENT_SECONDS = 4.0
#: What stays for saying what was found before the process is killed.
_RESERVE = 0.3
#: What is asked about advisories alone, with ``--audit all``.
_AUDIT_SECONDS = 60.0
_MOST_NAMES = 1000
_MOST_ENTRIES = 20_000
_LONGEST_EVIDENCE = 4000
_PASSWORD = re.compile(r"://[^/@\s:]{0,500}:([^/@\s]{1,500})@|://([^/@\s:]{8,500})@")


@dataclass(frozen=True, slots=True)
class _Said:
    """One verdict on one addition."""

    addition: Addition
    verdict: Assessment


def scan(
    change: ChangeSet,
    context: Context,
    start: float,
    clock: Callable[[], float] = time.time,
) -> ScannerRun:
    """Do the scanner's work; ``start`` is when it began (``time.monotonic()``).

    ``clock`` says the time in seconds since the epoch.
    """
    new = difference(change, context.trusted_file, context.trusted_paths, context.rules)
    said: list[_Said] = []
    not_inspected = new.not_inspected
    audited, rest = _resolved(change, context, new)
    not_inspected = [*not_inspected, *rest]
    if new.added or new.constrained or new.remarks or audited:
        thorough = change.kind in {"range", "base"}
        said, rest = _verdicts(new, audited, context, clock(), thorough=thorough)
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
        files=len(new.manifests),
        lines=new.lines,
        findings=findings,
        not_inspected=tuple(not_inspected),
    )


def _resolved(
    change: ChangeSet, context: Context, new: Difference
) -> tuple[list[Addition], list[NotInspected]]:
    """Return what ``--audit all`` looks at besides what the change brings."""
    if not context.audit_all:
        return [], []
    from zt_gate.scanners.dependencies.resolved_versions import resolved

    gone = frozenset(
        path
        for file in change.files
        for path in (file.path, file.old_path)
        if path is not None
    )
    # A tree is all that counts, and may have no other side.
    listing = (lambda: ()) if change.kind == "tree" else context.trusted_paths
    return resolved(new.manifests, gone, context.trusted_file, listing)


def _verdicts(
    new: Difference,
    audited: list[Addition],
    context: Context,
    now: float,
    *,
    thorough: bool,
) -> tuple[list[_Said], list[NotInspected]]:
    """Judge everything; ``now`` is in seconds since the epoch."""
    from zt_gate.ecosystems.registries.response_timeout import ResponseTimeout
    from zt_gate.scanners.dependencies.package_checks import Checks
    from zt_gate.scanners.dependencies.package_facts import Knowledge
    from zt_gate.scanners.dependencies.registry_selection import Places

    places = Places(context)
    said, wanted = _by_source(new, places, context)
    last = context.deadline - _RESERVE
    # What was read until here took CPU time, which is no fault of a service.
    began = time.monotonic()
    deadline = min(began + _TOTAL_SECONDS, last)
    patience = min(began + _AUDIT_SECONDS, last) if audited else deadline
    silence = ResponseTimeout(_SILENT_SECONDS)
    knowledge = Knowledge(context, places, deadline, patience, now, thorough, silence)
    asked = knowledge.within(wanted[:_MOST_ENTRIES], _MOST_NAMES)
    changed = [one for one in new.constrained if _is_looked_up(one, places)]
    told = {_pinned(one) for one in (*asked, *changed)}
    resolved = [
        one
        for one in audited
        if _is_looked_up(one, places) and _pinned(one) not in told
    ]
    rest = [
        *_left("new names", len(wanted) - len(asked), _MOST_NAMES),
        *_left("new versions", len(changed) - _MOST_ENTRIES, _MOST_ENTRIES),
        *_left("resolved packages", len(resolved) - _MOST_ENTRIES, _MOST_ENTRIES),
    ]
    changed, resolved = changed[:_MOST_ENTRIES], resolved[:_MOST_ENTRIES]
    if asked or changed or resolved:
        known = knowledge.of(asked, changed, resolved)
        rest += [NotInspected(None, "unverified", why) for why in knowledge.silent]
        judging = Checks(context.dependencies, context.rules, now)
        for addition, facts in zip([*asked, *changed, *resolved], known, strict=True):
            verdicts = judging.judge(addition.dependency, facts)
            said += [_Said(addition, verdict) for verdict in verdicts]
        if context.offline:
            reason = "nobody was asked about known vulnerabilities: offline"
            rest.append(NotInspected(None, "not_applicable", reason))
    return said, rest


def _by_source(
    new: Difference, places: Places, context: Context
) -> tuple[list[_Said], list[Addition]]:
    """Return what needs no question, and the additions that a registry is asked about."""
    from zt_gate.scanners.dependencies.assessment import Assessment, outside

    said = [
        _Said(one.addition, Assessment(one.rule, one.message)) for one in new.remarks
    ]
    wanted: list[Addition] = []
    indexes: set[tuple[bytes, str]] = set()
    for addition in new.added:
        kind = _outside_kind(addition, places)
        if kind == "index" and not addition.dependency.direct:
            # A lock file names its index once for every package.
            at = (addition.manifest.file.path, addition.dependency.source.target)
            if at in indexes:
                continue
            indexes.add(at)
        if kind:
            rule = context.rules["dependencies/outside-registry"]
            said.append(_Said(addition, outside(addition.dependency, kind, rule)))
        elif _is_looked_up(addition, places):
            wanted.append(addition)
    return said, wanted


def _left(what: str, count: int, most: int) -> list[NotInspected]:
    """Say that some were not asked about, if there are any."""
    reason = f"{count} further {what}: only {most:,} are asked about in one run"
    return [NotInspected(None, "unverified", reason)] if count > 0 else []


def _pinned(addition: Addition) -> tuple[str, str, str]:
    entry = addition.dependency
    return (
        entry.ecosystem,
        entry.key,
        pinned_version(entry.ecosystem, addition.constraint),
    )


def _is_looked_up(addition: Addition, places: Places) -> bool:
    """Say whether a registry of ours can know the entry."""
    entry = addition.dependency
    from_registry = entry.source.kind in {"registry", "index"}
    return bool(entry.key) and from_registry and places.can_ask(addition)


def _outside_kind(addition: Addition, places: Places) -> str:
    """Return which kind of foreign source an entry has, "" where it has none."""
    entry = addition.dependency
    source = entry.source
    if source.kind in {"url", "vcs"}:
        return (
            "remote"
            if entry.section in {"--requirement", "--constraint"}
            else source.kind
        )
    if source.kind == "path":
        return (
            "path"
            if leaves_repository(addition.manifest.file.path, source.target)
            else ""
        )
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
        subject=_subject(one),
        secrets=tuple(value for value in hidden if "$" not in value),
        severity=one.verdict.severity,
        level=one.verdict.level,
        remedy=one.verdict.remedy,
    )


def _subject(one: _Said) -> str:
    """Return what was found: a yes to it must cover no other address, version or advisory."""
    entry, rule = one.addition.dependency, one.verdict.rule
    subject = f"{entry.ecosystem} {entry.key or entry.source.target}"
    if rule == "dependencies/outside-registry":
        return f"{subject} {entry.source.target}"
    if rule in {"dependencies/vulnerable", "dependencies/malware"}:
        return f"{subject} {one.verdict.message}"
    if rule in {"dependencies/withdrawn", "dependencies/unverified"}:
        return f"{subject} {entry.constraint}"
    return subject


def _evidence(text: str, start: int, end: int) -> Evidence:
    """Return a line with its span, in a window where the line is long."""
    cut = max(0, start - _LONGEST_EVIDENCE // 2) if len(text) > _LONGEST_EVIDENCE else 0
    window = text[cut : cut + _LONGEST_EVIDENCE]
    return Evidence(window, start - cut, min(end - cut, len(window)))
