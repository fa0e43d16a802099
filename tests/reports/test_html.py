"""The HTML report: nothing of the change becomes markup, and a browser shows it."""

from __future__ import annotations

import base64
import ctypes
import hashlib
import os
import re
import resource
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from tests.reports.snapshot import same_as_snapshot
from tests.reports.strategies import reports
from tests.support import reports as make
from zt_gate.model.finding import Level
from zt_gate.model.report import Verdict
from zt_gate.reports import html, render
from zt_gate.reports.base import Options, PastRun
from zt_gate.reports.html_assets import SCRIPT, STYLE

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.report import Report

#: Elements and attributes that the page may have.  No attribute holds a style, an event
#: or an address that is loaded.
ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "p", "span",
    "div", "ul", "li", "svg", "rect", "table", "thead", "tbody", "tr", "th", "td", "form",
    "input", "select", "option", "section", "article", "code", "pre", "mark", "br", "wbr", "a",
    "strong", "script",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "id", "data-level",
    "data-state", "data-rule", "data-scanner", "href", "rel", "value", "type", "placeholder",
    "aria-label", "aria-hidden", "role", "viewbox", "preserveaspectratio", "width", "height",
    "x", "y",
}  # fmt: skip
VOID = {"meta", "input", "br", "wbr"}


class Page(HTMLParser):
    """Everything in the page that is not text."""

    def __init__(self, data: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: dict[str, list[str]] = {}
        self.other: list[str] = []
        self.open: list[str] = []
        self.feed(data.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    def handle_pi(self, data: str) -> None:
        self.other.append(data)

    def unknown_decl(self, data: str) -> None:
        self.other.append(data)


def assert_is_safe(page: Page) -> None:
    assert page.open == []
    assert set(page.elements) <= ELEMENTS
    assert {name for name, _ in page.attributes} <= ATTRIBUTES
    assert page.other == []
    assert "".join(page.texts["script"]) == SCRIPT
    assert "".join(page.texts["style"]) == STYLE
    for count in ("script", "style", "form", "head", "body"):
        assert page.elements.count(count) <= 1
    for name, value in page.attributes:
        if name == "href":
            assert value.startswith(("#", "https://"))


@given(reports())
def test_nothing_of_a_report_becomes_markup(report: Report) -> None:
    past = tuple(PastRun(text, text, 1, 2) for text in (report.base, *report.errors))
    page = Page(render("html", report, Options(past=past, verbose=True)))
    assert_is_safe(page)


@pytest.mark.parametrize("text", [
    "<script>alert(1)</script>", '"><img src=x onerror=y>', "</code></pre><b>", "<!-- x -->",
    "&lt;script&gt;", "]]><x>", "javascript:alert(1)", "' onmouseover='x", "</title><script>",
    "</style><script>", "\u202e<b>", "<svg/onload=x>", "\x00<i>", "{{x}}", "<?php ?>",
])  # fmt: skip
def test_a_hostile_text_is_shown_as_text(text: str) -> None:
    finding = make.finding(message=text, title=text, why=text, remedy=text, fix=text)
    finding = replace(
        finding,
        rule=f"code/{text}",
        location=replace(finding.location, path=text.encode()),
        references=(text, f"https://a.example/{text}"),
    )
    item = replace(
        make.judged(finding), state="ignored", state_reason=text, state_by=text
    )
    report = make.report(
        findings=(item, replace(item, state="active")),
        errors=(text,),
        base=text,
        nothing=text,
    )
    page = Page(render("html", report))
    assert_is_safe(page)
    shown = "".join(part for parts in page.texts.values() for part in parts)
    assert html_visible(text) in shown


def html_visible(text: str) -> str:
    from zt_gate.reports.escape import visible

    return visible(text)


def test_the_page_allows_only_its_own_style_and_script() -> None:
    page = render("html", make.failing()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    assert "http" not in policy[1]
    for text in (STYLE, SCRIPT):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy[1]
    # The policy stands before everything that it must govern.
    assert page.index("Content-Security-Policy") < page.index("<style>")
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    assert "innerHTML" not in SCRIPT


@pytest.mark.parametrize("name", ["failing", "report"])
def test_the_page_as_a_user_sees_it(name: str) -> None:
    report: Report = getattr(make, name)()
    same_as_snapshot(f"html-{name}.html", render("html", report))


def many(number: int) -> Report:
    first = make.judged()
    place = first.finding.location
    items = tuple(
        replace(
            first,
            level=(Level.BLOCK, Level.WARN, Level.INFO)[index * 3 // number],
            fingerprint=f"{index:032x}",
            finding=replace(
                first.finding,
                rule=f"code/rule-{index % 40}",
                location=replace(
                    place, path=b"src/part%d/f%d.py" % (index % 50, index % 900)
                ),
            ),
        )
        for index in range(number)
    )
    return make.report(findings=items, verdict=Verdict.FAIL)


@pytest.mark.parametrize("number", [1, 1999, 2000, 2001, 10_000])
def test_what_the_page_leaves_out_is_counted(number: int) -> None:
    data = render("html", many(number))
    page = Page(data)
    assert page.elements.count("article") == min(number, html.MOST_FINDINGS)
    left_out = number - html.MOST_FINDINGS
    text = data.decode()
    if left_out <= 0:
        assert "Not listed here" not in text
    elif left_out == 1:
        assert "Not listed here: 1 more finding." in text
    else:
        assert f"Not listed here: {left_out} more findings." in text
    # The worst are listed, and the charts count all.
    assert text.count('data-level="block"') == min((number + 2) // 3, 2000)
    assert f"<td>{number}</td>" in text


def test_the_trend_of_the_log() -> None:
    past = tuple(
        PastRun(f"2026-01-{day:02}", "pass", day % 3, 1) for day in range(1, 31)
    )
    page = render("html", make.report(), Options(past=past)).decode()
    assert "30 runs in the audit log, 2026-01-01 to 2026-01-30" in page
    assert "Latest runs" not in render("html", make.report()).decode()


def test_few_runs_leave_room_and_many_fill_the_chart() -> None:
    for number, width in ((1, 200), (20, 200), (30, 300)):
        past = (PastRun("2026-01-01", "pass", 1, 1),) * number
        page = render("html", make.report(), Options(past=past)).decode()
        assert f'viewBox="0 0 {width} 60"' in page


def test_words_between_backticks_are_code_and_stay_escaped() -> None:
    finding = make.finding(message="`a.b` and `<b>` run", why="one ` alone: <i>")
    page = render("html", make.report(findings=(make.judged(finding),))).decode()
    assert "<code>a.b</code> and <code>&lt;b&gt;</code> run" in page
    assert "one ` alone: &lt;i&gt;" in page


def test_commits_are_named_in_the_length_that_people_read() -> None:
    report = replace(make.report(), base="a" * 40, head="a-branch-" + "b" * 31)
    page = render("html", report).decode()
    assert f"from {'a' * 12} to a-branch-{'b' * 31} " in page


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
_PR_SET_CHILD_SUBREAPER = 36


def dom(tmp_path: Path, data: bytes) -> str:
    """Open the page in the browser, and return its elements after the script ran."""
    file = tmp_path / "page.html"
    file.write_bytes(data)
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    done = subprocess.run(
        [str(CHROMIUM), *words, profile, file.as_uri()],
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


def cpu_of(tmp_path: Path, data: bytes) -> float:
    """Return the CPU seconds of the browser with all its processes, its start included."""
    pid = os.fork()
    if pid == 0:
        # What the browser's own processes leave behind is counted, too.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        dom(tmp_path, data)
        try:
            while True:
                os.wait()
        except ChildProcessError:
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
        (tmp_path / "cpu").write_text(str(used.ru_utime + used.ru_stime))
        os._exit(0)
    os.waitpid(pid, 0)
    return float((tmp_path / "cpu").read_text())


@pytest.mark.slow
@in_browser
def test_the_script_runs_under_the_policy_of_the_page(tmp_path: Path) -> None:
    shown = dom(tmp_path, render("html", many(60)))
    assert '<html lang="en" class="js">' in shown
    assert ">60 shown<" in shown


@pytest.mark.slow
@in_browser
@pytest.mark.parametrize("text", [
    "<img src=x onerror=\"document.title='owned'\">", "<script>document.title='owned'</script>",
    "</script><script>document.title='owned'</script>", "<svg onload=\"document.title='owned'\">",
])  # fmt: skip
def test_a_browser_runs_nothing_of_the_change(tmp_path: Path, text: str) -> None:
    finding = make.finding(message=text, title=text, why=text, fix=text)
    report = make.report(findings=(make.judged(finding),), errors=(text,))
    shown = dom(tmp_path, render("html", report))
    assert "owned</title>" not in shown
    assert "<img" not in shown


@pytest.mark.slow
@in_browser
def test_ten_thousand_findings_cost_the_browser_little(tmp_path: Path) -> None:
    """Two seconds of CPU time beyond those of an empty page."""
    empty = cpu_of(tmp_path, b"<!DOCTYPE html><title>x</title>")
    assert cpu_of(tmp_path, render("html", many(10_000))) - empty < 2.0
