"""The state of one judgement: what was found, and what is judged at the moment."""

from __future__ import annotations

from zt_gate.guard.commands import denials
from zt_gate.record import field, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zt_gate.guard.context import GuardContext
    from zt_gate.guard.decision import Concern
    from zt_gate.guard.shell.invocation import Invocation
    from zt_gate.guard.shell.words import CommandWord

    #: Judges packages (ecosystem, name, version) in a folder: what blocks each, "" for
    #: nothing, None where it could not be asked.
    Verifier = Callable[
        [Sequence[tuple[str, str, str]], str, Mapping[str, str]],
        Sequence[str | None],
    ]

DEEPEST = 6
#: Controls of commands that show a host or a forge what they are given.
_OUTSIDE = frozenset(
    (
        "forge/writes",
        "forge/asks",
        "forge/api-changes",
        "network/other",
        "network/undecided",
        "network/lookup",
        "network/database",
        "network/remote-shell",
        "exfiltration/copied",
    )
)


@record(frozen=False)
class CommandCase:
    """The judgement of one text, with all texts that it would run.

    ``downloads`` are files that the text itself fetches, ``written`` those that it writes
    with their content.  ``scripts`` are files that it would run; ``runs`` are the
    programs, also those that others start.  ``run_text`` judges a further text for a
    shell.
    """

    context: GuardContext
    run_text: Callable[[CommandCase, str, str | None, str], None]
    run_words: Callable[[CommandCase, Invocation], None]
    verifier: Verifier | None = None
    concerns: dict[tuple[str, str], Concern] = field(default_factory=dict)
    downloads: set[str] = field(default_factory=set)
    written: dict[str, CommandWord] = field(default_factory=dict)
    scripts: list[str] = field(default_factory=list)
    runs: list[Invocation] = field(default_factory=list)
    packages: list[tuple[str, ...]] = field(default_factory=list)
    secret_names: set[str] = field(default_factory=set)
    sends_outside: bool = False
    shows_outside: bool = False
    names_client: bool = False
    depth: int = 0
    dialect: str = "bash"

    def add(self, control: str, detail: str = "") -> None:
        """Note a reason against the text."""
        self.shows_outside = self.shows_outside or control in _OUTSIDE
        found = denials.concern(control, self.context, detail)
        if found is not None:
            self.concerns.setdefault((control, found.effect), found)

    def script(self, text: str, invocation: Invocation, why: str) -> None:
        """Judge a text that a program hands to a shell."""
        if self.depth >= DEEPEST:
            self.add("run/undecided", why)
            return
        self.depth += 1
        self.run_text(self, text, invocation.cwd, invocation.host)
        self.depth -= 1

    def command(self, invocation: Invocation) -> None:
        """Judge a command that another starts."""
        if self.depth >= DEEPEST:
            self.add("run/undecided", invocation.program)
            return
        self.depth += 1
        self.run_words(self, invocation)
        self.depth -= 1
