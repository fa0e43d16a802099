"""The report formats: one module for each, registered in FORMATS.

A new format is one module here with ``render(report, options) -> bytes``, one
line in the tuple, and a test file of the same name.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from zt_gate.reports.base import Options, ReportError

if TYPE_CHECKING:
    from zt_gate.model.report import Report
    from zt_gate.reports.base import Renderer

__all__ = ["FORMATS", "Options", "ReportError", "render"]

#: Name and module of each format; ``render`` imports a module on first use.
FORMATS: tuple[tuple[str, str], ...] = (
    ("terminal", "zt_gate.reports.terminal"),
    ("json", "zt_gate.reports.json"),
    ("sarif", "zt_gate.reports.sarif"),
    ("github", "zt_gate.reports.github"),
    ("markdown", "zt_gate.reports.markdown"),
    ("gitlab", "zt_gate.reports.gitlab"),
    ("junit", "zt_gate.reports.junit"),
    ("html", "zt_gate.reports.html"),
)


def render(name: str, report: Report, options: Options | None = None) -> bytes:
    """Return the report in the format ``name``, as UTF-8 that ends with a newline.

    Raises ReportError for an unknown format.
    """
    modules = dict(FORMATS)
    if name not in modules:
        supported = ", ".join(modules)
        raise ReportError(f"unknown report format {name!a}; supported: {supported}")
    renderer: Renderer = import_module(modules[name])
    return renderer.render(report, options or Options())
