"""README's picture and figures are those of the project."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from bench import plots, results

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_picture_is_what_the_gate_prints_today() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/report_picture.py", "--check"],
        cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_readme_shows_the_picture() -> None:
    assert "](docs/images/report.svg)" in README


def test_every_figure_of_readme_is_in_the_results() -> None:
    page = (ROOT / "bench" / "RESULTS.md").read_text("utf-8")
    table = README.partition("## Figures\n")[2].partition("\n\nThe cases")[0]
    rows = [row for row in table.splitlines() if row.startswith("| ")][1:]
    assert len(rows) >= 5
    for row in rows:
        _, own, peers = (cell.strip() for cell in row.strip("|").split(" | "))
        for figure in re.findall(r"\d*\.\d+|\d+(?= %)", f"{own} {peers}"):
            # Shares are in RESULTS as 0.614 or 0.61, in README as .61.
            assert figure.removeprefix("0") in page, (row, figure)


def test_sections_are_kept_when_others_are_measured() -> None:
    bodies = {"speed": "## Speed\n\nx\n", "code": "## Code\n\n| a |\n"}
    assert results.kept(results.page_of(bodies)) == bodies
    assert results.kept("") == {}
    page = (ROOT / "bench" / "RESULTS.md").read_text("utf-8")
    assert results.page_of(results.kept(page)) == page


def test_a_plot_has_a_bar_for_each_row_and_escapes_labels() -> None:
    body = (
        "| pre-commit with an empty hook, wall; CPU | 0.14; 0.10 s |  |\n"
        "| one file, through pre-commit, wall; CPU | 0.40; 0.60 s |  |\n"
        "| … a <b> & c, wall; CPU | 2.24; 3.00 s |  |\n"
        "| … as a ratio to the gate, wall; CPU | 5.6; 5.0 |  |\n"
        "| another, through pre-commit, wall; CPU | 1.00; 1.00 s |  |\n"
    )
    rows = plots.speed_rows(body)
    assert rows == [("zt-gate", 0.6), ("a <b> & c", 3.0)]
    drawn = plots.bars("Speed", rows, "s")
    assert drawn.count("<rect ") == 3
    assert "a &lt;b&gt; &amp; c" in drawn
