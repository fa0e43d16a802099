"""Settings of the documentation site; see CONTRIBUTING.md for the command."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from zt_gate import __version__

project = "zt-gate"
author = "The zt-gate developers"
copyright = "the zt-gate developers"  # noqa: A001 - Sphinx's name
release = version = __version__
extensions = ["myst_parser"]
root_doc = "docs/site"
# The sources are the project's own pages, so that they read alike here and on the forge.
include_patterns = [
    "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "bench/RESULTS.md",
    "docs/**.md", "rules/README.md", "rules/code/tables/README.md",
]  # fmt: skip
myst_heading_anchors = 4
html_theme = "furo"
html_title = f"zt-gate {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
# Text that people copy keeps its characters: '--' and "x", no dashes and curly quotes.
smartquotes = False
html_extra_path = ["site_root"]
# Nothing of a page comes from another host.
html_theme_options = {"source_view_link": "", "source_edit_link": ""}
# Pages that no table of contents lists are reached by links, which the build checks.  Some
# examples of rules are parts of a language (JSX), or text that a rule is about.
suppress_warnings = ["toc.not_included", "misc.highlighting_failure"]
