"""Decides whether a finding is waived: approved, ignored or in the baseline.

Checked in this order: an approval given outside the change, the policy's allowances
and ignores, an ignore on the line, the baseline.  Each comes from the trusted side or
from the caller of the gate.  A waiver that the change itself adds has no effect, and
the report shows that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.policy.ignores import PolicyIgnores, WaiverDecision
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zt_gate.model.finding import Finding
    from zt_gate.model.scanner import ScannerInfo
    from zt_gate.policy.approvals import Approval
    from zt_gate.policy.baseline import Baseline
    from zt_gate.policy.preexisting_lines import MatchedIgnore, PreexistingLines


#: When a waiver that the change brings has an effect.
TAKES_EFFECT = (
    "it takes effect after it is merged into the base branch (locally: committed)"
)
#: How an owner usually approves the head commit.
REVIEWED = "a code owner approved the head commit in a review"


def _unknown_author(_path: bytes, _line: int) -> tuple[str, str]:
    return "", ""


def _no_problem(_approval: Approval, _finding: Finding) -> str:
    return ""


def _unknown_location(_decision: WaiverDecision) -> tuple[bytes, int] | None:
    return None


@dataclass(frozen=True, slots=True)
class IncomingWaivers:
    """The waivers in the policy and the baseline of the change itself.

    They have no effect; they only explain themselves.  ``policy_file`` is the name of
    the changed policy file.
    """

    policy_file: str = ""
    ignores: PolicyIgnores | None = None
    baseline: Baseline | None = None

    def explanation(self, finding: Finding, fingerprint: str) -> str:
        """Return why a waiver for the finding has no effect, "" if there is none."""
        what = ""
        if self._is_ignored(finding):
            what = f"the ignore in {self.policy_file}"
        elif self.baseline is not None and self.baseline.line_of(fingerprint):
            what = "the entry in the baseline"
        if not what:
            return ""
        return f"this change adds {what}; {TAKES_EFFECT}"

    def _is_ignored(self, finding: Finding) -> bool:
        if self.ignores is None:
            return False
        decision = self.ignores.decide(finding.rule_ids, finding.location.path)
        return decision.state != "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waivers:
    """The waivers that apply to one run.

    ``today`` is an ISO date in UTC.  ``accepted`` maps the fingerprints of
    ``--accept`` to reasons; ``not_accepted`` those of ``--accept`` that do not
    count to the reason; ``approvals`` has the approvals of the user by fingerprint.
    ``approval_problem`` says why one of them does not count for a finding, "" if it does.
    ``approver`` is who approved the head commit, "" for none, and ``approver_reason``
    how.  ``is_tree``: the run judges a tree, not a change.  ``scanners`` are the
    registered ones by name.  ``incoming`` are the waivers that the change itself
    brings, which have no effect.  ``blame`` returns author and ISO date of a line on the
    trusted side; ``location_of`` path and line of a decision's entry in the policy.
    """

    ignores: PolicyIgnores
    today: str
    accepted: Mapping[str, str] = field(default_factory=dict)
    not_accepted: Mapping[str, str] = field(default_factory=dict)
    approver: str = ""
    approver_reason: str = REVIEWED
    approvals: Mapping[str, Approval] = field(default_factory=dict)
    approval_problem: Callable[[Approval, Finding], str] = _no_problem
    baseline: Baseline | None = None
    baseline_path: bytes = b""
    preexisting_lines: PreexistingLines | None = None
    incoming: IncomingWaivers | None = None
    is_tree: bool = False
    scanners: Mapping[str, ScannerInfo] = field(default_factory=dict)
    blame: Callable[[bytes, int], tuple[str, str]] = _unknown_author
    location_of: Callable[[WaiverDecision], tuple[bytes, int] | None] = (
        _unknown_location
    )

    def decide(self, finding: Finding, fingerprint: str) -> WaiverDecision:
        """Return the decision; ``active`` with a reason if a waiver has no effect."""
        approval = self._approval(finding, fingerprint)
        if approval.state != "active":
            return approval
        from_policy = self.ignores.decide(finding.rule_ids, finding.location.path)
        if from_policy.state != "active":
            return self._with_policy_author(from_policy)
        from_line = self._inline_ignore(finding)
        if from_line.state != "active":
            return from_line
        from_baseline = self._baseline_entry(finding, fingerprint)
        if from_baseline is not None:
            return from_baseline
        if fingerprint in self.not_accepted:
            return WaiverDecision("active", self.not_accepted[fingerprint])
        for decision in (approval, from_policy, from_line):
            if decision.reason:
                return decision
        return self._incoming(finding, fingerprint)

    def _incoming(self, finding: Finding, fingerprint: str) -> WaiverDecision:
        """Return why a waiver of the change itself does not help, if it has one."""
        if self.incoming is None:
            return WaiverDecision()
        return WaiverDecision(reason=self.incoming.explanation(finding, fingerprint))

    def _approval(self, finding: Finding, fingerprint: str) -> WaiverDecision:
        if fingerprint in self.accepted:
            return WaiverDecision("approved", self.accepted[fingerprint])
        if self.approver:
            return WaiverDecision("approved", self.approver_reason, by=self.approver)
        approval = self.approvals.get(fingerprint)
        if approval is None or not approval.holds(self.today):
            return WaiverDecision()
        problem = self.approval_problem(approval, finding)
        if problem:
            return WaiverDecision(
                "active", f"the approval on this machine has no effect: {problem}"
            )
        return WaiverDecision(
            "approved", approval.reason, approval.expires, approval.by, approval.since
        )

    def _with_policy_author(self, decision: WaiverDecision) -> WaiverDecision:
        location = self.location_of(decision)
        if location is None:
            return decision
        return self._with_author(decision, *location)

    def _with_author(
        self, decision: WaiverDecision, path: bytes, line: int
    ) -> WaiverDecision:
        author, date = self.blame(path, line)
        return WaiverDecision(
            decision.state, decision.reason, decision.expires, author, date
        )

    def _inline_ignore(self, finding: Finding) -> WaiverDecision:
        without_effect = WaiverDecision()
        # A line of a file cannot waive a finding about the change itself.
        if self.preexisting_lines is None or not self._is_about_content(finding):
            return without_effect
        for match in self.preexisting_lines.matching_ignores(finding):
            decision = self._decide_match(match)
            if decision.state != "active" and self._has_new_data_flow(finding):
                decision = WaiverDecision(
                    "active",
                    "the ignore on the line does not apply: "
                    "the change adds a data flow to this line",
                )
            if decision.state != "active" and match.line is not None:
                return self._with_author(decision, match.path, match.line)
            if not without_effect.reason:
                without_effect = decision
        return without_effect

    def _has_new_data_flow(self, finding: Finding) -> bool:
        """Whether the change may have added a data flow to an old, ignored line.

        A line above may carry new data to it.  A tree has no old side: its ignores
        are the committed ones, and they apply.
        """
        scanner = self.scanners.get(finding.scanner)
        if scanner is None or not scanner.follows_dataflow:
            return False
        return not self.is_tree and not finding.preexisting

    def _is_about_content(self, finding: Finding) -> bool:
        scanner = self.scanners.get(finding.scanner)
        return scanner is not None and scanner.keeps_baseline

    def _decide_match(self, match: MatchedIgnore) -> WaiverDecision:
        ignore = match.ignore
        if ignore.problem:
            return WaiverDecision("active", ignore.problem)
        if match.line is None:
            return WaiverDecision(
                "active",
                f"this change adds the ignore on the line; {TAKES_EFFECT}",
            )
        if ignore.expires and ignore.expires < self.today:
            reason = f"ignore expired on {ignore.expires}: {ignore.reason}"
            return WaiverDecision("active", reason, ignore.expires)
        return WaiverDecision("ignored", ignore.reason, ignore.expires)

    def _baseline_entry(
        self, finding: Finding, fingerprint: str
    ) -> WaiverDecision | None:
        if self.baseline is None or not self._is_about_content(finding):
            return None
        line = self.baseline.line_of(fingerprint)
        if line is None:
            return None
        lines = self.preexisting_lines
        if lines is not None and lines.is_new(finding):
            return WaiverDecision(
                "active", "in the baseline, but the change adds it again"
            )
        decision = WaiverDecision("baseline", "existing finding")
        return self._with_author(decision, self.baseline_path, line)
