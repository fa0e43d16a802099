"""``zt-gate replay``: scan past commits as if each were new."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zt_gate.errors import GateError, UsageError
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from zt_gate.git.run import Git
    from zt_gate.model.report import JudgedFinding, Report, ScannerRun

_CLEAR_LINE = "\r\x1b[K"
#: Examples listed for each rule and each reason.
_MAX_EXAMPLES = 3
_FORMATS = ("terminal", "json")

Outcome = Literal["passed", "stopped", "error", "unverified"]


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "repository",
        nargs="?",
        metavar="REPO",
        help="repository (default: the one around the current folder)",
    )
    parser.add_argument(
        "--last",
        type=int,
        default=100,
        metavar="N",
        help="number of commits (default: 100)",
    )
    parser.add_argument(
        "--first-parent",
        action="store_true",
        help="only the main line: merges, with all that they bring",
    )
    parser.add_argument(
        "--scanner",
        action="append",
        metavar="NAME",
        help="run only this scanner; repeatable",
    )
    parser.add_argument(
        "--skip", action="append", metavar="NAME", help="skip this scanner; repeatable"
    )
    parser.add_argument(
        "--config", metavar="FILE", help="use this policy for all commits"
    )
    parser.add_argument(
        "--online",
        action="store_true",
        help="query registries, which answer as of today",
    )
    parser.add_argument(
        "--format", default="terminal", metavar="NAME", help=", ".join(_FORMATS)
    )


def main(options: Namespace) -> int:
    """Scan each commit, print a summary, return 0.

    Raises UsageError, and GateError if the history cannot be read.
    """
    from zt_gate.git.run import Git

    _check_options(options)
    git = Git.open(Path(options.repository or "."), os.environ)
    summary = ReplaySummary()
    commits = list(_commits(git, options.last, first_parent=options.first_parent))
    for number, (parent, commit) in enumerate(commits, 1):
        _progress(f"{number}/{len(commits)}  {commit[:12]}")
        summary.add(commit, _scan(git.root, f"{parent}..{commit}", options))
    _progress("")
    if options.format == "json":
        import json

        print(json.dumps(summary.document(), indent=1, sort_keys=True))
    else:
        sys.stdout.write(summary.text())
    return 0


def _check_options(options: Namespace) -> None:
    from zt_gate.scanners import registered

    if options.last < 1:
        raise UsageError("--last takes a number of commits, 1 or more")
    if options.format not in _FORMATS:
        raise UsageError(
            f"--format takes {', '.join(_FORMATS)}, not {options.format!a}"
        )
    scanners = registered()
    for name in (*(options.scanner or ()), *(options.skip or ())):
        if name not in scanners:
            raise UsageError(
                f"unknown scanner {name!a}; available: {', '.join(scanners)}"
            )


def _commits(git: Git, last: int, *, first_parent: bool) -> Iterator[tuple[str, str]]:
    """Yield the first parent and the id of the last commits, the oldest first."""
    from zt_gate.git.revisions import resolve

    args = ["rev-list", "--topo-order", "--reverse", "--parents", f"--max-count={last}"]
    args += ["--first-parent"] if first_parent else []
    output = git.run([*args, resolve(git, "HEAD"), "--"]).decode("ascii", "replace")
    for line in output.splitlines():
        commit, *parents = line.split()
        parent = parents[0] if parents else git.empty_tree
        yield parent, commit


def _scan(folder: Path, spec: str, options: Namespace) -> Report | GateError:
    """Scan one commit as CI would, with its first parent's policy; write no log record.

    Returns the error of a scan that failed, for example on an invalid old policy.
    """
    from zt_gate.review import run as review
    from zt_gate.system.ci import with_ci_marker

    request = review.Request(
        kind="range",
        spec=spec,
        folder=folder,
        only=tuple(options.scanner or ()),
        skip=tuple(options.skip or ()),
        config=os.path.abspath(options.config) if options.config else "",
        offline=not options.online,
        log=False,
    )
    try:
        # In CI the policy comes from the start of the range, and the user's own
        # approvals have no effect.
        return review.run(request, with_ci_marker(os.environ))
    except GateError as error:
        return error


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(_CLEAR_LINE + text)
        sys.stderr.flush()


@dataclass(slots=True)
class _RuleSummary:
    """The number of commits that a rule would have blocked, and some of its findings."""

    commits: int = 0
    title: str = ""
    examples: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class ReplaySummary:
    """Counts of outcomes, of blocking rules and of errors.

    ``errors`` maps a reason to the commits that it concerns.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    rules: dict[str, _RuleSummary] = field(default_factory=dict)
    new_rules: dict[str, _RuleSummary] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    #: The CPU seconds of each scanner, and the commits that they were used for.
    cpu: dict[str, list[tuple[float, str]]] = field(default_factory=dict)

    def add(self, commit: str, result: Report | GateError) -> None:
        """Add the result of one commit."""
        if isinstance(result, GateError):
            self.outcomes["error"] += 1
            self.errors.setdefault(str(result), []).append(commit)
            return
        for run in result.runs:
            if run.status != "skipped":
                self.cpu.setdefault(run.scanner, []).append((run.cpu_seconds, commit))
        commit_outcome = outcome(result)
        self.outcomes[commit_outcome] += 1
        if commit_outcome == "error":
            for reason in result.errors:
                self.errors.setdefault(reason, []).append(commit)
        elif commit_outcome == "stopped":
            for reason in _failures(result):
                self.errors.setdefault(reason, []).append(commit)
        self._add_findings(commit, result)

    def _add_findings(self, commit: str, result: Report) -> None:
        blocking: dict[str, JudgedFinding] = {}
        new: dict[str, JudgedFinding] = {}
        for item in result.findings:
            if item.state != "active":
                continue
            if item.level.value == "block":
                blocking.setdefault(item.finding.rule, item)
            elif item.final_level is not None and item.final_level.value == "block":
                new.setdefault(item.finding.rule, item)
        for rules, found in ((self.rules, blocking), (self.new_rules, new)):
            for name, item in found.items():
                self._add_finding(rules, commit, name, item)

    def _add_finding(
        self,
        rules: dict[str, _RuleSummary],
        commit: str,
        rule_id: str,
        item: JudgedFinding,
    ) -> None:
        rule = rules.setdefault(rule_id, _RuleSummary())
        rule.commits += 1
        rule.title = item.finding.title or item.finding.message
        if len(rule.examples) < _MAX_EXAMPLES:
            rule.examples.append(_example(commit, item))

    @property
    def commits(self) -> int:
        """Number of commits."""
        return sum(self.outcomes.values())

    def document(self) -> dict[str, Any]:
        """Return the summary for JSON; outcomes and rules count commits."""
        return {
            "commits": self.commits,
            "passed": self.outcomes["passed"],
            "stopped": self.outcomes["stopped"],
            "error": self.outcomes["error"],
            "unverified": self.outcomes["unverified"],
            "rules": _as_document(self.rules),
            "new_rules": _as_document(self.new_rules),
            "errors": self.errors,
            "cpu_seconds": {
                name: _distribution(used) for name, used in sorted(self.cpu.items())
            },
        }

    def text(self) -> str:
        """Return the summary for a terminal, with control characters escaped."""
        from zt_gate.reports.escape import visible

        blocked = f"{self.outcomes['stopped']} would have been blocked"
        blocked += f" ({self._share('stopped')})"
        failed = f"{self.outcomes['error']} would have ended in error"
        failed += f" ({self._share('error')})"
        lines = [f"{self.commits} commits: {blocked}, {failed}"]
        if self.outcomes["unverified"]:
            lines.append(
                f"{self.outcomes['unverified']} with dependencies that were not checked"
            )
        lines += self._rule_lines("Blocked by", self.rules)
        lines += self._rule_lines(
            "Blocked from the next release on, by new rules", self.new_rules
        )
        lines += self._error_lines()
        lines += self._cpu_lines()
        return "".join(f"{visible(line)}\n" for line in lines)

    def _rule_lines(self, title: str, rules: dict[str, _RuleSummary]) -> list[str]:
        if not rules:
            return []
        lines = ["", f"{title} (commits, rule)"]
        by_number = sorted(rules.items(), key=lambda item: (-item[1].commits, item[0]))
        for name, rule in by_number:
            lines.append(f"{rule.commits:5}  {name}: {rule.title}")
            for example in rule.examples:
                commit = example["commit"][:12]
                lines.append(
                    f"         {commit}  {example['place']}  {example['message']}"
                )
        return lines

    def _error_lines(self) -> list[str]:
        if not self.errors:
            return []
        lines = ["", "Not inspected (commits, reason)"]
        by_number = sorted(self.errors.items(), key=lambda item: -len(item[1]))
        for reason, commits in by_number:
            listed = ", ".join(commit[:12] for commit in commits[:_MAX_EXAMPLES])
            lines.append(f"{len(commits):5}  {reason} ({listed})")
        return lines

    def _cpu_lines(self) -> list[str]:
        if not self.cpu:
            return []
        lines = ["", "CPU seconds of a commit (median, 90th percentile, maximum)"]
        for name, used in sorted(self.cpu.items()):
            figures = _distribution(used)
            median, ninetieth = figures["median"], figures["90th percentile"]
            lines.append(
                f"{median:9.2f} {ninetieth:8.2f} {figures['maximum']:8.2f}  {name}"
                f" ({figures['commit'][:12]})"
            )
        return lines

    def _share(self, outcome_name: Outcome) -> str:
        return f"{100 * self.outcomes[outcome_name] / max(1, self.commits):.1f} %"


