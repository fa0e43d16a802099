"""Whether a task names a command."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.guard.task import Task


def may_run(task: Task, words: Sequence[str]) -> bool:
    """Whether the task's ``commands`` name a command by its leading words.

    ``words`` are the program, its subcommands and its arguments without options.  "*"
    names every program that a table knows.
    """
    return named_words(task, words) > 0


def named_words(task: Task, words: Sequence[str]) -> int:
    """Return how many words of a command the task names at most, 0 for none."""
    longest = 0
    for command in task.commands:
        leading = command.split()
        if leading == ["*"] or list(words[: len(leading)]) == leading:
            longest = max(longest, len(leading))
    return longest
