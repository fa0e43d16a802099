from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from markdown_it import MarkdownIt

from tests.reports.snapshot import same_as_snapshot
from tests.reports.strategies import reports
from tests.support import reports as make
from zt_gate.model.report import NotInspected, Report, Verdict
from zt_gate.reports import render
from zt_gate.reports.base import Options

#: What may stand in the page besides text and code.
TOKENS = {
    "inline", "html_block", "fence",
    *(f"{name}_{end}" for end in ("open", "close") for name in (
        "heading", "paragraph", "bullet_list", "list_item", "table", "thead", "tbody", "tr", "th",
        "td",
    )),
}  # fmt: skip
INLINE = {
    "text",
    "code_inline",
    "strong_open",
    "strong_close",
    "em_open",
    "em_close",
    "softbreak",
}
OURS = re.compile(
    r"<!-- zt-gate -->\n|</details>\n|"
    r"<details( open)?><summary><b>[A-Za-z]+</b>( <code>[^<>\n]*</code>){2}"
    r"( and \d+ more)?</summary>\n"
)
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def check(text: str) -> int:
    """Read the page as GitHub's parser does; return how many blocks unfold."""
    unfold = blocks = 0
    for token in PARSER.parse(text):
        assert token.type in TOKENS, token
        if token.type == "html_block":
            assert OURS.fullmatch(
                token.content + "\n" * (not token.content.endswith("\n"))
            ), token
            opens = token.content.startswith("<details")
            blocks += opens
            unfold += opens
            unfold -= 1 if token.content.startswith("</details") else 0
            assert unfold in {0, 1}
        if token.type == "fence":
            assert token.markup == "`" * len(token.markup)
        for inline in token.children or ():
            assert inline.type in INLINE, inline
            if inline.type == "text":
                assert not re.search(r"[@<>#\[\]!|]|://|www\.", inline.content), inline
    assert unfold == 0
    return blocks


@pytest.mark.parametrize("name", ["report", "failing", "incomplete", "hostile"])
def test_looks(name: str) -> None:
    # In groups only the first of the hostile places would be shown in full.
    options = Options(verbose=name == "hostile")
    data = render("markdown", getattr(make, name)(), options)
    same_as_snapshot(f"markdown-{name}.md", data)
    check(data.decode())


def test_findings_unfold_and_info_only_if_verbose() -> None:
    assert check(render("markdown", make.failing()).decode()) == 7
    assert (
        check(render("markdown", make.failing(), Options(verbose=True)).decode()) == 8
    )
    assert (
        "level info, not listed: 1 finding"
        in render("markdown", make.failing()).decode()
    )


@given(reports())
@example(
    make.report(
        findings=(replace(make.judged(make.finding()), state_reason="<details"),)
    )
)
def test_any_text_is_only_shown(report: Report) -> None:
    text = render("markdown", report, Options(verbose=True)).decode()
    assert all(ch == "\n" or ch.isprintable() for ch in text)
    assert check(text) == len(report.findings)
    assert "##[" not in text
    assert not re.search(r"^\s*::", text, re.MULTILINE)


def test_a_suggestion_starts_no_workflow_command() -> None:
    finding = make.finding(fix="::error::owned\n\t::add-mask::x\n```\n")
    text = render("markdown", make.report(findings=(make.judged(finding),))).decode()
    assert "\n\\x3a:error::owned\n    \\x3a:add-mask::x\n" in text
    assert check(text) == 1


@pytest.mark.parametrize("limit", [65_536, 20_000, 2_000])
def test_a_comment_has_a_limit_and_counts_what_is_left_out(limit: int) -> None:
    findings = tuple(
        make.judged(make.finding(rule=f"code/x-{n}"), fingerprint=f"{n:032}")
        for n in range(400)
    )
    items = tuple(
        NotInspected(b"f%d" % n, "failed", f"no answer {n}") for n in range(2000)
    )
    report = make.report(
        verdict=Verdict.FAIL,
        complete=False,
        findings=findings,
        runs=(make.run(not_inspected=items),),
    )
    text = render("markdown", report, Options(limit=limit)).decode()
    assert len(text.encode()) <= limit
    shown = check(text)
    assert f"*{400 - shown} findings left out" in text
    reasons = text.count("- **failed:**")
    assert f"*{2000 - reasons} reasons left out" in text
    assert "zt-gate: ❌ FAIL" in text
