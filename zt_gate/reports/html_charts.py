"""The charts of the HTML report: bars as inline SVG, with the numbers as text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from zt_gate.model.finding import Level
from zt_gate.reports.escape import html_text
from zt_gate.reports.summary import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zt_gate.model.report import JudgedFinding
    from zt_gate.reports.base import PastRun

#: Rows of a chart; one more row has the rest.
_MOST_ROWS = 12
#: Class of a bar's part: findings that block, warn and inform, and those with an exception.
_PARTS = ("b", "w", "i", "n")
_NAMES = ("blocking", "warnings", "info", "with an exception")
_WIDTH = 100
_TREND_HEIGHT = 60
#: A chart of fewer runs leaves room, so that its bars are as narrow.
_FEWEST_BARS = 20


def charts(findings: Sequence[JudgedFinding]) -> Iterator[str]:
    """Yield the charts by scanner, rule and folder."""
    yield '<div class="key soft">'
    for part, name in zip(_PARTS, _NAMES, strict=True):
        yield (
            f'<span><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="{part}" '
            f'width="10" height="10"/></svg>{name}</span>'
        )
    yield '</div><div class="charts">'
    for title, key in (
        ("By scanner", lambda item: item.finding.scanner),
        ("By rule", lambda item: item.finding.rule),
        ("By folder", folder_of),
    ):
        yield from _chart(title, findings, key)
    yield "</div>"


def folder_of(item: JudgedFinding) -> str | bytes:
    """Return the folder of a finding, at most two levels deep."""
    path = item.finding.location.path
    if path is None:
        return "(the change)"
    folders = path.split(b"/")[:-1]
    return b"/".join(folders[:2]) + b"/" if folders else "(top folder)"


def trend(past: Sequence[PastRun]) -> Iterator[str]:
    """Yield the chart of the latest runs in the audit log."""
    if not past:
        return
    most = max(1, *(run.block + run.warn for run in past))
    first, last = html_text(past[0].time), html_text(past[-1].time)
    yield (
        '<h2>Latest runs</h2><div class="trend"><svg preserveAspectRatio="none" '
        f'viewBox="0 0 {max(len(past), _FEWEST_BARS) * 10} {_TREND_HEIGHT}" role="img" '
        f'aria-label="{plural(len(past), "run")}">'
    )
    for index, run in enumerate(past):
        top = float(_TREND_HEIGHT)
        for part, number in (("b", run.block), ("w", run.warn)):
            height = number * (_TREND_HEIGHT - 4) / most
            top -= height
            title = (
                f"{run.time}: {run.verdict}, {run.block} blocking, {run.warn} warnings"
            )
            yield (
                f'<rect class="{part}" x="{index * 10 + 1}" y="{top:.1f}" width="8" '
                f'height="{height:.1f}"><title>{html_text(title)}</title></rect>'
            )
        if run.block + run.warn == 0:
            place = f'x="{index * 10 + 1}" y="{_TREND_HEIGHT - 1}"'
            yield f'<rect class="n" {place} width="8" height="1"/>'
    verdicts = Counter(run.verdict for run in past)
    words = ", ".join(
        f"{number} {html_text(name)}" for name, number in verdicts.items()
    )
    yield (
        f'</svg></div><p class="soft">{plural(len(past), "run")} in the audit log, {first} '
        f"to {last}: {words}; at most {most} findings in one run</p>"
    )


def _chart(
    title: str,
    findings: Sequence[JudgedFinding],
    key: Callable[[JudgedFinding], str | bytes],
) -> Iterator[str]:
    rows: dict[str | bytes, list[int]] = {}
    for item in findings:
        rows.setdefault(key(item), [0, 0, 0, 0])[_part_of(item)] += 1
    ordered = sorted(rows.items(), key=lambda row: (-sum(row[1]), html_text(row[0])))
    shown = [
        (html_text(name).replace("/", "/<wbr>"), numbers)
        for name, numbers in ordered[:_MOST_ROWS]
    ]
    most = max((sum(numbers) for _, numbers in shown), default=1)
    yield f'<div><h3>{title}</h3><table class="chart"><tbody>'
    for name, numbers in shown:
        bar = _bar(numbers, most)
        yield f"<tr><th>{name}</th><td>{bar}</td><td>{sum(numbers)}</td></tr>"
    rest = ordered[_MOST_ROWS:]
    if rest:
        total = sum(sum(numbers) for _, numbers in rest)
        yield f"<tr><th>{len(rest)} more</th><td></td><td>{total}</td></tr>"
    yield "</tbody></table></div>"


def _part_of(item: JudgedFinding) -> int:
    if item.state != "active":
        return 3
    return {Level.BLOCK: 0, Level.WARN: 1, Level.INFO: 2}[item.level]


def _bar(numbers: Sequence[int], most: int) -> str:
    rects = []
    start = 0.0
    for part, number in zip(_PARTS, numbers, strict=True):
        if number:
            width = max(0.5, number * _WIDTH / most)
            rects.append(
                f'<rect class="{part}" x="{start:.2f}" width="{width:.2f}" height="10"/>'
            )
            start += width
    return (
        f'<svg viewBox="0 0 {_WIDTH} 10" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(rects)}</svg>"
    )
