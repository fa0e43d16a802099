"""Draws bars from the tables of bench/RESULTS.md as SVG."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
#: Colours that are told apart in every kind of colour blindness (Okabe and Ito, 2008).
COLOURS = {"zt-gate": "#0072B2", "other": "#999999"}
_ROW, _LABEL, _BAR, _VALUE = 26, 250, 380, 90


def bars(title: str, rows: list[tuple[str, float]], unit: str) -> str:
    """Return horizontal bars; labels that begin with zt-gate have a colour of their own."""
    height = 44 + _ROW * len(rows) + 10
    width = _LABEL + _BAR + _VALUE
    most = max(value for _, value in rows) or 1
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            f'aria-label="{escape(title)}" font-family="system-ui, sans-serif" font-size="14">'
        ),
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="26" font-weight="bold">{escape(title)}</text>',
    ]
    for index, (label, value) in enumerate(rows):
        y = 44 + _ROW * index
        colour = COLOURS["zt-gate" if label.startswith("zt-gate") else "other"]
        length = max(1, round(_BAR * value / most))
        parts += [
            f'<text x="{_LABEL - 8}" y="{y + 16}" text-anchor="end">{escape(label)}</text>',
            (
                f'<rect x="{_LABEL}" y="{y + 3}" width="{length}" height="{_ROW - 8}" '
                f'fill="{colour}"/>'
            ),
            f'<text x="{_LABEL + length + 6}" y="{y + 16}">{value:g} {escape(unit)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def speed_rows(body: str) -> list[tuple[str, float]]:
    """Return CPU seconds through pre-commit of the first kind of file, and of its peers."""
    rows: list[tuple[str, float]] = []
    for line in body.splitlines():
        match = re.match(
            r"\| (.+?), (?:through pre-commit, )?wall; CPU \| [0-9.]+; ([0-9.]+) s",
            line,
        )
        if match is None or "empty hook" in match[1] or "ratio" in match[1]:
            continue
        label = match[1].removeprefix("… ")
        is_own = not line.startswith("| …")
        if is_own and rows:
            break
        rows.append(("zt-gate" if is_own else label, float(match[2])))
    return rows


def write(bodies: dict[str, str]) -> None:
    """Write the plots whose sections are there."""
    rows = speed_rows(bodies.get("speed", ""))
    if rows:
        title = "One Python file of 50 lines through pre-commit, CPU seconds"
        (IMAGES / "speed.svg").write_text(bars(title, rows, "s"), "utf-8")
