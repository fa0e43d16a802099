"""Compares the gate's runs, baseline and rules before and after a change."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.change import MODE_ABSENT, MODE_EXECUTABLE, MODE_FILE
from zt_gate.record import dataclass
from zt_gate.scanners.tampering import path_kinds
from zt_gate.scanners.tampering.comparison import Comparison, any_of, count_entries
from zt_gate.scanners.tampering.indented_blocks import CodeLines
from zt_gate.syntax import workflows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.model.change import FileChange, Line
    from zt_gate.model.finding import Finding

_BASELINE = b".zt-gate-baseline"
_BASELINE_RULE = "tampering/baseline-changed"
_DISABLED = "tampering/gate-disabled"
_LOOSENED = "tampering/gate-loosened"
_OWN_RULES = "tampering/own-rules-changed"
_GATE_NAME = lazy_re.compile(r"zt[-_]gate")
_PINNED = lazy_re.compile(r"zt-gate[\w./-]{0,100}@[0-9a-f]{40}\b")
_UNPINNED = lazy_re.compile(r"zt-gate[\w./-]{0,100}@(?![0-9a-f]{40}\b)[\w.$-]")
_CHANGES_EXIT = lazy_re.compile(r"\s*(?:exit|return|set|exec)\b")
_START_OPTION = lazy_re.compile(r"--(?:base|range)\b")
_TOP_LEVEL_KEY = lazy_re.compile(r"[\"']?(\w[\w-]*)[\"']?\s*:")
_EVENT = lazy_re.compile(r"[a-z_]+")


def findings(comparison: Comparison) -> Iterator[Finding]:
    """Yield changes that weaken the gate itself."""
    for file in comparison.change.files:
        paths = {file.path}
        if file.old_path is not None and file.status != "C":
            paths.add(file.old_path)
        if _BASELINE in paths:
            yield from _baseline(comparison, file)
        yield from _own_rules(comparison, file, paths)
    yield from _RunComparison(comparison).findings()


def _baseline(comparison: Comparison, file: FileChange) -> Iterator[Finding]:
    if file.new_mode not in {MODE_ABSENT, MODE_FILE, MODE_EXECUTABLE}:
        message = "the baseline is no longer a regular file"
        subject = f"{file.new_mode:o}"
        yield comparison.on_file(_BASELINE_RULE, _BASELINE, message, subject=subject)
        return
    before = comparison.old(file) if file.old_path == _BASELINE else None
    after = comparison.new(file) if file.path == _BASELINE else None
    added = count_entries(after) - count_entries(before)
    old_header, new_header = _header(before), _header(after)
    effects = []
    if added:
        effects.append(f"adds {added.total():,} findings to the baseline")
    if old_header is not None and new_header not in {None, old_header}:
        effects.append("changes the baseline's version or salt")
    if effects:
        subject = "\n".join((*sorted(added), new_header or ""))
        digest = hashlib.sha256(subject.encode("utf-8", "surrogateescape")).hexdigest()
        message = f"the change {' and '.join(effects)}"
        yield comparison.on_file(_BASELINE_RULE, _BASELINE, message, subject=digest)


def _header(baseline: str | None) -> str | None:
    """Return the first line of a baseline, None if there is none."""
    return baseline.partition("\n")[0].strip() if baseline else None


def _own_rules(
    comparison: Comparison, file: FileChange, paths: Iterable[bytes]
) -> Iterator[Finding]:
    content = file.new.oid if file.new else "deleted"
    message = "the change edits the project's own rules, which the policy loads"
    for path in paths:
        for folder in comparison.context.own_rules:
            root = folder.removeprefix("./").rstrip("/")
            encoded = root.encode("utf-8", "surrogateescape")
            if path == encoded or path.startswith(encoded + b"/"):
                yield comparison.on_file(_OWN_RULES, path, message, subject=content)


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a file: its lines, and the indices of those that run the gate.

    ``ineffective`` maps a run whose verdict is ignored to the line that causes it.
    """

    lines: CodeLines
    runs: tuple[int, ...]
    ineffective: dict[int, int]

    @property
    def effective_runs(self) -> int:
        return len(self.runs) - len(self.ineffective)

    @property
    def text(self) -> str:
        return "\n".join(self.lines.rows)

    def stripped_rows(self) -> set[str]:
        return {row.strip() for row in self.lines.rows}

    def existing_runs(self, before: _Side) -> tuple[int, ...]:
        """Return the runs that existed before; settings of a new run weaken nothing."""
        if len(self.runs) <= len(before.runs):
            return self.runs
        commands = {before.lines.rows[run].strip() for run in before.runs}
        return tuple(
            run for run in self.runs if self.lines.rows[run].strip() in commands
        )

    def step_lines(self, runs: Iterable[int]) -> set[int]:
        """Return the lines of the steps that contain the runs."""
        steps = {self.lines.step(run) for run in runs}
        return {line for step in steps for line in step}

    def surrounding_lines(self, runs: Iterable[int]) -> set[int]:
        """Return the lines next to the runs, next to their parents, and so on."""
        groups = {group for run in runs for group in self.lines.around(run)}
        return {line for group in groups for line in self.lines.groups[group].members}


