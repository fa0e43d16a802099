"""Ignores that stand in the code: our own, and those of other tools.

Only recognised here.  Whether one helps depends on where it came from: see
``zt_gate.policy.preexisting_lines``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.policy.rule_globs import rule_matches
from zt_gate.syntax.suppression_comments import may_be_marked

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Bytes of a line in which marks are looked for: they stand at an end.
_REACH = 4000

_OWN = re.compile(
    r"zt-gate:\s{0,8}ignore\[([a-z0-9_/*?,\s-]{1,300})\]"
    r"(?:\s{1,8}reason=\"([^\"\n]{0,300})\")?"
    r"(?:\s{1,8}expires=(\S{1,20}))?"
)
_COMMENT = re.compile(r"\s*(?:#|//|/\*|\*|<!--|--|;|%|\{#|\{/\*|rem\s|')", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mark:
    """One ignore: ``rules`` are globs, ``expires`` an ISO date or "".

    ``problem`` says why it cannot help, where it cannot.  ``below``: it speaks
    of the next line, not of its own.
    """

    rules: tuple[str, ...]
    reason: str
    expires: str = ""
    problem: str = ""
    below: bool = False

    def covers(self, rule: str) -> bool:
        """Whether it speaks of ``rule``."""
        return any(rule_matches(glob, rule) for glob in self.rules)


@dataclass(frozen=True, slots=True)
class _Foreign:
    name: str
    pattern: re.Pattern[str]
    rules: tuple[str, ...]
    below: bool = False


def _foreign(name: str, pattern: str, *rules: str, below: bool = False) -> _Foreign:
    return _Foreign(name, re.compile(pattern, re.IGNORECASE), rules, below)


_FOREIGN = (
    _foreign("nosec", r"#\s{0,8}nosec\b", "code/*"),
    _foreign("nosemgrep", r"(?:#|//|/\*|<!--)\s{0,8}nosem(?:grep)?\b", "code/*"),
    _foreign("noqa", r"#\s{0,8}noqa:[\sA-Z0-9,]{0,60}?\bS\d{1,4}\b", "code/*"),
    _foreign("eslint-disable-line", r"eslint-disable-line\b[^\n]{0,200}\bsecurity/", "code/*"),
    _foreign("eslint-disable-next-line",
             r"eslint-disable-next-line\b[^\n]{0,200}\bsecurity/", "code/*", below=True),
    _foreign("pragma: allowlist secret", r"pragma:\s{0,8}(?:allow|white)list[ -]secret",
             "secrets/*"),
    _foreign("pragma: allowlist nextline secret",
             r"pragma:\s{0,8}(?:allow|white)list[ -]nextline[ -]secret", "secrets/*", below=True),
    _foreign("gitleaks:allow", r"\bgitleaks:allow\b", "secrets/*"),
    _foreign("betterleaks:allow", r"\bbetterleaks:allow\b", "secrets/*"),
    _foreign("trufflehog:ignore", r"\btrufflehog:ignore\b", "secrets/*"),
    _foreign("kingfisher:ignore", r"\bkingfisher:ignore\b", "secrets/*"),
)  # fmt: skip


def marks_in(line: bytes) -> Iterator[Mark]:
    """Yield the marks on one line, our own first."""
    if not may_be_marked(line):
        return
    if len(line) > 2 * _REACH:
        line = line[:_REACH] + b"\n" + line[-_REACH:]
    text = line.decode("utf-8", "replace")
    for found in _OWN.finditer(text):
        yield _own(found, alone=_COMMENT.match(text) is not None)
    for kind in _FOREIGN:
        if kind.pattern.search(text):
            yield Mark(kind.rules, f"the mark “{kind.name}” on the line", below=kind.below)


def _own(found: re.Match[str], *, alone: bool) -> Mark:
    rules = tuple(rule for part in found[1].split(",") if (rule := part.strip()))
    reason, expires = (found[2] or "").strip(), found[3] or ""
    problem = ""
    if not reason:
        problem = 'the ignore on the line has no reason="…"'
    elif expires and not _is_date(expires):
        problem = "the ignore on the line has an expires that is no date such as 2027-01-31"
    return Mark(rules, reason, "" if problem else expires, problem, below=alone)


def _is_date(text: str) -> bool:
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
