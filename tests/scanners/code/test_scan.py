"""Old and new content: what a change makes possible is its own, what was there before is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scanners.code.scanning import BAD, Scan, found, skips
from tests.support.changes import change_of, file_change
from zt_gate.model.change import ChangeSet
from zt_gate.scanners.code.preexisting_findings import newly_possible
from zt_gate.scanners.code.semgrep_output import Match

if TYPE_CHECKING:
    from zt_gate.model.report import ScannerRun

SAFE = """from flask import request
import shlex, subprocess

def first():
    q = request.args['q']
    q = shlex.quote(q)
    subprocess.run("ls " + q, shell=True)

def second():
    q = request.args['q']
    subprocess.run("ls " + q, shell=True)
"""
RULE = "python-command-injection"


def places(run: ScannerRun) -> list[tuple[str, int | None]]:
    return [(f.location.kind, f.location.line) for f in run.findings]


@pytest.mark.parametrize(
    ("new", "line"),
    [
        (SAFE.replace("    q = shlex.quote(q)\n", ""), 6),
        (SAFE.replace("shlex.quote(q)", "q.strip()"), 7),
        ("import os\n" + SAFE.replace("    q = shlex.quote(q)\n", "\n\n"), 9),
    ],
    ids=["removed", "replaced", "moved"],
)
def test_a_sanitizer_that_is_taken_away(scan: Scan, new: str, line: int) -> None:
    run = scan(change_of({"a.py": new}, {"a.py": SAFE}))
    (finding,) = run.findings
    assert (finding.rule, *places(run)) == (f"code/{RULE}", ("file", line))
    source = 5 if line < 9 else 6
    assert finding.message.endswith(
        f"; the data comes from line {source}; "
        f"line {line} is unchanged, but this change made the finding possible"
    )
    assert finding.evidence is not None
    assert "subprocess.run" in finding.evidence.text
    assert finding.location.path == b"a.py"
    assert (run.status, run.not_inspected) == ("ok", ())


def test_a_source_that_is_added_above_an_old_sink(scan: Scan) -> None:
    old = SAFE.replace(
        "    q = request.args['q']\n    q = shlex.quote(q)\n", "    q = '.'\n"
    )
    new = old.replace("    q = '.'\n", "    q = request.args['q']\n")
    run = scan(change_of({"a.py": new}, {"a.py": old}))
    assert places(run) == [("file", 6)]


@pytest.mark.parametrize(
    "new",
    [
        SAFE + "\nx = 1\n",
        "import os\n" + SAFE,
        SAFE.replace("def first", "def renamed"),
        SAFE[: SAFE.index("def first")] + SAFE[SAFE.index("def second") :],
        SAFE.replace("import shlex, subprocess", "import shlex\nimport subprocess"),
    ],
    ids=["below", "above", "elsewhere", "other function removed", "imports"],
)
def test_old_findings_stay_quiet(scan: Scan, new: str) -> None:
    run = scan(change_of({"a.py": new}, {"a.py": SAFE}))
    assert (run.status, run.findings, run.not_inspected) == ("ok", (), ())
    assert run.files == 1


def test_taking_an_old_finding_away_does_not_pay_for_a_new_one(scan: Scan) -> None:
    new = SAFE.replace("    q = shlex.quote(q)\n", "").partition("def second")[0]
    run = scan(change_of({"a.py": new}, {"a.py": SAFE}))
    assert places(run) == [("file", 6)]


def test_a_moved_finding_is_on_an_added_line(scan: Scan) -> None:
    head, middle, tail = SAFE.partition("def second")
    imports, _, first = head.partition("def first")
    new = imports + middle + tail + "\ndef first" + first
    run = scan(change_of({"a.py": new}, {"a.py": SAFE}))
    assert all(kind == "line" for kind, _ in places(run))


def test_the_old_content_has_the_old_name(scan: Scan) -> None:
    new = SAFE + "\nx = 1\n"
    moved = file_change("b.py", new, SAFE, old_path=b"a.py", status="R")
    assert scan(ChangeSet("staged", "", "", "", (moved,))).findings == ()
    new = SAFE.replace("    q = shlex.quote(q)\n", "")
    moved = file_change("b.py", new, SAFE, old_path=b"a.py", status="R")
    run = scan(ChangeSet("staged", "", "", "", (moved,)))
    assert places(run) == [("file", 6)]


def test_a_name_that_makes_code_of_text_makes_its_findings_new(scan: Scan) -> None:
    moved = file_change("a.py", BAD, BAD, old_path=b"a.txt", status="R")
    assert moved.hunks == ()
    run = scan(ChangeSet("staged", "", "", "", (moved,)))
    assert places(run) == [("file", 5)]
    same = file_change("a.py", BAD, BAD, old_path=b"b.py", status="R")
    assert scan(ChangeSet("staged", "", "", "", (same,))).files == 0


def test_an_old_content_that_is_not_there_has_failed(scan: Scan) -> None:
    file = replace(file_change("a.py", SAFE + "\nx = 1\n", SAFE), old=None)
    run = scan(ChangeSet("staged", "", "", "", (file,)))
    assert skips(run) == [(b"a.py", "failed")]
    assert "cannot compare with the old findings" in run.not_inspected[0].reason


def test_an_old_content_that_could_be_read_in_two_ways_had_no_findings(
    scan: Scan,
) -> None:
    old = b"# coding: utf-7\n" + SAFE.encode()
    run = scan(change_of({"a.py": SAFE + "\n"}, {"a.py": old}))
    assert places(run) == [("file", 7), ("file", 11)]


def test_decoded_text_is_compared_by_what_was_found(scan: Scan) -> None:
    quiet = scan(change_of({"a.py": (SAFE + "\nx = 1\n").encode("utf-16")},
                           {"a.py": SAFE.encode("utf-16")}))  # fmt: skip
    assert quiet.findings == ()
    new = SAFE.replace("    q = shlex.quote(q)\n", "").encode("utf-16")
    run = scan(change_of({"a.py": new}, {"a.py": SAFE.encode("utf-16")}))
    assert len(run.findings) == 1


def test_a_new_file_has_no_old_content(scan: Scan) -> None:
    assert (RULE, 11) in found(scan({"a.py": SAFE}))


lines = st.lists(st.sampled_from([b"a(x)", b"b(x)", b"  a(x)", b""]), max_size=8)


@given(lines, lines)
def test_every_new_match_is_an_old_one_or_reported(
    old: list[bytes], new: list[bytes]
) -> None:
    def matches(text: list[bytes]) -> list[Match]:
        return [Match("r", "", at, line.index(b"a") + 1, at, len(line) + 1)
                for at, line in enumerate(text, 1) if b"a" in line]  # fmt: skip

    change = file_change("x.py", b"\n".join(new) + b"\n", b"\n".join(old) + b"\n")
    added = {line.number for line in change.added_lines()}
    outside = [match for match in matches(new) if match.line not in added]
    # The rule matches by the line alone, so every unchanged match was there before.
    assert newly_possible(outside, new, matches(old), old, change.hunks) == []
    # And where nothing matched before, everything is new.
    assert newly_possible(outside, new, [], old, change.hunks) == outside
