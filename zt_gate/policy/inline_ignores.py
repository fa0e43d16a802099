"""Ignores that stand in the code: our own, and those of other tools.

Only recognised here.  Whether one helps depends on where it came from: see
``zt_gate.policy.preexisting_lines``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.policy.rule_globs import rule_matches
from zt_gate.syntax.suppression_comments import may_hold_suppression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.finding import Finding
    from zt_gate.model.scanner import ScannerInfo

#: Bytes of a line in which marks are looked for: they stand at an end.
_REACH = 4000

_OWN = re.compile(
    r"zt-gate:\s{0,8}ignore\[([a-z0-9_/*?,\s-]{1,300})\]"
    r"(?:\s{1,8}reason=\"([^\"\n]{0,300})\")?"
    r"(?:\s{1,8}expires=(\S{1,20}))?"
)
_COMMENT = re.compile(
    r"\s*(?:#|//|/\*|\*|<!--|--|;|%|\{#|\{/\*|rem\s|')", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Mark:
    """One ignore: ``rules`` are globs, ``expires`` an ISO date or "".

    A mark of another tool has that tool's name in ``tool`` and no rules: it speaks
    of all findings of the scanners that look for the same.  ``problem`` says why it
    cannot help, where it cannot.  ``below``: it speaks of the next line, not of its own.
    """

    rules: tuple[str, ...]
    reason: str
    expires: str = ""
    problem: str = ""
    below: bool = False
    tool: str = ""

    def covers(self, finding: Finding, scanner: ScannerInfo) -> bool:
        """Whether it speaks of a finding of ``scanner``."""
        if self.tool:
            return self.tool in scanner.counterparts
        return any(rule_matches(glob, *finding.rule_ids) for glob in self.rules)


@dataclass(frozen=True, slots=True)
class _Foreign:
    tool: str
    name: str
    pattern: re.Pattern[str]
    below: bool = False


def _foreign(tool: str, name: str, pattern: str, *, below: bool = False) -> _Foreign:
    return _Foreign(tool, name, re.compile(pattern, re.IGNORECASE), below)


#: Marks of other tools, by the name of the tool (``ScannerInfo.counterparts``).
_FOREIGN = (
    _foreign("bandit", "nosec", r"#\s{0,8}nosec\b"),
    _foreign("semgrep", "nosemgrep", r"(?:#|//|/\*|<!--)\s{0,8}nosem(?:grep)?\b"),
    _foreign("flake8", "noqa", r"#\s{0,8}noqa:[\sA-Z0-9,]{0,60}?\bS\d{1,4}\b"),
    _foreign("eslint", "eslint-disable-line",
             r"eslint-disable-line\b[^\n]{0,200}\bsecurity/"),
    _foreign("eslint", "eslint-disable-next-line",
             r"eslint-disable-next-line\b[^\n]{0,200}\bsecurity/", below=True),
    _foreign("detect-secrets", "pragma: allowlist secret",
             r"pragma:\s{0,8}(?:allow|white)list[ -]secret"),
    _foreign("detect-secrets", "pragma: allowlist nextline secret",
             r"pragma:\s{0,8}(?:allow|white)list[ -]nextline[ -]secret", below=True),
    _foreign("gitleaks", "gitleaks:allow", r"\bgitleaks:allow\b"),
    _foreign("betterleaks", "betterleaks:allow", r"\bbetterleaks:allow\b"),
    _foreign("trufflehog", "trufflehog:ignore", r"\btrufflehog:ignore\b"),
    _foreign("kingfisher", "kingfisher:ignore", r"\bkingfisher:ignore\b"),
)  # fmt: skip


def marks_in(line: bytes) -> Iterator[Mark]:
    """Yield the marks on one line, our own first."""
    if not may_hold_suppression(line):
        return
    if len(line) > 2 * _REACH:
        line = line[:_REACH] + b"\n" + line[-_REACH:]
    text = line.decode("utf-8", "replace")
    for found in _OWN.finditer(text):
        yield _own(found, alone=_COMMENT.match(text) is not None)
    for kind in _FOREIGN:
        if kind.pattern.search(text):
            reason = f"the mark “{kind.name}” on the line"
            yield Mark((), reason, below=kind.below, tool=kind.tool)


def _own(found: re.Match[str], *, alone: bool) -> Mark:
    rules = tuple(rule for part in found[1].split(",") if (rule := part.strip()))
    reason, expires = (found[2] or "").strip(), found[3] or ""
    problem = ""
    if not reason:
        problem = 'the ignore on the line has no reason="…"'
    elif expires and not _is_date(expires):
        problem = (
            "the ignore on the line has an expires that is no date such as 2027-01-31"
        )
    return Mark(rules, reason, "" if problem else expires, problem, below=alone)


def _is_date(text: str) -> bool:
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
