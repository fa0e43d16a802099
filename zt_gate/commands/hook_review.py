"""The user's review command in a local hook: it informs, and changes no exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from zt_gate.errors import GateError
from zt_gate.git.isolated_view import with_empty_work_tree
from zt_gate.git.run import Git
from zt_gate.policy import user_settings
from zt_gate.reports.escape import visible
from zt_gate.review import review_command
from zt_gate.review.review_command import ReviewCommand, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from zt_gate.model.report import ScannerRun

#: Before each line, so that none of them looks like the gate's own.
_MARK = "  | "


def show(
    settings: Path,
    folder: Path,
    code: int,
    runs: Sequence[ScannerRun],
    environ: Mapping[str, str],
) -> None:
    """Print what the command says about the staged change; ``code`` is the exit code.

    Whatever fails is one line on standard error.
    """
    try:
        git = Git.open(folder, environ)
        command = _command(settings, git)
        if command is None:
            return
        if code:
            _say("review command not run: zt-gate did not pass the change")
            return
        _say(f"asking the review command, for at most {command.seconds:g} seconds")
        output = review_command.run(
            command, git, lambda: _staged_diff(git), runs, environ
        )
    except (GateError, OSError) as error:
        _say(f"review command not run: {visible(str(error))}")
        return
    _say("review command (no part of the verdict; its text is not zt-gate's):")
    for line in review_command.shown_lines(output):
        print(f"{_MARK}{line}", file=sys.stderr)


def _command(settings: Path, git: Git) -> ReviewCommand | None:
    review = user_settings.load(settings, git.root).review
    if not review.command:
        return None
    words = words_of(review.command, "command in [review]")
    return ReviewCommand(
        words, review.environment, review.timeout_seconds, named_home=True
    )


def _staged_diff(git: Git) -> bytes:
    base = git.head or git.empty_tree
    with with_empty_work_tree(git) as isolated:
        return isolated.run(
            ["diff-index", "--cached", *review_command.DIFF_FLAGS, base, "--"]
        )


def _say(text: str) -> None:
    sys.stdout.flush()
    print(f"zt-gate: {text}", file=sys.stderr, flush=True)
