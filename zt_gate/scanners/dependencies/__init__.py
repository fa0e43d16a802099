"""Scanner for the packages that a change adds or updates.

``additions`` compares the manifests of both sides, ``package_facts`` looks the
packages up in registries and advisory services, ``package_checks`` and
``version_checks`` turn the answers into findings.  No parser is imported unless
a manifest changed, and no network code unless a dependency was added.
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
        # These also apply to dependencies that the change does not touch.
        reports_unchanged=frozenset(
            (
                "dependencies/vulnerable",
                "dependencies/withdrawn",
                "dependencies/unverified",
            )
        ),
    )

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Read the changed manifests and look up their new packages."""
        from zt_gate.scanners.dependencies.quick_check import (
            may_add_dependency,
            may_be_requirements,
        )

        start = time.monotonic()
        if context.audit_only:
            from zt_gate.scanners.dependencies.environment_audit import audit

            return audit(change, context, start)
        is_relevant = context.audit_all or any(
            may_add_dependency(file) or may_be_requirements(file)
            for file in change.files
        )
        if not is_relevant:
            return ScannerRun(self.info.name, "ok", seconds=time.monotonic() - start)
        from zt_gate.scanners.dependencies.scan import scan

        return scan(change, context, start)


SCANNER = DependenciesScanner()
