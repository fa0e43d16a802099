"""Dependencies: what a change adds must exist, be of some age, and be used.

``manifests/`` says what was added, ``registries/`` what is known about it, and
``checks`` what that means.  Nothing of it is imported before a manifest changed,
and nothing of the network before a dependency was added.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from zt_gate.model.report import ScannerRun
from zt_gate.model.scanner import ScannerInfo

if TYPE_CHECKING:
    from zt_gate.model.change import ChangeSet
    from zt_gate.scanners.base import Context


class DependenciesScanner:
    """The scanner ``dependencies``."""

    info = ScannerInfo(
        "dependencies",
        reports_additions=True,
        # These are said of a dependency that the change leaves alone, too.
        reports_unchanged=frozenset(
            (
                "dependencies/vulnerable",
                "dependencies/withdrawn",
                "dependencies/unverified",
            )
        ),
    )

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Read the changed manifests and ask the registries about what is new in them."""
        from zt_gate.scanners.dependencies.quick_check import may_add_dependency

        start = time.monotonic()
        if not context.audit_all and not any(
            may_add_dependency(file) for file in change.files
        ):
            return ScannerRun(self.info.name, "ok", seconds=time.monotonic() - start)
        from zt_gate.scanners.dependencies.scan import scan

        return scan(change, context, start)


SCANNER = DependenciesScanner()
