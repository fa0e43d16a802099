"""One word of a command with all that decides what it means."""

from __future__ import annotations

from zt_gate.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.commands.reading import Reading
    from zt_gate.guard.shell.invocation import Invocation
    from zt_gate.guard.shell.words import CommandWord


@record
class Spot:
    """A word with its role; ``option`` is the one that it belongs to, "" for an argument."""

    case: CommandCase
    invocation: Invocation
    reading: Reading
    role: str
    option: str
    word: CommandWord

    @property
    def text(self) -> str:
        """The word's value."""
        return self.word.text

    @property
    def named(self) -> str:
        """The program and the option, for a message."""
        return f"{self.invocation.program} {self.option}".rstrip()

    def add(self, control: str, detail: str = "") -> None:
        """Note a reason; without a ``detail`` it is the word's value."""
        self.case.add(control, detail or self.text)
