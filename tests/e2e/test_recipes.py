"""The shell lines of docs/ci-other.md and docs/ci.md, run against hostile refs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.e2e.planted import key
from tests.support.repo import GIT_ENV, Repo

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "ci-other.md").read_text("utf-8")
COMMAND_KEYS = {"script", "run", "command"}
#: What each system sets, with the head in place of HEAD_OID.
VARIABLES = {
    "CI": "true",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    "CI_MERGE_REQUEST_DIFF_BASE_SHA": "HEAD_OID",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "topic",
    "CI_COMMIT_SHA": "HEAD_OID",
    "CHANGE_TARGET": "main", "CHANGE_BRANCH": "topic",
    "TARGET": "refs/heads/main", "SOURCE": "refs/heads/topic",
    "BITBUCKET_PR_DESTINATION_BRANCH": "main", "BITBUCKET_COMMIT": "HEAD_OID",
    "BITBUCKET_BRANCH": "topic",
    "GITHUB_BASE_REF": "main", "GITHUB_HEAD_REF": "topic",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main", "BUILDKITE_COMMIT": "HEAD_OID",
    "BUILDKITE_BRANCH": "topic", "CIRCLE_BRANCH": "topic", "SOURCE_BRANCH": "topic",
}  # fmt: skip


def sections() -> dict[str, str]:
    parts = re.split(r"^## (.*)\n", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def commands(section: str) -> list[str]:
    """Return the shell scripts of a section's code, in their order."""
    match = re.search(r"```(\w+)\n(.*?)```", section, re.DOTALL)
    assert match
    language, code = match.groups()
    if language == "groovy":
        return re.findall(r"^sh '(.*)'$", code, re.MULTILINE)
    return [text.replace("$$", "$") for text in _scripts(yaml.safe_load(code))]


def _scripts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _scripts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in COMMAND_KEYS and isinstance(item, str):
                yield item
            elif name in COMMAND_KEYS and isinstance(item, list):
                yield from item
            else:
                yield from _scripts(item)


SYSTEMS = [name for name in sections() if name != "pre-commit.ci"]


def test_every_recipe_fetches_and_names_the_target_in_full() -> None:
    assert len(SYSTEMS) >= 7
    for name in SYSTEMS:
        script = "\n".join(commands(sections()[name]))
        (fetch,) = (line for line in script.splitlines() if "git fetch" in line)
        assert "--no-tags origin" in fetch
        assert re.search(r'"\+refs/heads/(\S+):refs/remotes/origin/\1"', fetch), fetch
        assert "--policy-rev" in script
        for revision in re.findall(r"--(?:range|base|policy-rev) (\S+)", script):
            assert revision.strip('"').startswith("refs/remotes/origin/"), revision
    assert not re.search(
        r"(?<!remotes/)\borigin/(?:main|\$)", PAGE.replace("`origin/main`", "")
    )


class Checkout:
    """What a CI system has checked out: the change, and refs that want to hide it."""

    def __init__(self, folder: Path, *, planted: bool) -> None:
        server = Repo.create(folder / "server")
        server.write("a.py", "x = 1\n")
        self.weak = server.commit()
        server.write(".zt-gate.toml", 'profile = "strict"\n')
        self.main = server.commit()
        server.git("checkout", "-q", "-b", "topic", self.weak if planted else self.main)
        server.write("b.py", f'KEY = "{key()}"\n' if planted else "y = 1\n")
        self.head = server.commit()
        for ref in (
            "refs/tags/origin/main", "refs/tags/main", "refs/tags/HEAD",
            "refs/tags/refs/remotes/origin/main", "refs/heads/origin/main",
            "refs/heads/refs/remotes/origin/main", f"refs/tags/{self.head[:8]}",
        ):  # fmt: skip
            server.git("update-ref", ref, self.head)
        self.repo = Repo.create(folder / "checkout")
        self.repo.git("remote", "add", "origin", str(server.path))
        fetched = (
            "+refs/tags/*:refs/tags/*",
            "+refs/heads/topic:refs/remotes/origin/topic",
        )
        self.repo.git("fetch", "-q", "origin", *fetched)
        self.repo.git("checkout", "-q", "--detach", self.head)
        # Left over from an older run, and a local branch with the target's name.
        self.repo.git("update-ref", "refs/remotes/origin/main", self.head)
        self.repo.git("update-ref", "refs/heads/origin/main", self.head)
        (self.repo.path / "test-results").mkdir()
        tools = folder / "tools"
        tools.mkdir()
        python = tools / "python"
        python.write_text(
            f'#!/bin/sh\n[ "$2" = pip ] && exit 0\nexec {sys.executable} "$@"\n'
        )
        python.chmod(0o755)
        self.environ = {
            **GIT_ENV,
            **{
                name: text.replace("HEAD_OID", self.head)
                for name, text in VARIABLES.items()
            },
            "HOME": str(folder),
            "PATH": f"{tools}:{GIT_ENV['PATH']}",
        }

    def run(self, scripts: list[str]) -> tuple[int, str]:
        output = ""
        for text in scripts:
            script = text
            if "zt_gate scan" in script:
                # One scanner, and nothing from the network, are enough here.
                script = script.replace(
                    "zt_gate scan", "zt_gate scan --offline --scanner secrets"
                )
            done = subprocess.run(
                ["sh", "-e", "-c", script], cwd=self.repo.path, env=self.environ,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            output += done.stdout + done.stderr
            if done.returncode:
                return done.returncode, output
        return 0, output


@pytest.mark.parametrize("system", SYSTEMS)
def test_hostile_refs_do_not_hide_the_change(system: str, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, planted=True)
    code, output = checkout.run(commands(sections()[system]))
    assert code == 1, output
    assert "secrets/anthropic-api-key" in output
    # Strict, the policy of the target's present head, does not accept skipped scanners.
    assert "the strict profile does not allow" in output


def test_an_honest_change_is_judged_by_the_same_lines(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, planted=False)
    code, output = checkout.run(commands(sections()["GitLab CI"]))
    assert code == 3, output  # only because of the skipped scanners, under strict
    assert "1 file " in output
    assert "secrets/" not in output
