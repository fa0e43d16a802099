"""``zt-gate hook``: run one of git's hooks, or install and uninstall them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import GateError, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zt_gate.git.push_refs import PushedRef
    from zt_gate.git.run import Git
    from zt_gate.model.report import ScannerRun
    from zt_gate.reports.base import Options

_VERBS = ("pre-commit", "commit-msg", "pre-push", "manual", "install", "uninstall")
#: Bytes that git's list of pushed refs may have.
_MAX_REFS_SIZE = 4 << 20
#: Exit codes by rank, the lowest first: pass, usage, error, fail.
_EXIT_CODE_RANKS = (0, 2, 3, 1)


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "hook", choices=_VERBS, help="hook to run, or install or uninstall all hooks"
    )
    parser.add_argument(
        "words", nargs="*", help="arguments that git passes to the hook"
    )
    parser.add_argument(
        "--chain",
        action="store_true",
        help="with install: keep an existing hook and run it first",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="with uninstall: also remove the cache, and name what is left",
    )
    parser.add_argument(
        "--state",
        action="store_true",
        help="with uninstall --all: also remove approvals, keys and audit logs",
    )


def main(options: Namespace) -> int:
    """Run the hook; return the exit code of the verdict.  Raises GateError."""
    if options.chain and options.hook != "install":
        raise UsageError("--chain is valid only with hook install")
    if options.all and options.hook != "uninstall":
        raise UsageError("--all is valid only with hook uninstall")
    if options.state and not options.all:
        raise UsageError("--state is valid only with hook uninstall --all")
    if options.hook in {"install", "uninstall"}:
        from zt_gate.commands import hook_install

        if options.words:
            raise UsageError(f"hook {options.hook} takes no arguments")
        if options.all:
            from zt_gate.commands import uninstall_all

            return uninstall_all.uninstall_all(with_state=options.state)
        if options.hook == "uninstall":
            return hook_install.uninstall()
        return hook_install.install(chain=options.chain)
    if options.hook == "commit-msg":
        return _commit_msg(options.words)
    if options.hook == "pre-push":
        return _pre_push(options.words)
    return _commit()


def _commit() -> int:
    """Scan the staged change, or the range that ``pre-commit run --from-ref`` gives."""
    start, end = _range_of_pre_commit(os.environ)
    if bool(start) != bool(end):
        raise UsageError(
            "set both PRE_COMMIT_FROM_REF and PRE_COMMIT_TO_REF, or neither"
        )
    if not start:
        return _staged()
    if ".." in start or ".." in end:
        raise UsageError(
            "PRE_COMMIT_FROM_REF and PRE_COMMIT_TO_REF are one revision each, no range"
        )
    return _scan(f"--range={start}..{end}")


def _staged() -> int:
    """Scan the staged change, and show what the user's review command says about it."""
    from zt_gate.system.ci import in_ci
    from zt_gate.system.state_folder import settings_file

    settings = settings_file(os.environ)
    if settings is None or not os.path.lexists(settings) or in_ci(os.environ):
        return _scan("--staged")
    from zt_gate.commands import hook_review

    runs: list[ScannerRun] = []
    code = _scan("--staged", unmasked=runs.extend)
    hook_review.show(settings, Path.cwd(), code, runs, os.environ)
    return code


def _commit_msg(words: Sequence[str]) -> int:
    """Scan the message in git's file, and check the change against its task."""
    from zt_gate.commands import scan
    from zt_gate.git import commit_message_file
    from zt_gate.review.run import Request

    if len(words) != 1:
        raise UsageError(
            "hook commit-msg takes one argument: the message file that git passes"
        )
    text = commit_message_file.read_message_file(words[0])
    # Git sets GIT_EDITOR to ":" when nobody edits the message; it commits every line then.
    if os.environ.get("GIT_EDITOR") != ":":
        text = commit_message_file.without_diff(text)
    request = Request(kind="message", message=text)
    code: int = scan.main(scan.options_for([]), request, _shown())
    return code


def _pre_push(words: Sequence[str]) -> int:
    """Scan what a push would publish; return the worst exit code of its refs.

    Git passes the remote and its address as arguments and the refs on standard
    input; pre-commit sets environment variables instead.
    """
    from zt_gate.git import push_refs
    from zt_gate.git.revisions import resolve
    from zt_gate.git.run import Git

    git = Git.open(Path.cwd(), os.environ)
    if not words:
        return _pushed_by_pre_commit(git, os.environ)
    remote = words[0]
    refs = _pushed_refs()
    remote_tips = [ref.remote_oid for ref in refs]
    codes = [0]
    scanned = set()
    for ref in refs:
        try:
            tip = resolve(git, ref.oid)
            if tip in scanned:
                continue
            scanned.add(tip)
            base = push_refs.published_base(git, tip, remote_tips, remote)
            if len(refs) > 1:
                _say(f"{_visible(ref.local)} → {_visible(ref.remote)}")
            codes.append(_scan_range(git, base, tip, remote))
            if codes[-1] == 0:
                # The other refs need not be scanned for these commits again.
                remote_tips.append(tip)
        except GateError as error:
            _say(f"{_visible(ref.local)}: {_visible(str(error))}")
            codes.append(error.exit_code)
    return worst(codes)


