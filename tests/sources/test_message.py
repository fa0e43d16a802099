"""A message before its commit is made."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.repo import Repo
from zt_gate.git.commit_message_file import LIMIT
from zt_gate.git.run import Git
from zt_gate.sources import message
from zt_gate.sources.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write("a.txt", "one\n")
    made.git("add", "a.txt")
    return made


def test_the_names_of_the_staged_change_and_the_trailers(repo: Repo) -> None:
    # A command in git's own settings must not run, and adds no trailer.
    repo.git("config", "trailer.zt-task.command", "touch ran; echo deploy")
    text = b"Subject\n\nBody\n\nZt-Task: docs\n# a comment\n"
    change = message.read(Git.open(repo.path, os.environ), text)
    (commit,) = change.commits
    assert (change.kind, change.files) == ("staged", ())
    assert commit.trailers == (("Zt-Task", "docs"),)
    assert commit.message == text
    assert [file.path for file in commit.files] == [b"a.txt"]
    assert not any(file.hunks for file in commit.files)
    assert set(commit.oid) == {"0"}
    assert not (repo.path / "ran").exists()


def test_another_message_is_another_change(repo: Repo) -> None:
    git = Git.open(repo.path, os.environ)
    assert message.read(git, b"one\n").digest != message.read(git, b"two\n").digest


def test_a_declared_encoding_is_read(repo: Repo) -> None:
    repo.git("config", "i18n.commitEncoding", "latin-1")
    change = message.read(Git.open(repo.path, os.environ), b"caf\xe9\n")
    assert change.commits[0].message == "café\n".encode()


def test_a_message_without_an_end(repo: Repo) -> None:
    with pytest.raises(SourceError, match="1 MB"):
        message.read(Git.open(repo.path, os.environ), b"x" * (LIMIT + 1))
