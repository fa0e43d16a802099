"""Configuration that arms an agent, an editor, a package manager, git or a workflow.

``scan`` walks the change; ``config_files`` says by path what a file is;
``file_syntax`` reads both sides of a structured file; ``key_matching`` holds the
rules' key patterns and the judges (``value_checks``) against them, old and new;
``added_text`` looks at added lines of code and prose.  What counts stands under
``rules/agent_config/``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import ScannerRun
    from zt_gate.scanners.base import Context


@dataclass(frozen=True, slots=True)
class AgentConfigScanner:
    """The scanner ``agent_config``."""

    name: str = "agent_config"

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Look at the change; raises CatalogueError where a rule file is wrong."""
        from zt_gate.scanners.agent_config.scan import scan

        return scan(change, context)


SCANNER = AgentConfigScanner()
