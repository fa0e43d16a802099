"""Configuration that arms an agent, an editor, a package manager, git or a workflow.

``scan`` walks the change; ``kinds`` says by path what a file is; ``documents``
and the readers beside it parse both sides of a structured file; ``match`` holds
the rules' key patterns and the judges against them, old and new; ``texts``
looks at added lines of code and prose.  What counts stands under
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
