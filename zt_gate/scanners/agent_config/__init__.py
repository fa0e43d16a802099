"""Configuration that arms an agent, an editor, a package manager, git or a workflow.

``scan`` walks the change; which program reads a file is in ``rules/paths.toml``;
``file_syntax`` parses both sides of a structured file; ``key_matching`` asks the
judges of ``value_checks`` about the keys that rules name, old and new;
``added_text`` looks at added lines of code and prose.  What counts is in
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

    info = ScannerInfo("agent_config")

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Look at the change; raises CatalogueError where a rule file is wrong."""
        from zt_gate.scanners.agent_config.scan import scan

        return scan(change, context)


SCANNER = AgentConfigScanner()
