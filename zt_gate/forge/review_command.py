"""What a reviewing command of the user's own says about a change: information, never a verdict.

The command (an agent's CLI in print mode, with tools that only read) gets the masked diff on
its standard input and nothing else: an empty folder to start in, so that no file of the change
configures it, and of the environment what was named.  What it prints is shown as text.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.git import history
from zt_gate.git.executable import inside
from zt_gate.reports.escape import log_start, markdown_block, visible
from zt_gate.review import run as review
from zt_gate.review.masking import Masker
from zt_gate.system import process

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zt_gate.forge.github_event import Event
    from zt_gate.git.run import Git
    from zt_gate.model.report import ScannerRun

#: Wall seconds of the command, bytes of the diff that it gets and of its words that are shown.
SECONDS = 300.0
MAX_DIFF = 400_000
MAX_SHOWN = 8_000
_MAX_OUTPUT = 1 << 20
_DIFF = ("diff-tree", "-r", "-p", "-U5", "-M", "--no-ext-diff", "--no-textconv", "--no-color",
         "--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules=none")  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReviewCommand:
    """The command's words, and the names of the variables that it may see."""

    words: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str, variables: Iterable[str]) -> ReviewCommand:
        """Read the inputs; raises UsageError."""
        try:
            return cls(tuple(shlex.split(text)), tuple(variables))
        except ValueError as error:
            raise UsageError(f"review-command cannot be read: {error}") from error


def remarks(
    command: ReviewCommand,
    git: Git,
    event: Event,
    runs: Sequence[ScannerRun],
    environ: Mapping[str, str],
) -> str:
    """Return what the command says, or why it said nothing; never raises for its failure.

    It is not asked where a scanner has no result: a secret could then be in the diff.
    """
    if not runs or any(run.status != "ok" for run in runs):
        return "It was not asked: not every scanner has a result, so the diff may hold secrets."
    masker = Masker(
        (value for run in runs for found in run.findings for value in found.secrets),
        review.secret_patterns(),
    )
    diff = masker.mask(_diff(git, event))
    if len(diff.encode()) > MAX_DIFF:
        return f"It was not asked: the diff has more than {MAX_DIFF:,} bytes."
    try:
        said = _asked(command, git, diff, environ)
    except (OSError, UsageError) as error:
        return f"It said nothing: {visible(masker.mask(str(error)))}"
    return masker.mask(said)


def shown(said: str) -> str:
    """Return the words as a block of Markdown in which nothing is markup."""
    cut = said.encode()[:MAX_SHOWN].decode("utf-8", "ignore")
    lines = [log_start(visible(line)) for line in cut.split("\n")]
    lines += ["…"] if len(cut) < len(said) else []
    text = "\n".join(lines)
    # Escapes make it longer: the page's room is counted in what is shown.
    lines = text.encode()[: 2 * MAX_SHOWN].decode("utf-8", "ignore").split("\n")
    return markdown_block(lines)


def _diff(git: Git, event: Event) -> str:
    start = git.empty_tree
    if not history.is_null_revision(git, event.base):
        start = history.merge_base(git, event.base, event.head)
    return git.run([*_DIFF, start, event.head, "--"]).decode("utf-8", "replace")


def _asked(
    command: ReviewCommand, git: Git, diff: str, environ: Mapping[str, str]
) -> str:
    """Start the command and return its standard output; raises OSError, UsageError."""
    path = process.safe_search_path(environ.get("PATH", os.defpath))
    program = shutil.which(command.words[0], path=path)
    if program is None or not os.path.isabs(program):
        raise UsageError("review-command names no program on PATH")
    if inside(os.path.realpath(program), os.path.realpath(git.root)):
        raise UsageError("review-command names a program of the change itself")
    folder = tempfile.mkdtemp(prefix="zt-gate-")
    try:
        own = {name: environ[name] for name in command.variables if name in environ}
        done = process.run(
            [program, *command.words[1:]],
            cwd=Path(folder),
            deadline=time.monotonic() + SECONDS,
            env={**own, "HOME": folder, "PATH": path},
            stdin=diff.encode(),
            max_output=_MAX_OUTPUT,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if done.returncode:
        raise UsageError(f"review-command ended with exit code {done.returncode}")
    return done.stdout.decode("utf-8", "replace").strip() or "It said nothing."
