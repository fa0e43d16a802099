"""Words in, exit code out: the one home of exit codes and of error messages."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from zt_gate import __version__
from zt_gate.commands import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

EXIT_USAGE = 2
EXIT_ERROR = 3
EXIT_INTERRUPTED = 130

_USAGE = "zt-gate [--version] [--help] VERB [OPTION…]"


def main(words: Sequence[str]) -> int:
    """Run one command and return its exit code.

    0 pass, 1 fail, 2 wrong usage or configuration, 3 something could not be
    inspected or the gate itself failed, 130 interrupted.
    """
    _open_standard_streams()
    _leave_no_foreign_folder_on_the_path()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, _interrupt)
    debug = "--debug" in words
    try:
        code = _run(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        _say("interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader is gone: nothing can be said, and nothing was shown to pass.
        _give_output_up()
        return EXIT_ERROR
    except Exception as error:  # noqa: BLE001 - a traceback's exit code 1 would read as "fail"
        _give_output_up()
        return _explain(error, debug=debug)
    return code


def _run(words: Sequence[str]) -> int:
    verb = words[0] if words else ""
    if verb in {"-V", "--version"}:
        print(f"zt-gate {__version__}")
        return 0
    if verb in {"", "-h", "--help", "help"}:
        print(_help())
        return 0 if verb else EXIT_USAGE
    for name, module, summary in COMMANDS:
        if name == verb:
            command = import_module(module)
            # No abbreviations: a later option would change what they mean.
            parser = _Parser(
                prog=f"zt-gate {name}",
                description=f"{name}: {summary}",
                allow_abbrev=False,
            )
            command.arguments(parser)
            options = parser.parse_args(list(words[1:]))
            _refuse_empty(options)
            code: int = command.main(options)
            return code
    from zt_gate.errors import UsageError

    raise UsageError(
        f"there is no verb {_shown(verb)}{_nearest(verb)}; see zt-gate --help"
    )


class _Parser(argparse.ArgumentParser):
    """argparse, with errors in the gate's one-line form."""

    def error(self, message: str) -> NoReturn:
        from zt_gate.errors import UsageError

        raise UsageError(f"{_printable(message)}; see {self.prog} --help")


def _refuse_empty(options: argparse.Namespace) -> None:
    """Raise UsageError for a value that is empty: a script's variable that was never set.

    ``--policy-rev "$BASE"`` would otherwise mean another policy than it says.
    """
    for name, value in vars(options).items():
        if value == "":
            from zt_gate.errors import UsageError

            raise UsageError(f"the value of {name.replace('_', '-')} is empty")


def _help() -> str:
    verbs = "\n".join(f"  {name:<9} {summary}" for name, _, summary in COMMANDS)
    return (
        f"usage: {_USAGE}\n\n"
        "A review gate for changes that AI agents write: never trust, always verify.\n\n"
        f"{verbs}\n\n"
        "zt-gate VERB --help says more. Exit codes: 0 pass, 1 fail, 2 wrong usage or\n"
        "configuration, 3 something could not be inspected, 130 interrupted."
    )


def _nearest(word: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, [name for name, _, _ in COMMANDS], 1)
    return f"; did you mean {near[0]}?" if near else ""


def _explain(error: Exception, *, debug: bool) -> int:
    from zt_gate.errors import GateError

    if debug:
        import traceback

        _say(_printable("".join(traceback.format_exception(error)), keep_lines=True))
    if isinstance(error, GateError):
        _say(_printable(str(error)))
        return error.exit_code
    kind = type(error).__name__
    _say(_printable(f"the gate itself failed ({kind}: {error}); --debug shows where"))
    return EXIT_ERROR


def _give_output_up() -> None:
    """Drop what cannot be written: Python would try again at its end, and exit with 120."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _say(text: str) -> None:
    """Write one line to stderr; a closed stderr is no reason to end otherwise."""
    try:
        print(f"zt-gate: {text}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return


def _shown(word: str) -> str:
    return repr(_printable(word))


def _printable(text: str, *, keep_lines: bool = False) -> str:
    """Show what cannot be seen, or what a log would obey, as escapes.

    Messages quote hostile names.  With ``keep_lines`` each line stays one.
    """
    from zt_gate.reports.escape import log_start, visible

    if keep_lines:
        return "\n".join(log_start(visible(line)) for line in text.split("\n"))
    return visible(text)


class _Interrupted(KeyboardInterrupt):
    """An interrupt.

    Of a class of its own: a plain KeyboardInterrupt that is raised while the
    interpreter runs ``exec`` on a string (dataclasses do at import) makes it die
    of SIGINT at its end, although the exception was caught (seen in 3.11).
    """


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Interrupted


def _open_standard_streams() -> None:
    """Put something in the place of standard streams that are closed.

    The next file or pipe that is opened would get its number, and with it what
    is meant for the stream.  What is written to a closed standard output stays
    an error: nobody has seen the report.
    """
    fd = os.open(os.devnull, os.O_RDWR)
    while fd <= 2:
        if fd == 1:
            os.close(fd)
            os.open(os.devnull, os.O_RDONLY)
        fd = os.open(os.devnull, os.O_RDWR)
    os.close(fd)
    # Not None where a stream was closed, whatever the type says.
    if not sys.stdout:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if not sys.stderr:
        sys.stderr = os.fdopen(2, "w", closefd=False)


def _leave_no_foreign_folder_on_the_path() -> None:
    """Drop import paths that lie in what is scanned, or mean the current folder.

    ``python -m`` and ``PYTHONPATH=src`` put them there; a ``rich/`` or a
    ``yaml.py`` in a scanned repository must not be imported.  What belongs to
    the running Python, and the folder that this package comes from, stays: a
    project may have its environment inside.
    """
    own = os.path.realpath(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    python = tuple(map(os.path.realpath, (sys.prefix, sys.base_prefix)))
    scanned = _scanned_folder()
    sys.path[:] = [
        entry
        for entry in sys.path
        if os.path.isabs(entry)
        and (
            os.path.realpath(entry) == own
            or _below(entry, *python)
            or not _below(entry, scanned)
        )
    ]


def _scanned_folder() -> str:
    """Return the top of the repository around the current folder, else that folder, or ""."""
    try:
        here = os.path.realpath(os.getcwd())
    except OSError:
        return ""
    top = here
    while not os.path.lexists(os.path.join(top, ".git")):
        if top == os.path.dirname(top):
            return here
        top = os.path.dirname(top)
    return top


def _below(path: str, *folders: str) -> bool:
    real = os.path.realpath(path)
    return any(
        folder and f"{real}/".startswith(f"{folder.rstrip('/')}/") for folder in folders
    )
