"""``zt-gate log``: verify, summarize or export the audit log."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.audit import chain
from zt_gate.commands import log_export
from zt_gate.errors import UsageError
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

#: Paths and reasons that the summary lists for each rule.
_MAX_LISTED = 5
#: Errors that the summary lists.
_MAX_ERRORS = 20
#: A rule with this many excepted findings is listed as often excepted.
_OFTEN_EXCEPTED = 3


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    verbs = parser.add_subparsers(
        dest="verb", required=True, metavar="verify | report | export"
    )
    for name, text in (
        ("verify", "detect changed, removed or moved records; print the head hash"),
        ("report", "summarize blocked and excepted findings by rule and path"),
        ("export", "send the records to a receiver, as OCSF or OpenTelemetry spans"),
    ):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument(
            "file",
            nargs="?",
            metavar="FILE",
            help="log file (default: the one in the policy at HEAD)",
        )
        if name == "verify":
            verb.add_argument(
                "--expect",
                metavar="HEAD",
                help="head hash of an earlier verify, which the log must contain",
            )
        elif name == "export":
            log_export.arguments(verb)


def main(options: Namespace) -> int:
    """Verify, summarize or export the log; returns 0.

    Raises UsageError, and LogError (exit code 3) for a log that was modified or
    cannot be read.
    """
    if options.verb == "export":
        return log_export.main(
            options,
            lambda: Path(options.file) if options.file else path_in_policy(),
        )
    path = Path(options.file) if options.file else path_in_policy()
    if options.verb == "verify":
        _verify(path, options.expect)
    else:
        _report(path)
    return 0


def _verify(path: Path, expected_head: str | None) -> None:
    head = (expected_head or "").lower()
    if head and not _is_head(head):
        raise UsageError(
            f"--expect takes a head hash, 64 hexadecimal digits, not {head!a}"
        )
    with chain.open_to_read(path) as file:
        verified = chain.verify(file, head)
    print(f"{verified.head}  {verified.lines} runs verified")


def _is_head(text: str) -> bool:
    return len(text) == len(chain.GENESIS_HASH) and not text.strip("0123456789abcdef")


def _report(path: Path) -> None:
    summary = LogSummary()
    with chain.open_to_read(path) as file:
        for entry, _ in chain.entries(file):
            try:
                summary.add(entry)
            except (KeyError, TypeError, AttributeError) as error:
                # The hashes are valid, so another program wrote this record.
                raise chain.LogError(
                    f"line {entry['seq']} of the log is not the record of a run"
                ) from error
    sys.stdout.write(summary.text())


def path_in_policy() -> Path:
    """Return the log file that the policy at HEAD sets; raises UsageError without one."""
    from zt_gate.audit import record
    from zt_gate.git.run import Git
    from zt_gate.git.trusted_files import read_file
    from zt_gate.policy.load import load
    from zt_gate.scanners import registered

    git = Git.open(Path.cwd(), os.environ)
    policy = load(
        lambda path: read_file(git, git.head, path), git.head, scanners=registered()
    )
    setting = policy.audit.get("log", "")
    if not setting:
        raise UsageError(
            "the policy at HEAD has no [audit] log; give the log file as an argument"
        )
    return record.log_location(setting, os.environ, git.common_folder, [git.root])[0]


@dataclass(slots=True)
class _RuleSummary:
    """The findings of one rule in the log.

    ``findings`` holds their fingerprints; ``paths`` and ``reasons`` count each
    fingerprint once.
    """

    findings: set[str] = field(default_factory=set)
    runs: int = 0
    paths: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class LogSummary:
    """Counts of verdicts, errors and findings in a log, collected record by record."""

    verdicts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    blocked: dict[str, _RuleSummary] = field(default_factory=dict)
    excepted: dict[str, _RuleSummary] = field(default_factory=dict)
    first: str = ""
    last: str = ""

    def add(self, entry: dict[str, Any]) -> None:
        """Add the record of one run.

        Raises KeyError, TypeError or AttributeError if it is not such a record.
        """
        self.first = self.first or str(entry["time"])
        self.last = str(entry["time"])
        self.verdicts[str(entry["verdict"])] += 1
        self.errors.update(str(error) for error in entry["errors"])
        rules_in_run: dict[int, _RuleSummary] = {}
        for finding in entry["findings"]:
            if finding["state"] != "active":
                summaries = self.excepted
            elif finding["level"] == "block":
                summaries = self.blocked
            else:
                continue
            rule = summaries.setdefault(str(finding["rule"]), _RuleSummary())
            rules_in_run[id(rule)] = rule
            if finding["fingerprint"] not in rule.findings:
                rule.findings.add(finding["fingerprint"])
                rule.paths[str(finding["path"] or "(the change)")] += 1
                if finding["state"] != "active":
                    rule.reasons[_reason(finding)] += 1
        for rule in rules_in_run.values():
            rule.runs += 1

    def text(self) -> str:
        """Return the summary for a terminal, with control characters escaped."""
        from zt_gate.reports.escape import visible

        runs = sum(self.verdicts.values())
        period = f" from {self.first} to {self.last}" if runs else ""
        lines = [
            f"{runs} runs{period}",
            (
                f"{self.verdicts['pass']} passed, {self.verdicts['fail']} blocked, "
                f"{self.verdicts['error']} ended in error"
            ),
        ]
        lines += _rule_lines("Blocked", self.blocked, with_title=True)
        lines += _rule_lines("Excepted", self.excepted, with_title=False)
        lines += self._often_excepted_lines()
        if self.errors:
            lines += ["", "Not inspected"]
            for error, number in self.errors.most_common(_MAX_ERRORS):
                lines.append(f"{number:5}  {error}")
        return "".join(f"{visible(line)}\n" for line in lines)

    def _often_excepted_lines(self) -> list[str]:
        lines = []
        for name, rule in _by_number(self.excepted):
            if len(rule.findings) < _OFTEN_EXCEPTED:
                continue
            blocked = self.blocked.get(name, _RuleSummary())
            lines.append(
                f"  {name}: {len(rule.findings)} excepted, {len(blocked.findings)} blocked"
            )
        if not lines:
            return []
        title = "Rules with many exceptions: too noisy here, or excepted too easily"
        return ["", title, *lines]


def _rule_lines(
    heading: str, rules: dict[str, _RuleSummary], *, with_title: bool
) -> list[str]:
    if not rules:
        return []
    lines = ["", f"{heading} (findings, rule)"]
    for name, rule in _by_number(rules):
        runs = "1 run" if rule.runs == 1 else f"{rule.runs} runs"
        line = f"{len(rule.findings):5}  {name}, in {runs}"
        title = _title(name) if with_title else ""
        if title:
            line += f": {title}"
        lines += [line, f"       at {_most_common(rule.paths)}"]
        if rule.reasons:
            lines.append(f"       {_most_common(rule.reasons)}")
    return lines


def _by_number(rules: dict[str, _RuleSummary]) -> list[tuple[str, _RuleSummary]]:
    return sorted(rules.items(), key=lambda item: (-len(item[1].findings), item[0]))


def _most_common(counts: Counter[str]) -> str:
    """Return the most common texts, with their number if it is more than one."""
    listed = [
        text if number == 1 else f"{text} ({number}×)"
        for text, number in counts.most_common(_MAX_LISTED)
    ]
    hidden = len(counts) - len(listed)
    if hidden:
        listed[-1] += f", and {hidden} more"
    return ", ".join(listed)


def _reason(finding: dict[str, Any]) -> str:
    text = f"{finding['state']}: {finding.get('reason') or 'no reason'}"
    if finding.get("by"):
        text += f" ({finding['by']})"
    if finding.get("expires"):
        text += f", until {finding['expires']}"
    return text


def _title(rule_id: str) -> str:
    """Return the title of a rule, "" if this version does not have the rule."""
    from zt_gate import rulebook

    rule = rulebook.find(rule_id)
    return rule.title if rule else ""
