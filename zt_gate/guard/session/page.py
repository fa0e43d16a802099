"""A session as one HTML page with a timeline; it loads nothing and runs nothing."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import TYPE_CHECKING

from zt_gate.guard.session import anomaly
from zt_gate.guard.session.account import KINDS
from zt_gate.reports.escape import html_text
from zt_gate.reports.html_assets import STYLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.guard.session.account import Deed, SessionAccount

_MOST_ROWS = 2000
_MOST_MARKS = 4000
_LONGEST = 600
_WIDTH, _ROW = 1000, 22
_OWN_STYLE = (
    STYLE
    + """
svg.time { height: auto; } svg.time text { font: 12px system-ui, sans-serif; fill: var(--soft); }
svg.time rect.silent { fill: var(--info); } svg.time rect.ask { fill: var(--warn); }
svg.time rect.deny { fill: var(--block); } svg.time line { stroke: var(--line); }
svg.time line.sign { stroke: var(--block); stroke-dasharray: 4 3; }
tr.deny td { color: var(--block); } tr.ask td { color: var(--warn); }
"""
)


def session_page(account: SessionAccount) -> bytes:
    """Return the page."""
    return ("\n".join(_page(account)) + "\n").encode("utf-8")


def _page(account: SessionAccount) -> Iterator[str]:
    session = account.session
    digest = base64.b64encode(hashlib.sha256(_OWN_STYLE.encode()).digest()).decode()
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\">"
    )
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>Session {html_text(session.id)}</title><style>{_OWN_STYLE}</style></head><body>"
    yield f"<h1>Session {html_text(session.id)}</h1>"
    state = (
        "contained" if session.contained and not session.release else "not contained"
    )
    if session.contained and session.release:
        state = "released"
    yield f'<p><span class="verdict {"fail" if state == "contained" else "pass"}">{state}</span> '
    yield f"{_text(session.contained_for)}</p>"
    yield (
        f'<p class="soft">{_text(session.root)}, task {_text(session.task or "none")}, '
        f"{account.events} events, {_time(session.started)} to {_time(session.seen)}, "
        f"{_text(session.identity)}</p>"
    )
    yield from _signs(account)
    yield "<h2>Timeline</h2>"
    yield from _drawing(account)
    yield from _counts(account)
    yield from _git(account)
    yield from _rows(account)
    yield "</body></html>"


def _signs(account: SessionAccount) -> Iterator[str]:
    if not account.signs and not account.tainted:
        return
    yield '<div class="errors"><h2>Unusual</h2><ul>'
    for at, sign in account.signs:
        kind = "strong" if sign.is_strong else "weak"
        yield f"<li>{_text(at)} ({kind}): {_text(sign.reason)}</li>"
    for at, what in account.tainted[:50]:
        yield f"<li>{_text(at)}: a text that addresses an agent, in {_text(what)}</li>"
    yield "</ul></div>"


def _drawing(account: SessionAccount) -> Iterator[str]:
    """Draw a row for each kind of deed, with a mark for each deed."""
    deeds = account.deeds[-_MOST_MARKS:]
    if not deeds:
        yield '<p class="soft">The log has no events of it.</p>'
        return
    times = [anomaly.seconds_of(deed.time) for deed in deeds]
    first, span = min(times), max(max(times) - min(times), 1.0)
    kinds = [kind for kind in KINDS if any(deed.kind == kind for deed in deeds)]
    height = _ROW * len(kinds) + 24
    yield (
        f'<svg class="time" viewBox="0 0 {_WIDTH + 110} {height}" role="img" '
        'aria-label="what the session did, over time">'
    )
    for row, kind in enumerate(kinds):
        top = row * _ROW
        yield f'<text x="0" y="{top + 15}">{KINDS[kind]}</text>'
        yield f'<line x1="105" y1="{top + _ROW - 2}" x2="{_WIDTH + 105}" y2="{top + _ROW - 2}"/>'
        for deed, at in zip(deeds, times, strict=True):
            if deed.kind == kind:
                yield _mark(deed, 105 + (at - first) / span * (_WIDTH - 4), top + 3)
    for since, _sign in account.signs:
        x = 105 + (anomaly.seconds_of(since) - first) / span * (_WIDTH - 4)
        yield f'<line class="sign" x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{height - 22}"/>'
    yield f'<text x="105" y="{height - 6}">{_text(deeds[0].time)}</text>'
    yield (
        f'<text x="{_WIDTH + 105}" y="{height - 6}" text-anchor="end">'
        f"{_text(deeds[-1].time)}</text></svg>"
    )
    yield '<p class="soft">Blue: passed, yellow: asked, red: denied. Dashed: unusual.</p>'


def _mark(deed: Deed, x: float, y: int) -> str:
    answer = deed.answer if deed.answer in {"ask", "deny"} else "silent"
    return (
        f'<rect class="{answer}" x="{x:.1f}" y="{y}" width="3" height="{_ROW - 8}">'
        f"<title>{_text(deed.time)} {_text(deed.text)}</title></rect>"
    )


def _counts(account: SessionAccount) -> Iterator[str]:
    yield '<table class="list"><thead><tr><th>What</th><th>Done</th><th>Denied</th></tr></thead>'
    yield "<tbody>"
    for kind, title in KINDS.items():
        denied = sum(deed.kind == kind for deed in account.denied)
        yield f"<tr><td>{title}</td><td>{len(account.of_kind(kind))}</td><td>{denied}</td></tr>"
    yield "</tbody></table>"


def _git(account: SessionAccount) -> Iterator[str]:
    git = account.git
    yield "<h2>Files and git</h2>"
    if git.then is not None:
        yield (
            f"<p>At the beginning <code>{_text(git.then.head[:12] or 'no commit')}</code> on "
            f"{_text(git.then.branch)}, now <code>{_text(git.head[:12] or 'no commit')}</code> "
            f"on {_text(git.branch)}.</p>"
        )
    if git.problem:
        yield f'<p class="warn">{_text(git.problem)}</p>'
    for title, lines in (
        ("Commits", git.commits),
        ("Changed in .git", git.changed_git_files),
        ("Different now", [f"{step.path}: {step.reason}" for step in git.steps]),
    ):
        if lines:
            yield f"<h3>{title}</h3><ul>"
            yield from (f"<li><code>{_text(line)}</code></li>" for line in lines[:200])
            yield "</ul>"
            if len(lines) > 200:
                yield f'<p class="soft">and {len(lines) - 200} more</p>'


def _rows(account: SessionAccount) -> Iterator[str]:
    deeds = account.deeds[-_MOST_ROWS:]
    yield '<h2>Events</h2><div class="scroll"><table class="list"><thead><tr>'
    yield "<th>Time</th><th>What</th><th></th><th>Answer</th><th>Why</th></tr></thead><tbody>"
    for deed in deeds:
        answer = deed.answer if deed.answer in {"ask", "deny"} else "silent"
        controls = ", ".join(name for name, _ in deed.controls)
        yield (
            f'<tr class="{answer}"><td>{_text(deed.time)}</td><td>{_text(deed.kind)}</td>'
            f'<td class="wide"><code>{_text(deed.text)}</code></td><td>{_text(deed.answer)}</td>'
            f'<td class="wide">{_text(controls)}</td></tr>'
        )
    yield "</tbody></table></div>"
    if len(account.deeds) > len(deeds):
        yield f'<p class="soft">{len(account.deeds) - len(deeds)} earlier ones are in the log.</p>'


def _text(text: str) -> str:
    return html_text(text if len(text) <= _LONGEST else text[:_LONGEST])


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(seconds))
