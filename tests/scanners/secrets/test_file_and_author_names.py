"""Keys in file names, and in the author and committer of a commit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.scanners.secrets.templates import expand
from tests.support import changes
from zt_gate import rulebook
from zt_gate.model.finding import Level
from zt_gate.scanners.secrets import SCANNER

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.finding import Finding

RULES = rulebook.load("secrets")
KEY = expand("{1*g}hp_{36*A-Za-z0-9}")
PASSWORD = expand("{16*A-Za-z0-9}")


def scan(change: ChangeSet, tmp_path: Path) -> tuple[Finding, ...]:
    return SCANNER.scan(change, changes.context(RULES, tmp_path)).findings


@pytest.mark.parametrize(
    "name",
    [
        "{}",
        "{}.txt",
        "keys/{}/note",
        "backup-{}.tar.gz",
        "a\n{}\nb",
        "old {} old",
        "é/{}",
    ],
)
def test_a_key_in_a_file_name_is_found(name: str, tmp_path: Path) -> None:
    path = name.format(KEY)
    (finding,) = scan(changes.change_of({path: "x\n"}), tmp_path)
    assert finding.rule == "secrets/github-token"
    assert finding.level is Level.BLOCK
    assert (finding.location.kind, finding.location.path) == ("file", path.encode())
    assert finding.subject == KEY
    assert KEY in finding.secrets
    assert KEY not in finding.message


def test_a_url_with_a_password_in_a_file_name_is_found(tmp_path: Path) -> None:
    path = f"mirror/https:/deploy:{PASSWORD}@git.corp.internal/x"
    (finding,) = scan(changes.change_of({path: "x\n"}), tmp_path)
    assert finding.rule == "secrets/url-credentials"


def test_a_name_that_was_there_before_or_goes_away_is_not_reported(
    tmp_path: Path,
) -> None:
    assert scan(changes.change_of({KEY: "x\n"}, {KEY: "y\n"}), tmp_path) == ()
    assert scan(changes.change_of({}, {KEY: "y\n"}), tmp_path) == ()


def test_names_with_the_word_password_or_token_are_not_reported(tmp_path: Path) -> None:
    change = changes.change_of(
        {"password=abc123def!.txt": "x\n", "reset_token.py": "x\n"}
    )
    assert scan(change, tmp_path) == ()


def test_a_file_name_only_in_a_commit_is_found_there(
    tmp_path: Path,
) -> None:
    added = changes.commit("add", changes.file_change(KEY, "x\n"))
    (finding,) = scan(changes.change_of({}, commits=(added,)), tmp_path)
    assert (finding.location.kind, finding.location.path) == ("commit", KEY.encode())
    assert finding.location.commit == added.oid


@pytest.mark.parametrize(
    "field", ["author_name", "author_email", "committer_name", "committer_email"]
)
def test_a_key_in_a_commit_header_is_found_once(field: str, tmp_path: Path) -> None:
    head: dict[str, Any] = {field: f"x {KEY}".encode()}
    one = replace(changes.commit("add"), **head)
    two = replace(one, oid="d" * 40)
    (finding,) = scan(changes.change_of({}, commits=(one, two)), tmp_path)
    assert finding.rule == "secrets/github-token"
    assert (finding.location.kind, finding.location.commit) == ("commit", one.oid)
    assert finding.location.path is None
    assert KEY in finding.secrets
