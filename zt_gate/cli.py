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
    _leave_no_foreign_folder_on_the_path()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    debug = "--debug" in words
    try:
        return _run(words)
    except KeyboardInterrupt:
        # A second Ctrl-C while cleaning up has nothing left to clean.
        _say("interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader is gone: nothing can be said, and nothing was shown to pass.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return EXIT_ERROR
    except Exception as error:  # noqa: BLE001 - a traceback's exit code 1 would read as "fail"
        return _explain(error, debug=debug)


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
            parser = _Parser(prog=f"zt-gate {name}", description=f"{name}: {summary}")
            command.arguments(parser)
            options = parser.parse_args(list(words[1:]))
            code: int = command.main(options)
            sys.stdout.flush()
            return code
    from zt_gate.errors import UsageError

    raise UsageError(f"there is no verb {_shown(verb)}{_nearest(verb)}; see zt-gate --help")


class _Parser(argparse.ArgumentParser):
    """argparse, with errors in the gate's one-line form."""

    def error(self, message: str) -> NoReturn:
        from zt_gate.errors import UsageError

        raise UsageError(f"{_printable(message)}; see {self.prog} --help")


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


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _leave_no_foreign_folder_on_the_path() -> None:
    """Drop import paths that mean the current folder: it is what gets scanned.

    ``python -m`` and ``PYTHONPATH=.`` put it there; a ``rich/`` or ``yaml.py``
    in a scanned repository must not be imported.  The folder that this package
    itself comes from stays.
    """
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    here = os.path.realpath(os.getcwd()) if _cwd_exists() else ""
    sys.path[:] = [
        entry
        for entry in sys.path
        if os.path.isabs(entry)
        and (os.path.realpath(entry) == os.path.realpath(own) or os.path.realpath(entry) != here)
    ]


def _cwd_exists() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True
