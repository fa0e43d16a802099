"""``zt-gate replay``: the gate over past commits, as if each were being made."""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zt_gate.errors import GateError, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from zt_gate.git.run import Git
    from zt_gate.model.report import JudgedFinding, Report

_CLEAR_LINE = "\r\x1b[K"
#: Examples that are kept of each rule and of each reason.
_EXAMPLES = 3
_FORMATS = ("terminal", "json")

Outcome = Literal["passed", "stopped", "error", "unverified"]


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "repository", nargs="?", metavar="REPO", help="default: around here"
    )
    parser.add_argument(
        "--last", type=int, default=100, metavar="N", help="how many (100)"
    )
    parser.add_argument(
        "--first-parent", action="store_true", help="only what was merged"
    )
    parser.add_argument(
        "--scanner", action="append", metavar="NAME", help="this scanner alone"
    )
    parser.add_argument("--skip", action="append", metavar="NAME", help="all but this")
    parser.add_argument(
        "--config", metavar="FILE", help="this policy, not the one of each time"
    )
    parser.add_argument(
        "--online", action="store_true", help="ask registries, as they are today"
    )
    parser.add_argument(
        "--format", default="terminal", metavar="NAME", help="terminal, json"
    )


def main(options: Namespace) -> int:
    """Judge each commit, print what became of them, return 0.

    Raises UsageError, and GateError where there is no history to read.
    """
    from zt_gate.git.run import Git
    from zt_gate.scanners import registered

    if options.last < 1:
        raise UsageError("--last takes a number of commits, 1 or more")
    if options.format not in _FORMATS:
        raise UsageError(
            f"--format takes {', '.join(_FORMATS)}, not {options.format!a}"
        )
    known = registered()
    for name in (*(options.scanner or ()), *(options.skip or ())):
        if name not in known:
            raise UsageError(
                f"there is no scanner {name!a}; there are {', '.join(known)}"
            )
    git = Git.open(Path(options.repository or "."), os.environ)
    told = ReplaySummary()
    commits = list(_commits(git, options.last, first_parent=options.first_parent))
    for number, (parent, commit) in enumerate(commits, 1):
        _progress(f"{number}/{len(commits)}  {commit[:12]}")
        told.add(commit, _judged(git.root, f"{parent}..{commit}", options))
    _progress("")
    if options.format == "json":
        import json

        print(json.dumps(told.document(), indent=1, sort_keys=True))
    else:
        sys.stdout.write(told.text())
    return 0


def _commits(git: Git, last: int, *, first_parent: bool) -> Iterator[tuple[str, str]]:
    """Yield parent and id of the last commits, the oldest first."""
    from zt_gate.git.history import resolve

    args = ["rev-list", "--topo-order", "--reverse", "--parents", f"--max-count={last}"]
    args += ["--first-parent"] if first_parent else []
    listed = git.run([*args, resolve(git, "HEAD"), "--"]).decode("ascii", "replace")
    for line in listed.splitlines():
        commit, *parents = line.split()
        yield (parents[0] if parents else git.empty_tree), commit


def _judged(folder: Path, spec: str, options: Namespace) -> Report | GateError:
    """Judge one commit as CI would, by its first parent's policy; nothing is logged."""
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
        # In CI the lower end of the range is the trusted side, and no approval of the user counts.
        return review.run(request, with_ci_marker(os.environ))
    except GateError as error:  # an old policy that is no longer one, too
        return error


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(_CLEAR_LINE + text)
        sys.stderr.flush()


@dataclass(slots=True)
class _Rule:
    """The commits that a rule would have stopped, and some of its findings."""

    commits: int = 0
    title: str = ""
    examples: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class ReplaySummary:
    """What became of the commits."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    rules: dict[str, _Rule] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)

    def add(self, commit: str, said: Report | GateError) -> None:
        """Take one commit into account."""
        if isinstance(said, GateError):
            self.outcomes["error"] += 1
            self.errors.setdefault(str(said), []).append(commit)
            return
        word = outcome(said)
        self.outcomes[word] += 1
        if word == "error":
            for reason in said.errors:
                self.errors.setdefault(reason, []).append(commit)
        blocking = [
            one
            for one in said.findings
            if one.level.value == "block" and one.state == "active"
        ]
        for name in dict.fromkeys(one.finding.rule for one in blocking):
            rule = self.rules.setdefault(name, _Rule())
            first = next(one for one in blocking if one.finding.rule == name)
            rule.commits += 1
            rule.title = first.finding.title or first.finding.message
            if len(rule.examples) < _EXAMPLES:
                rule.examples.append(_example(commit, first))

    @property
    def commits(self) -> int:
        """How many were judged."""
        return sum(self.outcomes.values())

    def document(self) -> dict[str, Any]:
        """Return it for programs; counts of commits."""
        return {
            "commits": self.commits,
            **{
                word: self.outcomes[word]
                for word in ("passed", "stopped", "error", "unverified")
            },
            "rules": {
                name: {
                    "commits": rule.commits,
                    "title": rule.title,
                    "examples": rule.examples,
                }
                for name, rule in self.rules.items()
            },
            "errors": self.errors,
        }

    def text(self) -> str:
        """Return it for people, with what a terminal would obey as escapes."""
        from zt_gate.reports.escape import visible

        said = self.outcomes
        first = f"{self.commits} commits: {said['stopped']} would have been stopped"
        first += (
            f" ({self._share('stopped')}), {said['error']} would have ended in error"
        )
        lines = [f"{first} ({self._share('error')})"]
        if said["unverified"]:
            lines.append(
                f"{said['unverified']} with dependencies that nobody was asked about"
            )
        if self.rules:
            lines += ["", "Stopped by (commits, rule)"]
        for name, rule in sorted(
            self.rules.items(), key=lambda item: (-item[1].commits, item[0])
        ):
            lines.append(f"{rule.commits:5}  {name}: {rule.title}")
            lines += [
                f"         {one['commit'][:12]}  {one['place']}  {one['message']}"
                for one in rule.examples
            ]
        if self.errors:
            lines += ["", "Not inspected (commits, reason)"]
        for reason, commits in sorted(
            self.errors.items(), key=lambda item: -len(item[1])
        ):
            shown = ", ".join(commit[:12] for commit in commits[:_EXAMPLES])
            lines.append(f"{len(commits):5}  {reason} ({shown})")
        return "".join(f"{visible(line)}\n" for line in lines)

    def _share(self, word: Outcome) -> str:
        return f"{100 * self.outcomes[word] / max(1, self.commits):.1f} %"


def outcome(report: Report) -> Outcome:
    """Say what became of a commit.

    ``unverified``: nothing is wrong but that registries were not asked, or did
    not answer; in CI they are.
    """
    if report.verdict.value == "fail":
        return "stopped"
    if report.verdict.value == "pass":
        return "passed"
    failed = any(
        run.status != "ok" or any(skip.kind == "failed" for skip in run.not_inspected)
        for run in report.runs
        if run.status != "skipped"
    )
    return "error" if failed else "unverified"


def _example(commit: str, one: JudgedFinding) -> dict[str, str]:
    from zt_gate.reports.summary import location_text

    finding = one.finding
    return {
        "commit": commit,
        "place": location_text(finding.location),
        "message": finding.message,
    }
