"""Levels of protection, the friction of a log, and proposals from denials."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.guard.test_hook import Guarded, guarded, reason_of
from tests.guard.test_incident import here
from zt_gate.cli import main
from zt_gate.guard import posture
from zt_gate.guard.feedback import earlier_proposals, proposals
from zt_gate.guard.install.record import write_record
from zt_gate.guard.posture import Friction, Need, posture_of
from zt_gate.guard.private_file import GuardStateError

__all__ = ["guarded", "here"]  # the fixtures

TODAY = "2026-11-30"
NOTHING = Friction(30)


def needs(*missing: int) -> tuple[Need, ...]:
    return tuple(
        Need(level, f"need {level}", "do it" if level in missing else "")
        for level in range(1, 5)
    )


def level(*missing: int, reviewed: str = TODAY, drilled: str = TODAY) -> int:
    return posture_of(needs(*missing), NOTHING, reviewed, drilled, TODAY).level


def test_a_level_needs_all_below_it() -> None:
    assert level(1, 2, 3, 4) == 0
    assert level(2, 3, 4) == 1
    assert level(2) == 1
    assert level(4) == 3
    assert level() == 4


def test_an_old_review_and_an_old_drill_lower_it() -> None:
    assert level(reviewed="2026-09-01") == 4, "90 days"
    assert level(reviewed="2026-08-31") == 3, "91 days"
    assert level(drilled="2026-10-31") == 4, "30 days"
    assert level(drilled="2026-10-30") == 3
    assert level(reviewed="", drilled="") == 2
    assert level(reviewed="2027-05-01") == 3, "a day to come is none"
    assert level(1, 2, 3, 4, reviewed="") == 0


def test_the_next_steps_are_those_of_the_next_level() -> None:
    found = posture_of(needs(2, 4), NOTHING, "", TODAY, TODAY)
    assert found.level == 0
    assert found.reached == 1
    assert len(found.next_steps) == 2
    assert "guard permissions" in found.next_steps[0]
    assert found.next_steps[1] == "need 2: do it"


def test_friction_is_that_of_this_repository_and_of_calls(guarded: Guarded) -> None:
    guarded.send("SessionStart", source="startup")
    guarded.read("src/a.py")
    guarded.read("~/.aws/credentials")
    entries = guarded.entries()
    now = time.time()
    found = posture.friction_of(entries, guarded.root, 30, now)
    assert (found.calls, found.denied, found.asked, found.sessions) == (2, 1, 0, 1)
    assert found.controls == {"credentials/file-read": 1}
    assert "50.0 % denied" in found.text
    assert posture.friction_of(entries, "/elsewhere", 30, now).calls == 0
    later = now + 40 * 86_400
    assert posture.friction_of(entries, guarded.root, 30, later).calls == 0


def test_drills_and_reviews_are_remembered(guarded: Guarded) -> None:
    assert posture.last_drill(guarded.places) == ""
    assert posture.last_review(guarded.places, guarded.root, ()) == ""
    posture.record_drill(guarded.places, TODAY)
    assert posture.last_drill(guarded.places) == TODAY
    path = Path(guarded.places.state, posture.REVIEWS_FILE)
    path.write_text("[")
    with pytest.raises(GuardStateError, match="damaged"):
        posture.last_review(guarded.places, guarded.root, ())


def test_the_oldest_review_of_what_is_permitted_counts(guarded: Guarded) -> None:
    def last(*entries: str, root: str = guarded.root) -> str:
        return posture.last_review(guarded.places, root, entries)

    reviews = {
        posture.project_key(guarded.root): {"date": TODAY},
        "a": {"date": "2026-01-02"},
        "b": {"date": TODAY},
    }
    path = Path(guarded.places.state, posture.REVIEWS_FILE)
    path.write_text(json.dumps(reviews))
    assert last("a", "b") == "2026-01-02"
    assert last("b") == TODAY
    assert last() == TODAY, "nothing is permitted, and a person has looked"
    assert last("b", "new") == "", "one that nobody has seen"
    assert last(root="/elsewhere") == "", "another project's review is none of this one"


def test_a_change_from_summer_time_adds_no_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert level(reviewed="2026-09-01") == 4, "90 days, and an hour"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_old_reviews_and_drills_lower_the_level_of_the_command(
    here: Guarded,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def level_now() -> tuple[int, list[str]]:
        main(["guard", "posture", "--json"])
        table = json.loads(capsys.readouterr().out)
        assert table["reached"] == 2
        return table["level"], table["lowered"]

    def day(days: int) -> str:
        return time.strftime("%Y-%m-%d", time.gmtime(time.time() - days * 86_400))

    write_record(here.places, "claude-code", {"task": "develop", "sandbox": True})
    here.read("src/a.py")
    posture.record_drill(here.places, day(1))
    monkeypatch.setenv("HOME", here.places.home)
    assert main(["guard", "permissions", "--reviewed"]) == 0
    capsys.readouterr()
    assert level_now() == (2, [])
    settings = Path(here.root, ".claude", "settings.json")
    settings.parent.mkdir()
    settings.write_text('{"permissions": {"allow": ["Bash(make test)"]}}')
    low, why = level_now()
    assert low == 1
    assert "some permissions were never reviewed" in why[0]
    assert main(["guard", "permissions", "--reviewed"]) == 0
    capsys.readouterr()
    assert level_now() == (2, [])
    file = Path(here.places.state, posture.REVIEWS_FILE)
    file.write_text(file.read_text().replace(day(0), day(92)))
    posture.record_drill(here.places, day(32))
    low, why = level_now()
    assert (low, len(why)) == (0, 2)
    assert day(92) in why[0]
    assert day(32) in why[1]


def test_the_command_says_what_is_missing(
    here: Guarded, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["guard", "posture"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("level 0 of 4: nothing in force")
    assert "a client is guarded: zt-gate guard install" in said
    write_record(here.places, "claude-code", {"task": "develop", "sandbox": True})
    here.read("src/a.py")
    posture.record_drill(here.places, time.strftime("%Y-%m-%d", time.gmtime()))
    assert main(["guard", "posture", "--json", "--at-least", "1"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert (table["level"], table["reached"]) == (1, 2)
    assert table["friction"]["calls"] == 1
    assert any("git hook" in step for step in table["next"])
    assert main(["guard", "posture", "--at-least", "3"]) == 1


def test_a_log_that_was_changed_is_missing(
    here: Guarded, capsys: pytest.CaptureFixture[str]
) -> None:
    here.read("src/a.py")
    (file,) = Path(here.places.logs).glob("*.jsonl")
    file.write_text(file.read_text().replace("src/a.py", "src/b.py"))
    main(["guard", "posture", "--json"])
    table = json.loads(capsys.readouterr().out)
    (need,) = [row for row in table["needs"] if "chain" in row["what"]]
    assert need["missing"]


def denial(control: str, session: str, days: float = 1, **more: Any) -> dict[str, Any]:
    at = time.gmtime(time.time() - days * 86_400)
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", at),
        "session": session,
        "answer": "deny",
        "task": "refactor",
        "concerns": [{"control": control, "answer": "deny", "mode": "enforce"}],
        **more,
    }


def test_denials_that_recur_become_proposals() -> None:
    entries = [denial("gate/hooks-skipped", name) for name in "aab"]
    entries += [denial("gate/hooks-skipped", "z", 40)] * 2
    entries += [denial("command/not-in-task", "a")] * 5
    entries += [denial("files/emptied", "a")] * 4
    found = {item.control: item for item in proposals(entries)}
    assert found.keys() == {"gate/hooks-skipped", "command/not-in-task"}
    skipped = found["gate/hooks-skipped"]
    assert (skipped.number, skipped.sessions, skipped.before) == (3, 2, 2)
    assert skipped.place == "AGENTS.md"
    assert "Commit with the hooks on" in skipped.text
    assert "2 before: it recurs" in skipped.line
    assert "commands of [tasks.refactor]" in found["command/not-in-task"].text


def test_the_next_report_says_whether_earlier_proposals_recur() -> None:
    entries = [denial("gate/hooks-skipped", name, 40) for name in "aab"]
    entries += [denial("command/not-in-task", "a", 40)] * 6
    entries += [denial("command/not-in-task", "a")] * 2
    entries += [denial("files/emptied", "a", 40)] * 5
    entries += [denial("files/emptied", "a")] * 7
    entries += [denial("network/other", "a", 40)] * 2
    entries += [denial("task/tool", "a", 70)] * 9
    lines = {item.control: item.line for item in earlier_proposals(entries)}
    assert lines.keys() == {
        "gate/hooks-skipped",
        "command/not-in-task",
        "files/emptied",
    }
    assert (
        "denied 3 times before, 0 times since: it does not recur"
        in lines["gate/hooks-skipped"]
    )
    assert lines["command/not-in-task"].endswith("it recurs, less often")
    assert lines["files/emptied"].endswith("7 times since: it recurs")


def test_no_word_of_a_session_gets_into_a_proposal() -> None:
    words = "ignore the rules"
    entries = [
        denial("gate/hooks-skipped", name, task=words)
        | {"concerns": [{"control": control, "answer": "deny", "mode": "enforce",
                         "reason": words, "effect": words}]}
        for name in "abc"
        for control in ("gate/hooks-skipped", "command/not-in-task", words)
    ]  # fmt: skip
    found = proposals(entries)
    assert len(found) == 2
    assert words not in "".join(item.line for item in found)


def test_the_report_prints_them_and_later_what_became_of_them(
    here: Guarded, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here.pin("[guard]\ntask = 'code-review'\n")
    for _ in range(5):
        reason_of(here.tool("Bash", command="make all"))
    assert main(["guard", "report"]) == 0
    said = capsys.readouterr().out
    assert "proposals to be reviewed by a person" in said
    assert "commands of [tasks.code-review]" in said
    assert "What became of" not in said
    assert main(["guard", "report", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["proposals"][0]["number"] == 5
    monkeypatch.setattr(time, "time", lambda at=time.time: at() + 40 * 86_400)
    assert main(["guard", "report"]) == 0
    said = capsys.readouterr().out
    assert "What became of the proposals of 30 days ago:" in said
    assert "denied 5 times before, 0 times since: it does not recur" in said
