"""The marks of agents, and that a mark can only make the gate stricter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.planted import key
from tests.support.offenders import each_of
from tests.support.repo import GIT_ENV, Repo
from zt_gate import rulebook
from zt_gate.model.change import Commit
from zt_gate.review import run
from zt_gate.review.authorship import (
    RULE,
    OriginHints,
    detect_origin,
    is_agent_account,
    marks_of,
    matches_wildcard,
)

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.report import Report

RULES = rulebook.load("gate")
MARKS = marks_of(RULES[RULE], {})


def commit(
    message: str = "Fix it", email: str = "ada@example.org", name: str = "Ada"
) -> Commit:
    who = (name.encode(), email.encode())
    return Commit("a" * 40, *who, *who, message.encode())


@pytest.mark.parametrize(
    "marked",
    [
        commit("Fix it\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n"),
        commit(
            "Fix it\n\nco-authored-by: X <209825114+whoever[bot]@users.noreply.github.com>\n"
        ),
        commit(
            "Fix\n\n🤖 Generated with [Claude Code](https://claude.com/claude-code)\n\nmore\n"
        ),
        commit("Fix\n\nAssisted-by: a model\n"),
        commit("Fix\n\nReplit-Commit-Author: Agent\n"),
        commit("aider: rename"),
        commit(email="198982749+Copilot@users.noreply.github.com"),
        commit(email="cursoragent@cursor.com"),
        commit(email="me@aider.chat"),
        commit(name="Ada (aider)"),
    ],
)
def test_marks_in_commits(marked: Commit) -> None:
    found = detect_origin([commit(), marked], OriginHints(), MARKS)
    assert found.ai
    assert found.evidence[0].startswith("commit aaaaaaaaaaaa: ")


@each_of(
    "message",
    [
        "x\n\nCo-authored-by: claude[bot] <41898282+claude[bot]@users.noreply.github.com>",
        "x\n\nCo-Authored-By: Claude <claude@anthropic.com>",
        "x\n\nCo-Authored-By: Claude Code <claude-code@anthropic.com>",
        "x\n\nClaude-Session: https://claude.ai/code/session_01AbC",
        "x\n\nCopilot-Session: 7c146921-0000-4a1e-8cf0-000000000000",
        (
            "x\n\nCo-authored-by: Copilot Autofix powered by AI"
            " <175728472+Copilot@users.noreply.github.com>"
        ),
        (
            "x\n\nCo-authored-by: Copilot Autofix powered by AI"
            " <62310815+github-advanced-security[bot]@users.noreply.github.com>"
        ),
        (
            "x\n\nCo-authored-by: Copilot Autofix powered by AI"
            " <223894421+github-code-quality[bot]@users.noreply.github.com>"
        ),
        "x\n\nCo-Authored-By: opencode (a model) <noreply@opencode.ai>",
        (
            "x\n\nCo-authored-by: opencode-agent[bot]"
            " <219766164+opencode-agent[bot]@users.noreply.github.com>"
        ),
        "x\n\n💘 Generated with Crush\n\nAssisted-by: Crush:model-1",
        "x\n\nCo-Authored-By: Crush <crush@charm.land>",
        "x\n\nCo-Authored-By: Warp <agent@warp.dev>",
        "x\n\nCo-Authored-By: Oz <oz-agent@warp.dev>",
        "x\n\n🤖 Generated with [Codex](https://openai.com/codex)",
        "x\n\nGenerated with [Codex CLI](https://developers.openai.com/codex/cli)",
        "x\n\nCo-authored-by: Codex <267193182+codex@users.noreply.github.com>",
        "x\n\nCo-authored-by: openhands <openhands@all-hands.dev>",
        "x\n\nMade-with: Cursor",
        "x\n\nAmp-Thread-ID: https://ampcode.com/threads/T-1",
        # Indented, as git merge --squash quotes messages, and emphasised.
        "Squash\n\n    x\n\n    Co-Authored-By: Claude <noreply@anthropic.com>",
        "x\n\n*🤖 Generated with Claude Code*",
        "x\n\n> Generated with [Claude Code](https://claude.com/claude-code) via Happy",
    ],
)
def test_marks_of_2026(message: str) -> None:
    assert detect_origin([commit(message)], OriginHints(), MARKS).ai


@each_of(
    "message",
    [
        "Drop the footer\n\nIt removes the Generated with Claude Code line.",
        "Clean up\n\nGenerated with Claude Code lines are stripped from messages.",
        (
            "Clean up\n\n🤖 Generated with [Claude Code](https://claude.com/claude-code)"
            " is removed before the push."
        ),
        (
            "Clean up\n\nGenerated with [Claude Code](https://claude.com/claude-code)"
            " from every message"
        ),
        'docs\n\n"Generated with Claude Code" in the guide',
        "docs\n\n`Co-Authored-By: Claude <noreply@anthropic.com>` was missing",
        "docs\n\nCo-Authored-By: Claude <noreply@anthropic.com> lines are counted twice",
        "fix\n\nCopilot-Session: ids are no secrets",
        "fix\n\nClaude-Session: trailers no longer warn",
        "fix\n\nAssisted-by: trailers are recognised",
        "docs\n\n- [ ] Generated with Claude Code",
        "docs\n\nExample:\n\n```\nCo-Authored-By: Claude <noreply@anthropic.com>\n```\n",
        "Add the Codexirra template\n\nGenerated with [Codexirra](https://codexirra.example)",
        (
            "Release\n\nCo-authored-by: github-actions[bot]"
            " <41898282+github-actions[bot]@users.noreply.github.com>"
        ),
        "Generate with crushed ice\n\nGenerated with Crushftp",
    ],
)
def test_a_sentence_about_a_mark_is_no_mark(message: str) -> None:
    found = detect_origin([commit(message)], OriginHints(), MARKS)
    assert not found.ai, found.evidence


def test_a_fence_that_is_not_closed_hides_no_mark() -> None:
    message = "x\n\n```\nCo-Authored-By: Claude <noreply@anthropic.com>\n"
    assert detect_origin([commit(message)], OriginHints(), MARKS).ai


def test_the_template_of_a_description_is_no_mark() -> None:
    line = "🤖 Generated with [Codex](https://openai.com/codex)"
    template = OriginHints(text=f"Fix\n\n<!-- delete this:\n{line}\n-->\n")
    assert not detect_origin([], template, MARKS).ai
    assert detect_origin([], OriginHints(text=f"Fix\n\n{line}"), MARKS).ai


@each_of(
    "message",
    [
        "x\n\nCo-Authored-By: Weaver <agent@weaver.example>",
        "x\n\n🧵 Woven with loom — https://loom.example",
        "x\n\nLoom-Run: 17",
        "x\n\n> *Woven with loom*",
        "x\n\nReviewed-by: W <7+w@weaver.example>",
    ],
)
def test_the_policy_names_orchestrators(message: str) -> None:
    ai = {"marks": ("*@weaver.example", "woven with loom*", "loom-run: *")}
    marks = marks_of(RULES[RULE], ai)
    assert detect_origin([commit(message)], OriginHints(), marks).ai
    assert not detect_origin([commit(message)], OriginHints(), MARKS).ai


@pytest.mark.parametrize(
    "told",
    [
        OriginHints(labels=("bug", "AI-generated")),
        OriginHints(labels=("Claude",)),
        OriginHints(branch="claude/fix-the-parser"),
        OriginHints(branch="codex/x"),
        OriginHints(author="199175422+anything"),
        OriginHints(text="It fixes it.\n\nGenerated with Claude Code\n"),
    ],
)
def test_marks_outside_of_commits(told: OriginHints) -> None:
    found = detect_origin([commit()], told, MARKS)
    assert found.ai
    assert len(found.evidence) == 1


@pytest.mark.parametrize(
    ("honest", "told"),
    [
        (
            commit("Generate with care\n\nSigned-off-by: Ada <ada@example.org>\n"),
            OriginHints(),
        ),
        (
            commit(name="Claude", email="claude@example.org"),
            OriginHints(),
        ),  # a person may have this name
        (commit(email="209825114@example.org"), OriginHints(author="5+claude[bot]")),
        (
            commit(email="1+x@anthropic.com.example.org"),
            OriginHints(branch="feature/claude"),
        ),
        (
            commit("Fix\n\nReviewed-by: Bob <bob@example.org>"),
            OriginHints(labels=("air", "maintenance")),
        ),
    ],
)
def test_changes_without_a_mark(honest: Commit, told: OriginHints) -> None:
    found = detect_origin([honest], told, MARKS)
    assert not found.ai, found.evidence
    assert found.evidence == ()


def test_the_policy_names_labels_and_adds_marks() -> None:
    ai = {
        "labels": ("robot",),
        "marks": ("tool: weaver*", "weaver/*", "*@weaver.example"),
    }
    marks = marks_of(RULES[RULE], ai, ("from-the-action",))
    for told in (
        OriginHints(labels=("robot",)),
        OriginHints(labels=("from-the-action",)),
        OriginHints(branch="weaver/1"),
        OriginHints(author="x@weaver.example"),
    ):
        assert detect_origin([], told, marks).ai, told
    assert detect_origin([commit("x\n\nTool: Weaver 3")], OriginHints(), marks).ai
    assert detect_origin([commit(email="a@weaver.example")], OriginHints(), marks).ai
    assert not detect_origin([], OriginHints(labels=("claude",)), marks).ai
    assert detect_origin([], OriginHints(branch="claude/x"), marks).ai


def test_evidence_is_listed_up_to_a_limit() -> None:
    found = detect_origin(
        [commit(f"aider: {n}") for n in range(50)], OriginHints(), MARKS
    )
    assert len(found.evidence) == 21
    assert found.evidence[-1] == "and 30 more marks"


def test_known_bots_are_agents_and_people_are_not() -> None:
    assert is_agent_account("198982749+Copilot", MARKS)
    assert not is_agent_account("7+ada", MARKS)
    # The number is the bot of every workflow; the address is the action's.
    assert is_agent_account("41898282+claude[bot]@users.noreply.github.com", MARKS)
    assert not is_agent_account(
        "41898282+github-actions[bot]@users.noreply.github.com", MARKS
    )
    assert not is_agent_account("", MARKS)


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_a_star_matches_any_text(pattern: str, text: str) -> None:
    import re

    wanted = ".*".join(re.escape(part) for part in pattern.split("*"))
    assert matches_wildcard(pattern, text) == bool(re.fullmatch(wanted, text))


@given(st.binary(max_size=300), st.text(max_size=60), st.text(max_size=60))
def test_any_commit_and_hints_give_an_origin(
    data: bytes, label: str, branch: str
) -> None:
    odd = Commit("b" * 40, data, data, data, data, data)
    told = OriginHints(labels=(label,), branch=branch, author=label, text=branch)
    found = detect_origin([odd], told, MARKS)
    assert found.ai == bool(found.evidence)


# In the gate


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write(".zt-gate.toml", 'profile = "advisory"\n')
    made.commit()
    made.git("checkout", "-q", "-b", "topic")
    return made


def judged(repo: Repo, **words: Any) -> Report:
    request = run.Request(
        kind="range", spec="main..topic", folder=repo.path, only=("scope",), **words
    )
    return run.run(request, {**GIT_ENV, "HOME": str(repo.path.parent)})


def test_a_marked_change_is_judged_by_the_strict_profile(repo: Repo) -> None:
    repo.write("a.txt", "a\n")
    repo.commit("Add it\n\nCo-Authored-By: Claude <noreply@anthropic.com>")
    report = judged(repo)
    assert (report.policy.profile, report.origin.ai) == ("strict", True)
    assert "noreply@anthropic.com" in report.origin.evidence[0]
    assert judged(repo, profile="advisory").policy.profile == "strict"


def test_an_unmarked_change_is_judged_by_the_configured_profile(repo: Repo) -> None:
    repo.write("a.txt", "a\n")
    repo.commit()
    assert judged(repo).policy.profile == "advisory"
    assert judged(repo, profile="strict").policy.profile == "strict"
    assert (
        judged(repo, origin_hints=OriginHints(labels=("bug",))).policy.profile
        == "advisory"
    )
    assert (
        judged(repo, origin_hints=OriginHints(labels=("claude",))).policy.profile
        == "strict"
    )
    assert (
        judged(
            repo, origin_hints=OriginHints(labels=("x",)), ai_labels=("x",)
        ).policy.profile
        == "strict"
    )


def test_a_secret_in_a_mark_is_masked(repo: Repo) -> None:
    repo.write("a.txt", "a\n")
    repo.commit(f"Add it\n\nGenerated-by: {key()}")
    report = judged(repo)
    assert report.origin.ai
    assert key() not in "".join(report.origin.evidence)