def _pushed_refs() -> list[PushedRef]:
    """Read the refs that git lists on standard input, without deletions."""
    from zt_gate.git import push_refs

    data = sys.stdin.buffer.read(_MAX_REFS_SIZE + 1)
    if len(data) > _MAX_REFS_SIZE:
        raise GateError("the push has too many refs: their list is larger than 4 MB")
    return [ref for ref in push_refs.parse(data) if not ref.is_deletion]


def _pushed_by_pre_commit(git: Git, environ: Mapping[str, str]) -> int:
    """Scan the range that pre-commit gives, without the commits that the remote has.

    pre-commit gives no range for a branch that has no commit in common with the
    remote.  All commits of the branch are scanned then, except those that a
    remote-tracking ref reaches.
    """
    from zt_gate.git import push_refs, revisions

    start, end = _range_of_pre_commit(environ)
    remote = environ.get("PRE_COMMIT_REMOTE_NAME", "")
    if not (start and end):
        start, end = git.empty_tree, environ.get("PRE_COMMIT_LOCAL_BRANCH", "")
    if not end:
        raise UsageError(
            "hook pre-push is called by git, which passes the remote, or by pre-commit, "
            "which sets PRE_COMMIT_FROM_REF and PRE_COMMIT_TO_REF; to scan a range, run: "
            "zt-gate scan --range A..B"
        )
    remote_tips = []
    if not revisions.is_null_revision(git, start):
        remote_tips.append(revisions.resolve(git, start))
    tip = revisions.resolve(git, end)
    base = push_refs.published_base(git, tip, remote_tips, remote)
    return _scan_range(git, base, tip, remote)


def _scan_range(git: Git, base: str, tip: str, remote: str) -> int:
    """Scan a range with the policy of the remote's default branch, if that is known."""
    from zt_gate.git.push_refs import default_branch

    if base == tip:
        _say("nothing to scan: the remote already has these commits")
        return 0
    words = [f"--range={base}..{tip}"]
    policy_revision = default_branch(git, remote)
    if policy_revision:
        words.append(f"--policy-rev={policy_revision}")
    return _scan(*words)


def _scan(
    *words: str, unmasked: Callable[[Sequence[ScannerRun]], None] | None = None
) -> int:
    """Scan; on a person's machine a service that does not answer is a warning."""
    from zt_gate.commands import scan
    from zt_gate.record import replace
    from zt_gate.system.ci import in_ci

    options = scan.options_for(words)
    request = scan.request_of(options)
    request = replace(request, local_hook=not in_ci(os.environ))
    code: int = scan.main(options, request, _shown(), unmasked)
    sys.stdout.flush()
    return code


def _shown() -> Options:
    """Return how the report names commands, for the user of the git client.

    A graphical client starts hooks with a short PATH and without a terminal.
    """
    from zt_gate.reports.base import Options

    has_terminal = False
    with suppress(OSError):
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        has_terminal = True
    return Options(program=_program(os.environ), has_terminal=has_terminal)


def _program(environ: Mapping[str, str]) -> str:
    """Return the shell words that start zt-gate: its name where PATH has it."""
    name = "zt-gate"
    folders = environ.get("PATH", "").split(os.pathsep)
    if any(os.access(os.path.join(folder, name), os.X_OK) for folder in folders):
        return name
    from shlex import quote

    script = os.path.join(os.path.dirname(sys.executable), name)
    if os.access(script, os.X_OK):
        return quote(script)
    return f"{quote(sys.executable)} -I -m zt_gate"


def _range_of_pre_commit(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return both ends of the range that pre-commit gives, "" for a missing end."""
    return environ.get("PRE_COMMIT_FROM_REF", ""), environ.get("PRE_COMMIT_TO_REF", "")


def _visible(text: bytes | str) -> str:
    from zt_gate.reports.escape import visible

    return visible(text)


def _say(text: str) -> None:
    sys.stdout.flush()
    print(f"zt-gate: {text}", file=sys.stderr, flush=True)


def worst(codes: Iterable[int]) -> int:
    """Return the exit code for several changes: fail, else error, else usage, else pass."""
    return max(codes, key=_rank)


def _rank(code: int) -> int:
    if code in _EXIT_CODE_RANKS:
        return _EXIT_CODE_RANKS.index(code)
    return len(_EXIT_CODE_RANKS)
