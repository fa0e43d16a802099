"""History that a clone lacks, fetched from the address that the runner names.

The only place where git may speak to a network.  What comes is asked for by id,
so nobody can give another commit for it.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zt_gate.git import history
from zt_gate.git.errors import GitError, ShallowError, UnknownRevisionError
from zt_gate.git.run import Git

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Commits behind each end that are fetched at first; then everything.
STEPS = ("--depth=64", "--depth=1024", "--unshallow")
_SECONDS = 600.0
_PROTOCOLS = frozenset(("https", "file"))
_KEEP_BASE = "refs/zt-gate/base"
_KEEP_HEAD = "refs/zt-gate/head"


def open_with_history(
    folder: Path, environ: Mapping[str, str], base: str, head: str, remote: Remote
) -> Git:
    """Return git for ``folder``, with all commits from the merge base of both ids on.

    ``base`` of zeros stands for nothing.  Raises GitError where the history
    cannot be had: a change without its base is no change without findings.
    """
    git = Git.open(folder, environ)
    asked = [(head, _KEEP_HEAD)]
    if not history.is_null_revision(git, base):
        asked.append((base, _KEEP_BASE))
    if _is_whole(git, base, head):
        return git
    for step in STEPS:
        shallow = git.shallow
        remote.fetch(
            git, [f"+{oid}:{name}" for oid, name in asked], step if shallow else ""
        )
        git = Git.open(folder, environ)
        if _is_whole(git, base, head):
            return git
        if not shallow:
            break
    raise GitError(f"the history between {base[:12]} and {head[:12]} cannot be had")


def fetch_branch_tip(
    folder: Path, environ: Mapping[str, str], branch: str, remote: Remote
) -> str:
    """Fetch a branch of the remote and return its newest commit; raises GitError."""
    git = Git.open(folder, environ)
    name = "refs/zt-gate/default"
    step = STEPS[0] if git.shallow else ""
    remote.fetch(git, [f"+refs/heads/{branch}:{name}"], step)
    return history.resolve(git, name)


def _is_whole(git: Git, base: str, head: str) -> bool:
    try:
        until = history.resolve(git, head)
        since = ""
        if not history.is_null_revision(git, base):
            since = history.resolve(git, base)
            history.merge_base(git, since, until)
        span = [until, f"^{since}"] if since else [until]
        listed = git.run(["rev-list", *span, "--"]).decode("ascii", "replace").split()
        history.check_complete(git, listed)
    except (ShallowError, UnknownRevisionError):
        return False
    return True


class Remote:
    """Where missing history comes from; the token, if any, stands in no command line."""

    def __init__(self, url: str, token: str = "") -> None:
        """Take the repository's address; raises GitError where it is no https one."""
        parts = urlsplit(url)
        if parts.scheme not in _PROTOCOLS or parts.username is not None:
            raise GitError(
                "the repository's address is no https one; nothing is fetched"
            )
        self._url = url
        self._scheme = parts.scheme
        self._server = f"{parts.scheme}://{parts.netloc}/"
        self._token = token

    def fetch(self, git: Git, specs: list[str], step: str) -> None:
        """Fetch into refs of the gate's own; raises GitError."""
        asking = git.with_environ(GIT_ALLOW_PROTOCOL=self._scheme, **self._header())
        words = ["-c", "credential.helper=", "-c", "gc.auto=0", "-c", "core.askPass=", "fetch",
                 "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head",
                 "--no-auto-maintenance"]  # fmt: skip
        words += [step] if step else []
        from dataclasses import replace

        replace(asking, seconds=_SECONDS).run([*words, "--", self._url, *specs])

    def bring(self, git: Git, oid: str) -> None:
        """Fetch one commit where it is missing; raises GitError."""
        try:
            history.resolve(git, oid)
        except (ShallowError, UnknownRevisionError):
            self.fetch(
                git, [f"+{oid}:refs/zt-gate/other"], STEPS[0] if git.shallow else ""
            )

    def _header(self) -> dict[str, str]:
        if not self._token or self._scheme != "https":
            return {}
        secret = base64.b64encode(f"x-access-token:{self._token}".encode()).decode(
            "ascii"
        )
        key = f"http.{self._server}.extraheader"
        # The empty value drops what a checkout may have left: two headers are refused.
        return {
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": key,
            "GIT_CONFIG_VALUE_0": "",
            "GIT_CONFIG_KEY_1": key,
            "GIT_CONFIG_VALUE_1": f"AUTHORIZATION: basic {secret}",
        }