def _distribution(used: list[tuple[float, str]]) -> dict[str, Any]:
    """Return what most commits cost, what the dearest cost, and which one that is."""
    ordered = sorted(used)
    maximum, commit = ordered[-1]
    return {
        "median": round(ordered[(len(ordered) - 1) // 2][0], 3),
        "90th percentile": round(ordered[-(-len(ordered) * 9 // 10) - 1][0], 3),
        "maximum": round(maximum, 3),
        "commit": commit,
    }


def _as_document(rules: dict[str, _RuleSummary]) -> dict[str, Any]:
    return {
        name: {
            "commits": rule.commits,
            "title": rule.title,
            "examples": rule.examples,
        }
        for name, rule in rules.items()
    }


def outcome(report: Report) -> Outcome:
    """Return the outcome of one commit.

    ``unverified``: the only problem is a dependency that no registry was queried
    about, or that got no answer; CI queries the registries.  A scanner that this
    command was told to leave out is no problem of the commit, although the strict
    profile refuses to pass without it.
    """
    if report.verdict.value == "fail":
        return "stopped"
    if report.verdict.value == "pass":
        return "passed"
    if any(map(_has_failed, report.runs)):
        return "error"
    if any(map(_has_unverified, report.runs)):
        return "unverified"
    was_left_out = any(run.status == "skipped" for run in report.runs)
    return "passed" if was_left_out else "error"


def _has_unverified(run: ScannerRun) -> bool:
    return any(skipped.kind == "unverified" for skipped in run.not_inspected)


def _has_failed(run: ScannerRun) -> bool:
    if run.status == "skipped":
        return False
    failed_parts = any(skipped.kind == "failed" for skipped in run.not_inspected)
    return run.status != "ok" or failed_parts


def _failures(report: Report) -> Iterator[str]:
    """Yield what a blocked commit has that could not be inspected."""
    for run in report.runs:
        if run.status == "error":
            yield run.reason
        for skipped in run.not_inspected:
            if skipped.kind == "failed":
                path = (skipped.path or b"").decode("utf-8", "backslashreplace")
                place = f"{path}: " if path else ""
                yield f"{run.scanner} could not inspect {place}{skipped.reason}"


def _example(commit: str, item: JudgedFinding) -> dict[str, str]:
    from zt_gate.reports.summary import location_text

    finding = item.finding
    return {
        "commit": commit,
        "place": location_text(finding.location),
        "message": finding.message,
    }
