"""Finds configuration that makes an agent, editor, package manager, Git or workflow run code.

``scan`` walks the change.  ``rules/paths.toml`` says which program reads a file,
``file_syntax`` parses both sides of a structured file, ``key_matching`` applies
the checks of ``value_checks`` to the keys that rules name, old and new, and
``added_text`` checks added lines of code and prose.  The rules are in
``rules/agent_config/``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.scanner import ScannerInfo

if TYPE_CHECKING:
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import ScannerRun
    from zt_gate.scanners.base import Context


class AgentConfigScanner:
    """The scanner ``agent_config``."""

    info = ScannerInfo("agent_config", can_exclude=False, quotes_instructions=True)

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Scan the change; raises RuleDataError where a rule is invalid."""
        from zt_gate.scanners.agent_config.scan import scan

        return scan(change, context)


SCANNER = AgentConfigScanner()
