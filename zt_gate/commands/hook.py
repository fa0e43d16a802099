"""``zt-gate hook``: what git's hooks call, and putting them where git looks for them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import GateError, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Mapping, Sequence

    from zt_gate.git.run import Git

_VERBS = ("pre-commit", "commit-msg", "pre-push", "manual", "install", "uninstall")
#: Bytes of refs that one push may name.
_MOST_REFS = 4 << 20
#: Exit codes from the one that counts least to the one that counts most.
_WORST = (0, 2, 3, 1)


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "hook", choices=_VERBS, help="which hook calls, or what to do with all"
    )
    parser.add_argument("words", nargs="*", help="what git hands to the hook")
    parser.add_argument(
        "--chain",
        action="store_true",
        help="install: keep a hook that is there, and run it first",
    )


def main(options: Namespace) -> int:
    """Do what the hook is for; returns the gate's exit code."""
    if options.chain and options.hook != "install":
        raise UsageError("--chain belongs to hook install")
    if options.hook in {"install", "uninstall"}:
        from zt_gate.commands import hook_install

        if options.words:
            raise UsageError(f"hook {options.hook} takes no further words")
        if options.hook == "uninstall":
            return hook_install.uninstall()
        return hook_install.install(chain=options.chain)
    if options.hook == "commit-msg":
        return _commit_msg(options.words)
    if options.hook == "pre-push":
        return _pre_push(options.words)
    return _commit()


def _commit() -> int:
    """Judge what git would commit, or the range that ``pre-commit run --from-ref`` names."""
    start, end = _named(os.environ)
    if bool(start) != bool(end):
        raise UsageError(
            "PRE_COMMIT_FROM_REF and PRE_COMMIT_TO_REF name a range together"
        )
    return _scan(f"--range={start}..{end}" if start else "--staged")


def _commit_msg(words: Sequence[str]) -> int:
    """Judge the message in the file that git names, and hold the change against its task."""
    from zt_gate.commands import scan
    from zt_gate.git import commit_message_file
    from zt_gate.review.run import Request

    if len(words) != 1:
        raise UsageError(
            "hook commit-msg takes the file of the message, and git hands it over"
        )
    text = commit_message_file.read_message_file(words[0])
    # Git says so where nobody edits the message; then every line of it is committed.
    if os.environ.get("GIT_EDITOR") != ":":
        text = commit_message_file.without_diff(text)
    return scan.main(scan.options_for([]), Request(kind="message", message=text))


def _pre_push(words: Sequence[str]) -> int:
    """Judge what a push would publish, the worst verdict of all its refs.

    Git hands over the remote and its address, and the refs on standard input;
    pre-commit says in the environment what is pushed.
    """
    from zt_gate.git import push_refs
    from zt_gate.git.history import resolve
    from zt_gate.git.run import Git

    git = Git.open(Path.cwd(), os.environ)
    if not words:
        return _pushed_by_pre_commit(git, os.environ)
    data = sys.stdin.buffer.read(_MOST_REFS + 1)
    if len(data) > _MOST_REFS:
        raise GateError("the push names more refs than can be read")
    refs = [ref for ref in push_refs.parse(data) if not ref.is_deletion]
    known = [ref.remote_oid for ref in refs]
    codes, judged = [0], set()
    for ref in refs:
        try:
            tip = resolve(git, ref.oid)
            if tip not in judged:
                judged.add(tip)
                base = push_refs.published_base(git, tip, known, words[0])
                if len(refs) > 1:
                    _say(f"{_shown(ref.local)} → {_shown(ref.remote)}")
                codes.append(_scan_range(git, base, tip, words[0]))
                if codes[-1] == 0:
                    known.append(
                        tip
                    )  # judged: another ref need not be judged for it again
        except GateError as error:
            _say(f"{_shown(ref.local)}: {_shown(str(error))}")
            codes.append(error.exit_code)
    return worst(codes)


def _pushed_by_pre_commit(git: Git, environ: Mapping[str, str]) -> int:
    """Judge what pre-commit says is pushed, less what the remote has of it.

    A push of a branch that shares nothing with the remote has no lower end
    there: everything on it is judged that no remote-tracking ref has.
    """
    from zt_gate.git import history, push_refs

    start, end = _named(environ)
    remote = environ.get("PRE_COMMIT_REMOTE_NAME", "")
    if not (start and end):
        start, end = git.empty_tree, environ.get("PRE_COMMIT_LOCAL_BRANCH", "")
    if not end:
        raise UsageError(
            "hook pre-push is called by git, with the remote, or by pre-commit, which says what is "
            "pushed in PRE_COMMIT_FROM_REF and PRE_COMMIT_TO_REF; for anything else use "
            "zt-gate scan --range A..B"
        )
    known = (
        [] if history.is_null_revision(git, start) else [history.resolve(git, start)]
    )
    tip = history.resolve(git, end)
    return _scan_range(
        git, push_refs.published_base(git, tip, known, remote), tip, remote
    )


def _scan_range(git: Git, base: str, tip: str, remote: str) -> int:
    """Judge a range by the policy of the remote's default branch, where that is known."""
    from zt_gate.git.push_refs import default_branch

    if base == tip:
        _say("the remote has all of these commits already")
        return 0
    trusted = default_branch(git, remote)
    return _scan(
        f"--range={base}..{tip}", *([f"--policy-rev={trusted}"] if trusted else ())
    )


def _scan(*words: str) -> int:
    from zt_gate.commands import scan

    code: int = scan.main(scan.options_for(words))
    sys.stdout.flush()
    return code


def _named(environ: Mapping[str, str]) -> tuple[str, str]:
    return environ.get("PRE_COMMIT_FROM_REF", ""), environ.get("PRE_COMMIT_TO_REF", "")


def _shown(text: bytes | str) -> str:
    from zt_gate.reports.escape import visible

    return visible(text)


def _say(text: str) -> None:
    sys.stdout.flush()
    print(f"zt-gate: {text}", file=sys.stderr, flush=True)


def worst(codes: Iterable[int]) -> int:
    """Return the exit code that counts for several changes: fail, then error, then usage."""
    return max(
        codes, key=lambda code: _WORST.index(code) if code in _WORST else len(_WORST)
    )