class _RunComparison:
    """Compares the runs of the gate before and after the change."""

    def __init__(self, comparison: Comparison) -> None:
        disabled = comparison.data(_DISABLED)
        loosened = comparison.data(_LOOSENED)
        self._comparison = comparison
        self._run = any_of(disabled["runs"])
        self._no_run = any_of(disabled["no-runs"])
        self._sources = tuple(map(lazy_re.compile, disabled["sources"]))
        self._ineffective_here = any_of(disabled["toothless-here"])
        self._ineffective_around = any_of(disabled["toothless-around"])
        self._skipped = any_of(disabled["skipped"])
        self._loosened_here = tuple(map(lazy_re.compile, loosened["here"]))
        self._loosened_around = any_of(loosened["around"])
        self._triggers = any_of(loosened["triggers"])
        self._events = frozenset(loosened["events"])

    def findings(self) -> Iterator[Finding]:
        """Yield what each file weakens; a run that only moved does not block."""
        pairs = []
        for file in self._comparison.change.files:
            if self._may_run_gate(file):
                before, after = self._sides(file)
                if _GATE_NAME.search(before or "") or _GATE_NAME.search(after or ""):
                    is_make = path_kinds.is_make(file.path)
                    old = self._side(before, is_make=is_make)
                    new = self._side(after, is_make=is_make)
                    pairs.append((file, old, new))
        moved = any(new.effective_runs > old.effective_runs for _, old, new in pairs)
        for file, old, new in pairs:
            if old.effective_runs > 0:
                yield from self._lost_runs(file, old, new, moved=moved)
                yield from self._replaced(file, old, new)
                if new.runs:
                    yield from self._loosened(file, old, new)
                    if workflows.is_workflow(file.path):
                        yield from self._triggered(file, old, new)
            yield from self._skips(file, new)

    def _may_run_gate(self, file: FileChange) -> bool:
        if file.is_submodule:
            return False
        return _ran_checks(file) or _runs_checks(file)

    def _sides(self, file: FileChange) -> tuple[str | None, str | None]:
        """Return the old and the new text, each None if it cannot run checks."""
        before = self._comparison.old(file) if _ran_checks(file) else None
        after = self._comparison.new(file) if _runs_checks(file) else None
        return before, after

    def _side(self, text: str | None, *, is_make: bool) -> _Side:
        lines = CodeLines.of(text)
        runs = tuple(
            number
            for number in lines.find(self._run)
            if not self._no_run.search(lines.rows[number])
        )
        causes = _by_group(lines, lines.find(self._ineffective_around)) if runs else {}
        ineffective = {}
        for run in runs:
            command = lines.command(run)
            if not is_make:  # only make ignores the failure of a command after a dash
                command = command.lstrip("\t")
            if self._ineffective_here.search(command):
                ineffective[run] = run
                continue
            cause = _cause_around(lines, run, causes)
            if cause is not None:
                ineffective[run] = cause
        return _Side(lines, runs, ineffective)

    def _lost_runs(
        self, file: FileChange, old: _Side, new: _Side, *, moved: bool
    ) -> Iterator[Finding]:
        """Yield runs that are gone or ineffective; ``moved``: another file gains one."""
        if len(new.ineffective) > len(old.ineffective):
            cause = next(iter(new.ineffective.values()))
            row = new.lines.rows[cause].strip()
            if new.effective_runs < old.effective_runs:
                message = f"the gate still runs here, but its verdict is ignored: {row[:200]!a}"
                yield self._on_file(_DISABLED, file, message, row)
            else:
                message = f"a new run of the gate ignores its verdict: {row[:200]!a}"
                yield self._on_file(_LOOSENED, file, message, row)
        elif new.effective_runs >= old.effective_runs:
            return
        elif new.effective_runs > 0:
            message = "the gate runs here in fewer places than before"
            yield self._on_file(_LOOSENED, file, message, "fewer")
        elif moved:
            message = (
                "the gate no longer runs here, only at a place that the change adds"
            )
            yield self._on_file(_LOOSENED, file, message, "fewer")
        else:
            action = "deletes the file that runs" if file.is_deletion else "removes"
            message = f"the change {action} the gate and adds no other run of it"
            yield self._on_file(_DISABLED, file, message, "removed")

    def _replaced(self, file: FileChange, old: _Side, new: _Side) -> Iterator[Finding]:
        """Yield a new source from which the gate's code is now loaded."""
        old_sources, new_sources = self._sources_of(old), self._sources_of(new)
        added = sorted(new_sources - old_sources)
        if not added or not old_sources - new_sources:
            return
        message = f"the gate's code now comes from {added[0][:200]!a}"
        # A folder of the checkout may contain the gate of the base.
        is_local = all(source.startswith("./") for source in added)
        rule = _LOOSENED if is_local else _DISABLED
        yield self._on_file(rule, file, message, added[0])

    def _sources_of(self, side: _Side) -> set[str]:
        return {
            name for pattern in self._sources for name in pattern.findall(side.text)
        }

    def _loosened(self, file: FileChange, old: _Side, new: _Side) -> Iterator[Finding]:
        yield from self._loosened_lines(file, old, new)
        yield from self._lost_options(file, old, new)

    def _loosened_lines(
        self, file: FileChange, old: _Side, new: _Side
    ) -> Iterator[Finding]:
        old_rows = old.stripped_rows()
        old_steps = "\n".join(
            old.lines.rows[number] for number in sorted(old.step_lines(old.runs))
        )
        # Lines that make a run ineffective are reported already.
        reported = set(new.ineffective.values())
        runs = new.existing_runs(old)
        for number in sorted(new.step_lines(runs)):
            row = new.lines.rows[number]
            if row.strip() in old_rows or number in reported:
                continue
            if self._is_new_option(row, old_steps):
                yield self._on_row(file, number, row, "the gate now checks less")
                reported.add(number)
        for number in sorted(new.surrounding_lines(runs) - reported):
            row = new.lines.rows[number]
            if row.strip() not in old_rows and self._loosened_around.search(row):
                message = "the gate now runs for fewer changes"
                yield self._on_row(file, number, row, message)

    def _is_new_option(self, row: str, old_steps: str) -> bool:
        """Whether a row has a weakening option that no old step of the gate has."""
        return any(
            pattern.search(row)
            and not re.search(pattern.pattern, old_steps, re.MULTILINE)
            for pattern in self._loosened_here
        )

    def _lost_options(
        self, file: FileChange, old: _Side, new: _Side
    ) -> Iterator[Finding]:
        before, after = old.text, new.text
        if before.count("--policy-rev") > after.count("--policy-rev"):
            message = (
                "--policy-rev was removed: "
                "the gate no longer reads its policy from a fixed revision"
            )
            yield self._on_file(_LOOSENED, file, message, "policy-rev")
        if len(_START_OPTION.findall(before)) > len(_START_OPTION.findall(after)):
            message = "--base or --range was removed: the gate may scan fewer commits"
            yield self._on_file(_LOOSENED, file, message, "base")
        if _PINNED.search(before) and _UNPINNED.search(after):
            message = (
                "the gate is no longer pinned to a commit; a tag or branch can be moved"
            )
            yield self._on_file(_LOOSENED, file, message, "pin")

    def _triggered(self, file: FileChange, old: _Side, new: _Side) -> Iterator[Finding]:
        """Yield triggers of a workflow that are gone or narrower."""
        old_rows, new_rows = _trigger_rows(old.lines), _trigger_rows(new.lines)
        lost = self._events_in(old_rows) - self._events_in(new_rows)
        if lost:
            events = ", ".join(sorted(lost))
            message = f"the workflow that runs the gate no longer starts on: {events}"
            yield self._on_file(_LOOSENED, file, message, events)
        existing = {row.strip() for row in old_rows}
        for row in new_rows:
            filter_row = row.strip()
            if filter_row not in existing and self._triggers.search(row):
                message = (
                    "the workflow that runs the gate starts for fewer changes: "
                    f"{filter_row[:200]!a}"
                )
                yield self._on_file(_LOOSENED, file, message, filter_row)

    def _events_in(self, rows: Iterable[str]) -> frozenset[str]:
        return self._events.intersection(_EVENT.findall(" ".join(rows)))

    def _skips(self, file: FileChange, new: _Side) -> Iterator[Finding]:
        """Yield added lines that make a hook runner skip the gate.

        They do not block if the same file also runs the gate directly.
        """
        if not path_kinds.decides_what_runs(file.path):
            return
        indices = set(new.lines.find(self._skipped))
        if not indices:
            return
        rule = _LOOSENED if new.effective_runs else _DISABLED
        for line in file.added_lines():
            if line.number - 1 in indices:
                message = "the hooks now run without the gate"
                yield self._comparison.on_line(rule, file.path, line, message)

    def _on_file(
        self, rule: str, file: FileChange, message: str, subject: str
    ) -> Finding:
        return self._comparison.on_file(rule, file.path, message, subject=subject)

    def _on_row(self, file: FileChange, number: int, row: str, effect: str) -> Finding:
        message = f"{effect}: {row.strip()[:200]!a}"
        line = _added_line(file, number + 1)
        if line is not None:
            return self._comparison.on_line(_LOOSENED, file.path, line, message)
        return self._on_file(_LOOSENED, file, message, row.strip())


