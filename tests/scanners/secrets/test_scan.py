"""The scanner on changes: what is reported, where, and what is listed as not inspected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scanners.secrets.one_file import findings_in
from tests.scanners.secrets.templates import expand
from tests.support import changes
from zt_gate import rulebook
from zt_gate.model.finding import Level
from zt_gate.scanners.secrets import SCANNER

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import ScannerRun

RULES = rulebook.load("secrets")
KEY = expand("ghp_{36*A-Za-z0-9}")
OTHER = expand("sk-ant-api03-{93*A-Za-z0-9_-}AA")


def scan(change: ChangeSet, tmp_path: Path) -> ScannerRun:
    return SCANNER.scan(change, changes.context(RULES, tmp_path))


def test_a_key_in_an_added_line_is_found_with_its_place(tmp_path: Path) -> None:
    change = changes.change_of(
        {"a.py": f"import os\nname = 'é'; key = '{KEY}'\n"}, {"a.py": "import os\n"}
    )
    run = scan(change, tmp_path)
    (finding,) = run.findings
    assert (run.status, run.files, run.lines) == ("ok", 1, 1)
    assert finding.rule == "secrets/github-token"
    assert finding.level is Level.BLOCK
    place = finding.location
    assert (place.kind, place.line, place.column, place.end_column) == (
        "line",
        2,
        20,
        60,
    )
    assert finding.evidence is not None
    assert finding.evidence.text[finding.evidence.start : finding.evidence.end] == KEY
    assert finding.secrets == (KEY,)
    assert KEY not in finding.message


def test_a_line_that_was_there_before_is_not_reported(tmp_path: Path) -> None:
    text = f"key = '{KEY}'\n"
    change = changes.change_of({"a.py": text + "x = 1\n"}, {"a.py": text})
    assert scan(change, tmp_path).findings == ()


def test_a_key_only_in_a_commit_is_found_there(tmp_path: Path) -> None:
    with_key = changes.file_change("a.py", f"key = '{KEY}'\n", "")
    change = changes.change_of(
        {"a.py": "x = 1\n"}, commits=(changes.commit("add", with_key),)
    )
    (finding,) = scan(change, tmp_path).findings
    assert finding.location.kind == "commit"
    assert (finding.location.path, finding.location.line) == (b"a.py", 1)
    assert finding.location.commit == "c" * 40


def test_a_line_of_the_net_change_is_not_reported_again_for_its_commit(
    tmp_path: Path,
) -> None:
    text = f"key = '{KEY}'\n"
    change = changes.change_of(
        {"a.py": text},
        commits=(changes.commit("add", changes.file_change("a.py", text)),),
    )
    (finding,) = scan(change, tmp_path).findings
    assert finding.location.kind == "line"


def test_commit_messages_are_read(tmp_path: Path) -> None:
    change = changes.change_of(
        {}, commits=(changes.commit(f"deploy with {OTHER}\n\nbody"),)
    )
    (finding,) = scan(change, tmp_path).findings
    assert finding.location.kind == "commit"
    assert finding.location.path is None
    assert finding.rule == "secrets/anthropic-api-key"


def test_files_that_cannot_be_scanned_are_listed(tmp_path: Path) -> None:
    change = changes.change_of(
        {"logo.png": b"\x89PNG\r\n\x1a\n\0\0\0", "a.txt": "fine\n"}
    )
    run = scan(change, tmp_path)
    assert [(skip.path, skip.kind) for skip in run.not_inspected] == [
        (b"logo.png", "not_applicable")
    ]


def test_utf16_is_read(tmp_path: Path) -> None:
    change = changes.change_of({"a.ps1": f"$key = '{KEY}'\r\n".encode("utf-16")})
    assert [finding.rule for finding in scan(change, tmp_path).findings] == [
        "secrets/github-token"
    ]


def test_a_whole_private_key_is_given_for_masking(tmp_path: Path) -> None:
    lines = [expand("{64*A-Za-z0-9+/}"), expand("{63*A-Za-z0-9+/}="), "-----END"]
    text = (
        "\n".join(["-----BEGIN" + " RSA PRIVATE KEY-----", *lines])
        + " RSA PRIVATE KEY-----\n"
    )
    (finding,) = scan(changes.change_of({"id": text}), tmp_path).findings
    assert finding.rule == "secrets/private-key"
    assert finding.location.end_line == 3
    assert set(lines[:2]) <= set(finding.secrets)


@pytest.mark.parametrize("long", [20_000, 300_000])
def test_a_key_in_a_long_line_is_found_once_with_its_column(long: int) -> None:
    for at in (0, 14_330, 15_000, 16_380, long - 10):
        line = "é " + "x " * (at // 2) + f"'{KEY}' " + "y " * ((long - at) // 2)
        (finding,) = findings_in(line, "min.js")
        assert finding.location.column == line.index(KEY) + 1
        assert finding.evidence is not None
        assert len(finding.evidence.text) <= 4100


def test_overlapping_findings_become_one() -> None:
    text = f"GITHUB_TOKEN = '{KEY}'\npassword: https://u:{KEY}@git.corp.internal/x\n"
    found = findings_in(text, "a.py")
    assert [finding.rule for finding in found] == ["secrets/github-token"] * 2
