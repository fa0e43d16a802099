"""Where this gate runs and what it takes for known: its baseline, rules, hooks and workflows."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.model.change import MODE_ABSENT, MODE_EXECUTABLE, MODE_FILE
from zt_gate.scanners.tampering import path_kinds
from zt_gate.scanners.tampering.comparison import Look, either, entries
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
_SPEAKS = re.compile(r"zt[-_]gate")
_PINNED = re.compile(r"zt-gate[\w./-]{0,100}@[0-9a-f]{40}\b")
_REFERENCE = re.compile(r"zt-gate[\w./-]{0,100}@(?![0-9a-f]{40}\b)[\w.$-]")
_LEAVES = re.compile(r"\s*(?:exit|return|set|exec)\b")
_FROM = re.compile(r"--(?:base|range)\b")
_TOP = re.compile(r"[\"']?(\w[\w-]*)[\"']?\s*:")


def findings(look: Look) -> Iterator[Finding]:
    """Yield what weakens the gate itself."""
    for file in look.change.files:
        names: set[bytes | None] = {file.path}
        if file.status != "C":
            names.add(file.old_path)
        if _BASELINE in names:
            yield from _baseline(look, file)
        yield from _own_rules(look, file, names)
    yield from _Runs(look).findings()


def _baseline(look: Look, file: FileChange) -> Iterator[Finding]:
    if file.new_mode not in {MODE_ABSENT, MODE_FILE, MODE_EXECUTABLE}:
        message = "the baseline is no plain file any more"
        yield look.on_file(
            _BASELINE_RULE, _BASELINE, message, subject=f"{file.new_mode:o}"
        )
        return
    before = look.old(file) if file.old_path == _BASELINE else None
    after = look.new(file) if file.path == _BASELINE else None
    added = entries(after) - entries(before)
    heads = tuple(_head(text) for text in (before, after))
    told = [f"adds {added.total():,} known findings"] if added else []
    if None not in heads and heads[0] != heads[1]:
        told.append("changes the version or the salt")
    if told:
        subject = "\n".join((*sorted(added), heads[1] or ""))
        digest = hashlib.sha256(subject.encode("utf-8", "surrogateescape")).hexdigest()
        message = f"the change {' and '.join(told)}"
        yield look.on_file(_BASELINE_RULE, _BASELINE, message, subject=digest)


def _head(text: str | None) -> str | None:
    """Return the first line of a baseline, None where there is none."""
    return text.partition("\n")[0].strip() if text else None


def _own_rules(
    look: Look, file: FileChange, names: set[bytes | None]
) -> Iterator[Finding]:
    for path in names:
        for own in look.context.own_rules if path is not None else ():
            root = own.removeprefix("./").rstrip("/").encode("utf-8", "surrogateescape")
            if path is not None and (path == root or path.startswith(root + b"/")):
                content = file.new.oid if file.new else "deleted"
                message = (
                    "the change touches rules that the policy takes from the project"
                )
                yield look.on_file(_OWN_RULES, path, message, subject=content)


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a file: its lines, and which of them run the gate."""

    lines: CodeLines
    runs: tuple[int, ...]
    #: Of those, the ones whose verdict counts for nothing, with the line that says so.
    toothless: dict[int, int]

    @property
    def in_force(self) -> int:
        return len(self.runs) - len(self.toothless)

    def known(self, before: _Side) -> tuple[int, ...]:
        """Return the runs that were there; what stands around one that is new weakens nothing."""
        if len(self.runs) <= len(before.runs):
            return self.runs
        rows = {before.lines.rows[run].strip() for run in before.runs}
        return tuple(run for run in self.runs if self.lines.rows[run].strip() in rows)

    def reaches(self, runs: Iterable[int]) -> set[int]:
        """Return the lines that belong to runs: their commands and their steps."""
        found: set[int] = set()
        for block in {self.lines.step(run) for run in runs}:
            found.update(block)
        return found

    def around(self, runs: Iterable[int]) -> set[int]:
        """Return the lines that decide about runs: their siblings, their parents' siblings …."""
        groups = {number for run in runs for number in self.lines.around(run)}
        return {line for number in groups for line in self.lines.groups[number].members}