def _ran_checks(file: FileChange) -> bool:
    """Whether the old side of a file could run checks; a copy leaves its source as it was."""
    if file.old_path is None or file.status == "C":
        return False
    return path_kinds.runs_checks(file.old_path)


def _runs_checks(file: FileChange) -> bool:
    return not file.is_deletion and path_kinds.runs_checks(file.path)


def _by_group(lines: CodeLines, numbers: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """Return the first line of each group that changes the exit code, and the first other."""
    by_group: dict[int, dict[bool, int]] = {}
    for number in numbers:
        firsts = by_group.setdefault(lines.group_of[number], {})
        firsts.setdefault(_changes_exit(lines, number), number)
    return {group: tuple(firsts.values()) for group, firsts in by_group.items()}


def _cause_around(
    lines: CodeLines, run: int, causes: dict[int, tuple[int, ...]]
) -> int | None:
    """Return the line around a run that makes its verdict ineffective, if there is one."""
    for group in lines.around(run):
        for number in causes.get(group, ()):
            # An "exit 0" after the run does not affect it.
            if number < run or not _changes_exit(lines, number):
                return number
    return None


def _changes_exit(lines: CodeLines, number: int) -> bool:
    """Whether a line ends a script, or changes how later lines end it."""
    return _CHANGES_EXIT.match(lines.rows[number]) is not None


def _added_line(file: FileChange, number: int) -> Line | None:
    """Return an added line by its number."""
    for hunk in file.hunks:
        if hunk.new_start <= number < hunk.new_start + hunk.added.lines:
            for line in hunk.added_lines():
                if line.number == number:
                    return line
    return None


def _trigger_rows(lines: CodeLines) -> list[str]:
    """Return the lines of a workflow's ``on:`` section, including its first line."""
    rows: list[str] = []
    is_inside = False
    for row in lines.rows:
        key = _TOP_LEVEL_KEY.match(row)
        if key:
            is_inside = key[1] in workflows.TRIGGER_KEYS
        if is_inside and row:
            rows.append(row)
    return rows
