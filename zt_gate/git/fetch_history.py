"""Fetches history that a clone lacks, from the address that the CI runner gives.

The only module that lets git use the network.  Commits are requested by id, so
the server cannot substitute another commit.
"""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zt_gate.git import history
from zt_gate.git.errors import GitError, ShallowError, UnknownRevisionError
from zt_gate.git.run import Git
from zt_gate.record import replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Depths that are fetched one after the other until the history suffices.
STEPS = ("--depth=64", "--depth=1024", "--unshallow")
_SECONDS = 600.0
_PROTOCOLS = frozenset(("https", "file"))
_BASE_REF = "refs/zt-gate/base"
_HEAD_REF = "refs/zt-gate/head"
_DEFAULT_BRANCH_REF = "refs/zt-gate/default"
_OTHER_REF = "refs/zt-gate/other"
_FETCH = (
    "-c", "credential.helper=", "-c", "gc.auto=0", "-c", "core.askPass=", "fetch", "--quiet",
    "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance",
)  # fmt: skip


def open_with_history(
    folder: Path, environ: Mapping[str, str], base: str, head: str, remote: Remote
) -> Git:
    """Open ``folder``'s repository with all commits between the merge base and ``head``.

    ``base`` may be the null id.  Raises GitError if the history cannot be
    fetched: without its base a change cannot be judged.
    """
    git = Git.open(folder, environ)
    if _is_complete(git, base, head):
        return git
    specs = [f"+{head}:{_HEAD_REF}"]
    if not history.is_null_revision(git, base):
        specs.append(f"+{base}:{_BASE_REF}")
    for step in STEPS:
        was_shallow = git.shallow
        remote.fetch(git, specs, step if was_shallow else "")
        git = Git.open(folder, environ)
        if _is_complete(git, base, head):
            return git
        if not was_shallow:
            break
    raise GitError(f"the history between {base[:12]} and {head[:12]} cannot be fetched")


def fetch_branch_tip(
    folder: Path, environ: Mapping[str, str], branch: str, remote: Remote
) -> str:
    """Fetch a branch of the remote and return the id of its tip; raises GitError."""
    git = Git.open(folder, environ)
    step = STEPS[0] if git.shallow else ""
    remote.fetch(git, [f"+refs/heads/{branch}:{_DEFAULT_BRANCH_REF}"], step)
    return history.resolve(git, _DEFAULT_BRANCH_REF)


def _is_complete(git: Git, base: str, head: str) -> bool:
    """Whether the clone has every commit between the merge base and ``head``."""
    try:
        until = history.resolve(git, head)
        revisions = [until]
        if not history.is_null_revision(git, base):
            since = history.resolve(git, base)
            history.merge_base(git, since, until)
            revisions.append(f"^{since}")
        output = git.run(["rev-list", *revisions, "--"])
        oids = output.decode("ascii", "replace").split()
        history.check_complete(git, oids)
    except (ShallowError, UnknownRevisionError):
        return False
    return True


class Remote:
    """A repository's address, and a token that never appears on a command line."""

    def __init__(self, url: str, token: str = "") -> None:
        """Take the repository's address; raises GitError if it is not an https address."""
        parts = urlsplit(url)
        if parts.scheme not in _PROTOCOLS or parts.username is not None:
            raise GitError(
                "nothing was fetched: the repository's address is not an https address"
            )
        self._url = url
        self._scheme = parts.scheme
        self._server = f"{parts.scheme}://{parts.netloc}/"
        self._token = token

    def fetch(self, git: Git, specs: list[str], step: str) -> None:
        """Fetch refspecs into the gate's own refs, ``step`` deep; raises GitError."""
        online = git.with_environ(GIT_ALLOW_PROTOCOL=self._scheme, **self._header())
        depth = [step] if step else []
        replace(online, seconds=_SECONDS, stall_seconds=math.inf).run(
            [*_FETCH, *depth, "--", self._url, *specs]
        )

    def fetch_commit(self, git: Git, oid: str) -> None:
        """Fetch one commit if the clone lacks it; raises GitError."""
        try:
            history.resolve(git, oid)
        except (ShallowError, UnknownRevisionError):
            step = STEPS[0] if git.shallow else ""
            self.fetch(git, [f"+{oid}:{_OTHER_REF}"], step)

    def _header(self) -> dict[str, str]:
        """Return the variables that add the token to git's HTTP requests."""
        if not self._token or self._scheme != "https":
            return {}
        credentials = f"x-access-token:{self._token}".encode()
        encoded = base64.b64encode(credentials).decode("ascii")
        key = f"http.{self._server}.extraheader"
        # The empty value removes a header that actions/checkout left: two are refused.
        return {
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": key,
            "GIT_CONFIG_VALUE_0": "",
            "GIT_CONFIG_KEY_1": key,
            "GIT_CONFIG_VALUE_1": f"AUTHORIZATION: basic {encoded}",
        }
