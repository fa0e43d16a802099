"""Runs the user's review command on a change: information only, never a verdict.

The command, for example an agent's CLI in print mode with read-only tools, gets the
masked diff on its standard input.  It starts in an empty folder, so that no file of the
change configures it, and sees only the environment variables that the user names.  Its
output is shown as plain text.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.git.executable import inside
from zt_gate.record import dataclass
from zt_gate.reports.escape import log_start, visible
from zt_gate.review import run as review
from zt_gate.review import text_secrets
from zt_gate.review.secret_masking import Masker
from zt_gate.system import process
from zt_gate.system.sealed_cache import open_cache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zt_gate.git.run import Git
    from zt_gate.model.report import ScannerRun

#: Wall seconds of the command, maximum bytes of the diff and of the shown output.
SECONDS = 300.0
MAX_DIFF = 400_000
MAX_SHOWN = 8_000
_MAX_OUTPUT = 1 << 20
#: Options of a git diff command whose output a person could read: no program of the
#: repository's settings runs.
DIFF_FLAGS = (
    "-p",
    "-U5",
    "-M",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--ignore-submodules=none",
)


@dataclass(frozen=True, slots=True)
class ReviewCommand:
    """The words of the command and the environment variables that it may see.

    ``seconds`` limits its duration.  With ``named_home`` the variable HOME can be one of
    them; otherwise its home is the empty folder.
    """

    words: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    seconds: float = SECONDS
    named_home: bool = False

    @classmethod
    def of(cls, text: str, variables: Iterable[str]) -> ReviewCommand:
        """Parse the inputs of the action; raises UsageError."""
        return cls(words_of(text, "review-command"), tuple(variables))


def words_of(text: str, name: str) -> tuple[str, ...]:
    """Split a command into words as a shell does; raises UsageError."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"{name} is not a valid shell command: {error}") from error


def run(
    command: ReviewCommand,
    git: Git,
    read_diff: Callable[[], bytes],
    runs: Sequence[ScannerRun],
    environ: Mapping[str, str],
) -> str:
    """Return the masked output of the command, or why there is none.

    Never raises for a failure of the command; raises GitError if ``read_diff`` does.
    The command does not run if a scanner failed: the diff could then contain an unmasked
    secret.
    """
    if not runs or any(run.status != "ok" for run in runs):
        return (
            "Review command skipped: a scanner failed, so the diff may contain secrets."
        )
    findings = (finding for run in runs for finding in run.findings)
    secrets = (secret for finding in findings for secret in finding.secrets)
    diff = read_diff().decode("utf-8", "replace")
    cache = open_cache(environ, (git.root,))
    in_diff = text_secrets.find_in(diff, b"", cache)
    if in_diff.problem:
        return "Review command skipped: the diff could not be searched for secrets."
    values = (*secrets, *in_diff.values_of((diff,)))
    masker = Masker(values, review.secret_patterns())
    diff = masker.mask(diff)
    if len(diff.encode()) > MAX_DIFF:
        return f"Review command skipped: the diff has more than {MAX_DIFF:,} bytes."
    try:
        output = _start(command, git, diff, environ)
    except (OSError, UsageError) as error:
        return f"Review command failed: {visible(masker.mask(str(error)))}"
    return masker.mask(output)


def shown_lines(output: str) -> list[str]:
    """Return the lines of the output without invisible characters, shortened."""
    shortened = output.encode()[:MAX_SHOWN].decode("utf-8", "ignore")
    lines = [log_start(visible(line)) for line in shortened.split("\n")]
    if len(shortened) < len(output):
        lines.append("…")
    return lines


def _start(
    command: ReviewCommand, git: Git, diff: str, environ: Mapping[str, str]
) -> str:
    """Run the command and return its standard output; raises OSError, UsageError."""
    path = process.safe_search_path(environ.get("PATH", os.defpath))
    program = _find_program(command.words[0], path, git)
    folder = tempfile.mkdtemp(prefix="zt-gate-")
    named = {name: environ[name] for name in command.variables if name in environ}
    home = named.get("HOME", folder) if command.named_home else folder
    try:
        result = process.run(
            [program, *command.words[1:]],
            cwd=Path(folder),
            deadline=time.monotonic() + command.seconds,
            env={**named, "HOME": home, "PATH": path},
            stdin=diff.encode(),
            max_output=_MAX_OUTPUT,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if result.returncode:
        raise UsageError(f"review-command ended with exit code {result.returncode}")
    output = result.stdout.decode("utf-8", "replace").strip()
    return output or "Review command printed nothing."


def _find_program(name: str, path: str, git: Git) -> str:
    """Return the absolute path of a program outside the repository."""
    program = shutil.which(name, path=path)
    if program is None or not os.path.isabs(program):
        raise UsageError("the program of review-command is not on PATH")
    if inside(os.path.realpath(program), os.path.realpath(git.root)):
        raise UsageError("the program of review-command is a file of the repository")
    return program