class _Runs:
    """Compares where the gate runs, before and after."""

    def __init__(self, look: Look) -> None:
        self._look = look
        tight, loose = look.data(_DISABLED), look.data(_LOOSENED)
        self._run = either(tight["runs"])
        self._no_run = either(tight["no-runs"])
        self._sources = tuple(map(re.compile, tight["sources"]))
        self._here = either(tight["toothless-here"])
        self._around = either(tight["toothless-around"])
        self._skipped = either(tight["skipped"])
        self._loose_here = tuple(map(re.compile, loose["here"]))
        self._loose_around = either(loose["around"])
        self._triggers = either(loose["triggers"])
        self._events = frozenset(loose["events"])

    def findings(self) -> Iterator[Finding]:
        """Yield what each file weakens; a run that only moved is told, but does not block."""
        sides = []
        for file in self._look.change.files:
            before, after = self._sides(file)
            if before is not None and after is not None:
                sides.append((file, before, after))
        gained = any(after.in_force > before.in_force for _, before, after in sides)
        for file, before, after in sides:
            if before.in_force > 0:
                yield from self._compared(file, before, after, gained=gained)
            yield from self._skips(file, after)

    def _sides(self, file: FileChange) -> tuple[_Side | None, _Side | None]:
        """Return both sides of a file in which a run would count; None twice for all others."""
        old_path = file.old_path if file.status != "C" else None
        was = old_path is not None and path_kinds.runs_checks(old_path)
        is_now = not file.is_deletion and path_kinds.runs_checks(file.path)
        if (not was and not is_now) or file.is_submodule:
            return None, None
        before = self._look.old(file) if was else None
        after = self._look.new(file) if is_now else None
        if not _SPEAKS.search(before or "") and not _SPEAKS.search(after or ""):
            return None, None
        make = path_kinds.is_make(file.path)
        return self._side(before, make=make), self._side(after, make=make)

    def _side(self, text: str | None, *, make: bool) -> _Side:
        lines = CodeLines.of(text)
        found = lines.found(self._run)
        runs = tuple(n for n in found if not self._no_run.search(lines.rows[n]))
        around = _reasons(lines, lines.found(self._around)) if runs else {}
        toothless = {}
        for run in runs:
            command = lines.command(run)
            if not make:
                command = command.lstrip(
                    "\t"
                )  # only make takes a dash for "never mind"
            if self._here.search(command):
                toothless[run] = run
                continue
            for group in lines.around(run):
                # An "exit 0" behind the run takes nothing from it.
                said = around.get(group, ())
                reason = next(
                    (n for n in said if n < run or not _leaves(lines, n)), None
                )
                if reason is not None:
                    toothless[run] = reason
                    break
        return _Side(lines, runs, toothless)

    def _compared(
        self, file: FileChange, before: _Side, after: _Side, *, gained: bool
    ) -> Iterator[Finding]:
        if len(after.toothless) > len(before.toothless):
            row = after.lines.rows[next(iter(after.toothless.values()))].strip()
            if after.in_force < before.in_force:
                message = f"the gate still runs here, but stops nobody: {row[:200]!a}"
                yield self._told(_DISABLED, file, message, row)
            else:
                message = f"one more run of the gate, which stops nobody: {row[:200]!a}"
                yield self._told(_LOOSENED, file, message, row)
        elif after.in_force < before.in_force:
            if after.in_force == 0 and not gained:
                verb = "deletes the file that runs" if file.is_deletion else "takes out"
                message = (
                    f"the change {verb} the gate, and it runs nowhere else instead"
                )
                yield self._told(_DISABLED, file, message, "removed")
            else:
                message = "the gate runs here in fewer places than before"
                if after.in_force == 0:
                    message = "the gate no longer runs here, only in a place that the change adds"
                yield self._told(_LOOSENED, file, message, "fewer")
        yield from self._replaced(file, before, after)
        if after.runs:
            yield from self._loosened(file, before, after)
            if workflows.is_workflow(file.path):
                yield from self._triggered(file, before, after)

    def _replaced(
        self, file: FileChange, before: _Side, after: _Side
    ) -> Iterator[Finding]:
        """Yield what says that the gate of somebody else runs in its place."""
        old, new = (self._sources_of(side) for side in (before, after))
        came = sorted(new - old)
        if came and old - new:
            message = f"the gate's code comes from {came[0][:200]!a} now"
            # A folder of the checkout may well hold the base's own gate.
            local = all(one.startswith("./") for one in came)
            yield self._told(_LOOSENED if local else _DISABLED, file, message, came[0])

    def _sources_of(self, side: _Side) -> set[str]:
        text = "\n".join(side.lines.rows)
        return {name for pattern in self._sources for name in pattern.findall(text)}

    def _loosened(
        self, file: FileChange, before: _Side, after: _Side
    ) -> Iterator[Finding]:
        known = {row.strip() for row in before.lines.rows}
        old = "\n".join(
            before.lines.rows[n] for n in sorted(before.reaches(before.runs))
        )
        # A reason of its own: toothless lines are told already.
        told = set(after.toothless.values())
        runs = after.known(before)
        for number in sorted(after.reaches(runs)):
            row = after.lines.rows[number]
            if row.strip() not in known and number not in told:
                for pattern in self._loose_here:
                    if pattern.search(row) and not re.search(
                        pattern.pattern, old, re.MULTILINE
                    ):
                        yield self._line(
                            file, number, row, "the gate sees less with this"
                        )
                        told.add(number)
                        break
        for number in sorted(after.around(runs) - told):
            row = after.lines.rows[number]
            if row.strip() not in known and self._loose_around.search(row):
                yield self._line(
                    file, number, row, "the gate runs for fewer changes with this"
                )
        texts = ["\n".join(side.lines.rows) for side in (before, after)]
        if (
            texts[0].count("--policy-rev") > texts[1].count("--policy-rev")
            and before.in_force
        ):
            message = "the gate is no longer told which revision's policy to trust (--policy-rev)"
            yield self._told(_LOOSENED, file, message, "policy-rev")
        told_from = [len(_FROM.findall(text)) for text in texts]
        if told_from[0] > told_from[1] and before.in_force:
            message = "the gate is no longer told from where on it has to judge (--base, --range)"
            yield self._told(_LOOSENED, file, message, "base")
        if _PINNED.search(texts[0]) and _REFERENCE.search(texts[1]):
            message = "the gate is no longer pinned: a tag or branch can be moved to other code"
            yield self._told(_LOOSENED, file, message, "pin")

    def _triggered(
        self, file: FileChange, before: _Side, after: _Side
    ) -> Iterator[Finding]:
        old, new = _on(before.lines), _on(after.lines)
        events = [
            {
                word
                for word in re.findall(r"[a-z_]+", " ".join(rows))
                if word in self._events
            }
            for rows in (old, new)
        ]
        if gone := events[0] - events[1]:
            words = ", ".join(sorted(gone))
            message = f"the workflow that runs the gate no longer starts on: {words}"
            yield self._told(_LOOSENED, file, message, words)
        known = {row.strip() for row in old}
        for row in new:
            if row.strip() not in known and self._triggers.search(row):
                told = row.strip()
                message = (
                    f"the gate's workflow starts for fewer changes: {told[:200]!a}"
                )
                yield self._told(_LOOSENED, file, message, told)

    def _skips(self, file: FileChange, after: _Side) -> Iterator[Finding]:
        """Yield added lines that tell a runner of hooks to leave the gate out.

        Where the same file runs the gate by itself that is told, but does not block.
        """
        if not path_kinds.decides_what_runs(file.path):
            return
        rows = set(after.lines.found(self._skipped))
        for line in file.added_lines() if rows else ():
            if line.number - 1 in rows:
                rule = _LOOSENED if after.in_force else _DISABLED
                message = "the hooks run without the gate with this"
                yield self._look.on_line(rule, file.path, line, message)

    def _told(self, rule: str, file: FileChange, message: str, subject: str) -> Finding:
        return self._look.on_file(rule, file.path, message, subject=subject)

    def _line(self, file: FileChange, number: int, row: str, told: str) -> Finding:
        message = f"{told}: {row.strip()[:200]!a}"
        line = _added(file, number + 1)
        if line is not None:
            return self._look.on_line(_LOOSENED, file.path, line, message)
        return self._told(_LOOSENED, file, message, row.strip())


def _reasons(lines: CodeLines, found: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """Return by group the lines that take the teeth of a run: the first that leaves, and any."""
    kept: dict[int, dict[bool, int]] = {}
    for number in found:
        leaves = _leaves(lines, number)
        kept.setdefault(lines.group_of[number], {}).setdefault(leaves, number)
    return {group: tuple(numbers.values()) for group, numbers in kept.items()}


def _leaves(lines: CodeLines, number: int) -> bool:
    """Whether a line ends a script, or changes how the lines behind it end it."""
    return _LEAVES.match(lines.rows[number]) is not None


def _added(file: FileChange, number: int) -> Line | None:
    for hunk in file.hunks:
        if hunk.new_start <= number < hunk.new_start + hunk.added.lines:
            return next(
                (line for line in hunk.added_lines() if line.number == number), None
            )
    return None


def _on(lines: CodeLines) -> list[str]:
    """Return the lines below ``on:`` of a workflow, that one included."""
    found: list[str] = []
    inside = False
    for row in lines.rows:
        key = _TOP.match(row)
        if key:
            inside = key[1] in workflows.TRIGGER_KEYS
        if inside and row:
            found.append(row)
    return found
