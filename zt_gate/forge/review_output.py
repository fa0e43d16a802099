"""Runs the action's review command on the change of an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.git import history
from zt_gate.reports.escape import markdown_block
from zt_gate.review import review_command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zt_gate.forge.github_event import Event
    from zt_gate.git.run import Git
    from zt_gate.model.report import ScannerRun
    from zt_gate.review.review_command import ReviewCommand


def output_of(
    command: ReviewCommand,
    git: Git,
    event: Event,
    runs: Sequence[ScannerRun],
    environ: Mapping[str, str],
) -> str:
    """Return the command's masked output, or why there is none, as Markdown."""
    output = review_command.run(command, git, lambda: _diff(git, event), runs, environ)
    return as_markdown(output)


def as_markdown(output: str) -> str:
    """Return the output as a Markdown block without markup, shortened."""
    # Escapes lengthen the text, and the page counts the bytes that it shows.
    text = "\n".join(review_command.shown_lines(output)).encode()
    shortened = text[: 2 * review_command.MAX_SHOWN].decode("utf-8", "ignore")
    return markdown_block(shortened.split("\n"))


def _diff(git: Git, event: Event) -> bytes:
    start = git.empty_tree
    if not history.is_null_revision(git, event.base):
        start = history.merge_base(git, event.base, event.head)
    command = ["diff-tree", "-r", *review_command.DIFF_FLAGS]
    return git.run([*command, start, event.head, "--"])
