"""``zt-gate log``: check the log of runs, and say what it tells."""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.audit import chain
from zt_gate.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable

#: Paths and reasons that are named for each rule.
_SHOWN = 5
#: From how many exceptions on a rule is named as one that people keep excepting.
_KEPT = 3


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verify | report")
    for name, text in (
        ("verify", "find any line that was changed, removed or moved; print the head"),
        ("report", "say what was blocked and excepted, by rule and path"),
    ):
        one = verbs.add_parser(name, help=text)
        one.add_argument(
            "file", nargs="?", metavar="FILE", help="default: the policy's log"
        )
        if name == "verify":
            one.add_argument(
                "--expect", metavar="HEAD", help="a head that was kept elsewhere"
            )


def main(options: Namespace) -> int:
    """Run one of the two verbs; returns 0.

    Raises LogError (exit code 3) for a log that was changed or cannot be read.
    """
    path = Path(options.file) if options.file else _of_the_policy()
    if options.verb == "verify":
        expect = (options.expect or "").lower()
        if expect and (
            len(expect) != len(chain.GENESIS_HASH) or expect.strip("0123456789abcdef")
        ):
            raise UsageError(
                f"--expect takes a head, 64 hexadecimal digits, not {expect!a}"
            )
        with chain.open_to_read(path) as file:
            found = chain.verify(file, expect)
        print(f"{found.head}  {found.lines} runs, each as it was written")
        return 0
    told = LogSummary()
    with chain.open_to_read(path) as file:
        for entry, _ in chain.entries(file):
            try:
                told.add(entry)
            except (KeyError, TypeError, AttributeError) as error:
                # The chain holds, so somebody wrote it: not this gate.
                raise chain.LogError(
                    f"line {entry['seq']} of the log is no run"
                ) from error
    sys.stdout.write(told.text())
    return 0


def _of_the_policy() -> Path:
    """Return where the policy of HEAD has the log; raises UsageError where it has none."""
    from zt_gate.audit import record
    from zt_gate.git.run import Git
    from zt_gate.git.trusted_files import read_file
    from zt_gate.policy.load import load
    from zt_gate.scanners import registered

    git = Git.open(Path.cwd(), os.environ)
    policy = load(
        lambda path: read_file(git, git.head, path), git.head, scanners=registered()
    )
    said = policy.audit.get("log", "")
    if not said:
        raise UsageError("the policy of HEAD has no [audit] log; name the file")
    return record.log_location(said, os.environ, git.common_folder, [git.root])[0]


@dataclass(slots=True)
class _Rule:
    """What the log tells of one rule: distinct findings, and where they were."""

    findings: set[str] = field(default_factory=set)
    runs: int = 0
    paths: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class LogSummary:
    """What a log tells, gathered entry by entry."""

    verdicts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    blocked: dict[str, _Rule] = field(default_factory=dict)
    excepted: dict[str, _Rule] = field(default_factory=dict)
    first: str = ""
    last: str = ""

    def add(self, entry: dict[str, Any]) -> None:
        """Take one run into account."""
        self.first = self.first or str(entry["time"])
        self.last = str(entry["time"])
        self.verdicts[str(entry["verdict"])] += 1
        self.errors.update(str(error) for error in entry["errors"])
        seen: dict[int, _Rule] = {}
        for one in entry["findings"]:
            if one["state"] != "active":
                table = self.excepted
            elif one["level"] == "block":
                table = self.blocked
            else:
                continue
            rule = table.setdefault(str(one["rule"]), _Rule())
            seen[id(rule)] = rule
            if one["fingerprint"] not in rule.findings:
                rule.findings.add(one["fingerprint"])
                rule.paths[str(one["path"] or "(the change)")] += 1
                if one["state"] != "active":
                    rule.reasons[_reason(one)] += 1
        for rule in seen.values():
            rule.runs += 1

    def text(self) -> str:
        """Return the report for people, with what a terminal would obey as escapes."""
        from zt_gate.reports.escape import visible

        runs = sum(self.verdicts.values())
        said = self.verdicts
        lines = [
            f"{runs} runs" + (f" from {self.first} to {self.last}" if runs else ""),
            f"{said['pass']} passed, {said['fail']} were blocked, {said['error']} ended in error",
        ]
        lines += _table("Blocked", self.blocked, with_title=True)
        lines += _table("Excepted", self.excepted, with_title=False)
        kept = {
            name: rule
            for name, rule in self.excepted.items()
            if len(rule.findings) >= _KEPT
        }
        if kept:
            lines += [
                "",
                "Rules that people keep excepting: too loud here, or too easily excepted",
            ]
            for name, rule in _by_number(kept):
                blocked = self.blocked.get(name, _Rule())
                lines.append(
                    f"  {name}: {len(rule.findings)} excepted, {len(blocked.findings)} blocked"
                )
        if self.errors:
            lines += ["", "Not inspected"]
            lines += [
                f"{number:5}  {text}" for text, number in self.errors.most_common(20)
            ]
        return "".join(f"{visible(line)}\n" for line in lines)


def _table(title: str, rules: dict[str, _Rule], *, with_title: bool) -> list[str]:
    if not rules:
        return []
    lines = ["", f"{title} (findings, rule)"]
    for name, rule in _by_number(rules):
        why = _title(name) if with_title else ""
        runs = "1 run" if rule.runs == 1 else f"{rule.runs} runs"
        lines.append(
            f"{len(rule.findings):5}  {name}, in {runs}" + (f": {why}" if why else "")
        )
        lines.append(f"       at {_most(rule.paths)}")
        if rule.reasons:
            lines.append(f"       {_most(rule.reasons)}")
    return lines


def _by_number(rules: dict[str, _Rule]) -> list[tuple[str, _Rule]]:
    return sorted(rules.items(), key=lambda item: (-len(item[1].findings), item[0]))


def _most(counted: Counter[str]) -> str:
    shown: Iterable[str] = (
        text if number == 1 else f"{text} ({number}×)"
        for text, number in counted.most_common(_SHOWN)
    )
    more = len(counted) - _SHOWN
    return ", ".join(shown) + (f", and {more} more" if more > 0 else "")


def _reason(one: dict[str, Any]) -> str:
    by = f" ({one['by']})" if one.get("by") else ""
    until = f", until {one['expires']}" if one.get("expires") else ""
    return f"{one['state']}: {one.get('reason') or 'no reason'}{by}{until}"


def _title(rule: str) -> str:
    """Return what a rule finds, "" where this version no longer has it."""
    from zt_gate import rulebook

    known = rulebook.find(rule)
    return known.title if known else ""
