"""Finds ignore comments in a line of code: our own, and those of other tools.

Whether an ignore takes effect depends on its origin: see
``zt_gate.policy.preexisting_lines``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.policy.rule_globs import rule_matches
from zt_gate.record import dataclass
from zt_gate.syntax.suppression_comments import may_hold_suppression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.finding import Finding
    from zt_gate.model.scanner import ScannerInfo

#: Bytes at each end of a line that are searched: an ignore is at an end.
_SEARCHED_BYTES = 4000

_OWN = lazy_re.compile(
    r"zt-gate:\s{0,8}ignore\[([a-z0-9_/*?,\s-]{1,300})\]"
    r"(?:\s{1,8}reason=\"([^\"\n]{0,300})\")?"
    r"(?:\s{1,8}expires=(\S{1,20}))?"
)
_COMMENT = lazy_re.compile(
    r"\s*(?:#|//|/\*|\*|<!--|--|;|%|\{#|\{/\*|rem\s|')", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class InlineIgnore:
    """One ignore comment: ``rules`` are globs, ``expires`` an ISO date or "".

    An ignore of another tool has that tool's name in ``tool`` and no rules: it
    applies to all findings of the scanners that detect the same.  ``problem`` is the
    reason why it cannot take effect, "" if there is none.  ``below``: it applies to
    the next line instead of its own.
    """

    rules: tuple[str, ...]
    reason: str
    expires: str = ""
    problem: str = ""
    below: bool = False
    tool: str = ""

    def covers(self, finding: Finding, scanner: ScannerInfo) -> bool:
        """Whether the ignore applies to a finding of ``scanner``."""
        if self.tool:
            return self.tool in scanner.counterparts
        return any(rule_matches(glob, *finding.rule_ids) for glob in self.rules)


@dataclass(frozen=True, slots=True)
class _ForeignIgnore:
    tool: str
    name: str
    pattern: re.Pattern[str]
    below: bool = False


def _foreign(
    tool: str, name: str, pattern: str, *, below: bool = False
) -> _ForeignIgnore:
    return _ForeignIgnore(tool, name, re.compile(pattern, re.IGNORECASE), below)


#: Ignore comments of other tools: tool (``ScannerInfo.counterparts``), name, pattern.
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


def find_inline_ignores(line: bytes) -> Iterator[InlineIgnore]:
    """Yield the ignore comments on one line, our own first."""
    if not may_hold_suppression(line):
        return
    if len(line) > 2 * _SEARCHED_BYTES:
        line = line[:_SEARCHED_BYTES] + b"\n" + line[-_SEARCHED_BYTES:]
    text = line.decode("utf-8", "replace")
    is_comment_line = _COMMENT.match(text) is not None
    for match in _OWN.finditer(text):
        yield _own(match, below=is_comment_line)
    for foreign in _FOREIGN:
        if foreign.pattern.search(text):
            reason = f"“{foreign.name}” comment on the line"
            yield InlineIgnore((), reason, below=foreign.below, tool=foreign.tool)


def _own(match: re.Match[str], *, below: bool) -> InlineIgnore:
    globs = (part.strip() for part in match[1].split(","))
    rules = tuple(glob for glob in globs if glob)
    reason = (match[2] or "").strip()
    expires = match[3] or ""
    if not reason:
        problem = 'the ignore on the line has no reason="…"'
        return InlineIgnore(rules, reason, problem=problem, below=below)
    if expires and not _is_date(expires):
        problem = (
            "the ignore on the line has an invalid expires date; "
            "use YYYY-MM-DD, for example 2027-01-31"
        )
        return InlineIgnore(rules, reason, problem=problem, below=below)
    return InlineIgnore(rules, reason, expires, below=below)


def _is_date(text: str) -> bool:
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
