"""Everything that a person may have said yes with, held against one finding.

In this order: an approval given outside the change, the policy's allowances and
ignores, a mark on the line, the baseline.  Each comes from the trusted side or
from whoever starts the gate; what the change brings itself helps nothing, and
the finding says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zt_gate.policy.ignores import PolicyIgnores, WaiverDecision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zt_gate.model.finding import Finding
    from zt_gate.model.scanner import ScannerInfo
    from zt_gate.policy.approvals import Approval
    from zt_gate.policy.baseline import Baseline
    from zt_gate.policy.preexisting_lines import MatchedIgnore, PreexistingLines


def _nobody(_path: bytes, _line: int) -> tuple[str, str]:
    return "", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waivers:
    """The exceptions that hold for one run.

    ``today`` is an ISO date in UTC.  ``accepted`` are fingerprints that whoever
    starts the gate accepts, ``approvals`` those of the user's own record.
    ``approver`` is who approved the head in a review, as an owner: "" for nobody.
    ``whole``: a tree is judged, no change of it.  ``blame`` tells name and ISO
    date of a place on the trusted side.  ``scanners`` are the registered ones by name.
    """

    ignores: PolicyIgnores
    today: str
    accepted: Mapping[str, str] = field(default_factory=dict)
    approver: str = ""
    approvals: Mapping[str, Approval] = field(default_factory=dict)
    baseline: Baseline | None = None
    baseline_path: bytes = b""
    known: PreexistingLines | None = None
    whole: bool = False
    scanners: Mapping[str, ScannerInfo] = field(default_factory=dict)
    blame: Callable[[bytes, int], tuple[str, str]] = _nobody
    place_of: Callable[[WaiverDecision], tuple[bytes, int] | None] = lambda _excuse: (
        None
    )

    def of(self, finding: Finding, fingerprint: str) -> WaiverDecision:
        """Return what holds for a finding; ``active`` with a reason where one failed to help."""
        said = self._approved(fingerprint)
        if said is not None:
            return said
        first = self.ignores.of(finding.rule_ids, finding.location.path)
        if first.state != "active":
            return self._with_author(first)
        inline = self._inline(finding)
        if inline.state != "active":
            return inline
        known = self._in_baseline(finding, fingerprint)
        if known is not None:
            return known
        return first if first.reason else inline

    def _approved(self, fingerprint: str) -> WaiverDecision | None:
        if fingerprint in self.accepted:
            return WaiverDecision("approved", self.accepted[fingerprint])
        if self.approver:
            return WaiverDecision(
                "approved", "an owner approved this head in a review", by=self.approver
            )
        approval = self.approvals.get(fingerprint)
        if approval is None or not approval.holds(self.today):
            return None
        return WaiverDecision(
            "approved", approval.reason, approval.expires, approval.by, approval.since
        )

    def _with_author(self, excuse: WaiverDecision) -> WaiverDecision:
        place = self.place_of(excuse)
        return excuse if place is None else self._signed(excuse, *place)

    def _signed(self, excuse: WaiverDecision, path: bytes, line: int) -> WaiverDecision:
        by, since = self.blame(path, line)
        return WaiverDecision(excuse.state, excuse.reason, excuse.expires, by, since)

    def _inline(self, finding: Finding) -> WaiverDecision:
        told = WaiverDecision()
        # No line of a file can speak for a finding about the change itself.
        if self.known is None or not self._is_about_content(finding):
            return told
        for marked in self.known.marks(finding):
            excuse = self._of_mark(marked)
            if excuse.state != "active" and self._leads_here_anew(finding):
                excuse = WaiverDecision(
                    "active", "the ignore on the line is older than what leads here"
                )
            if excuse.state != "active" and marked.line is not None:
                return self._signed(excuse, marked.path, marked.line)
            told = told if told.reason else excuse
        return told

    def _leads_here_anew(self, finding: Finding) -> bool:
        """Whether a line that was looked at once got a finding that it did not have then.

        Data may reach an old, marked line from what the change adds above it.  A
        tree has no older side, and its marks are those that are committed.
        """
        scanner = self.scanners.get(finding.scanner)
        if scanner is None or not scanner.follows_dataflow:
            return False
        return not self.whole and not finding.known_before

    def _is_about_content(self, finding: Finding) -> bool:
        scanner = self.scanners.get(finding.scanner)
        return scanner is not None and scanner.keeps_baseline

    def _of_mark(self, marked: MatchedIgnore) -> WaiverDecision:
        mark = marked.mark
        if mark.problem:
            return WaiverDecision("active", mark.problem)
        if marked.line is None:
            return WaiverDecision(
                "active",
                "the ignore on the line comes with the change, and helps later",
            )
        if mark.expires and mark.expires < self.today:
            return WaiverDecision(
                "active",
                f"ignore expired on {mark.expires}: {mark.reason}",
                mark.expires,
            )
        return WaiverDecision("ignored", mark.reason, mark.expires)

    def _in_baseline(self, finding: Finding, fingerprint: str) -> WaiverDecision | None:
        line = self.baseline.line_of(fingerprint) if self.baseline is not None else None
        if line is None or not self._is_about_content(finding):
            return None
        if self.known is not None and self.known.is_new(finding):
            return WaiverDecision(
                "active", "known from the baseline, but the change brings it once more"
            )
        return self._signed(
            WaiverDecision("baseline", "known before"), self.baseline_path, line
        )
