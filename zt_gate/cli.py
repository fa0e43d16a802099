"""The command line: runs one command, prints errors and returns the exit code."""

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

_USAGE = "zt-gate [--version] [--help] COMMAND [OPTION…]"


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code.

    0 pass, 1 fail, 2 wrong usage or configuration, 3 something could not be
    inspected or an internal error, 130 interrupted.
    """
    _open_standard_streams()
    _remove_scanned_folders_from_import_path()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, _interrupt)
    debug = "--debug" in arguments
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        _print_error("interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader has closed the pipe, so nobody has seen the report.
        _discard_output()
        return EXIT_ERROR
    except Exception as error:  # noqa: BLE001 - a traceback's exit code 1 would mean "fail"
        _discard_output()
        return _report_error(error, debug=debug)
    return code


def _run(arguments: Sequence[str]) -> int:
    first = arguments[0] if arguments else ""
    if first in {"-V", "--version"}:
        print(f"zt-gate {__version__}")
        return 0
    if first in {"", "-h", "--help", "help"}:
        print(_help())
        return 0 if first else EXIT_USAGE
    for name, module, summary in COMMANDS:
        if name == first:
            return _run_command(name, module, summary, arguments[1:])
    from zt_gate.errors import UsageError

    raise UsageError(
        f"unknown command {_quoted(first)}{_suggestion(first)}; see zt-gate --help"
    )


def _run_command(name: str, module: str, summary: str, arguments: Sequence[str]) -> int:
    command = import_module(module)
    # No abbreviations: an option that is added later could make them ambiguous.
    parser = _Parser(
        prog=f"zt-gate {name}",
        description=f"{name}: {summary}",
        allow_abbrev=False,
    )
    command.arguments(parser)
    options = parser.parse_args(list(arguments))
    _refuse_empty_values(options)
    code: int = command.main(options)
    return code


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser that reports errors as one line."""

    def error(self, message: str) -> NoReturn:
        from zt_gate.commands.near_miss import suggestion
        from zt_gate.errors import UsageError

        hint = suggestion(self, message)
        raise UsageError(f"{_printable(message)}{hint}; see {self.prog} --help")


def _refuse_empty_values(options: argparse.Namespace) -> None:
    """Raise UsageError for an empty value, which often is an unset variable of a script.

    With an unset ``BASE``, ``--policy-rev "$BASE"`` would select another policy.
    """
    for name, value in vars(options).items():
        if value == "":
            from zt_gate.errors import UsageError

            raise UsageError(
                f"the value of {name.replace('_', '-')} is empty; "
                "is a variable in the command not set?"
            )


def _help() -> str:
    commands = "\n".join(f"  {name:<10} {summary}" for name, _, summary in COMMANDS)
    return (
        f"usage: {_USAGE}\n\n"
        "A review gate for changes that AI agents write: never trust, always verify.\n\n"
        f"{commands}\n\n"
        "Run zt-gate COMMAND --help for the options of a command. Exit codes: 0 pass,\n"
        "1 fail, 2 wrong usage or configuration, 3 something could not be inspected,\n"
        "130 interrupted."
    )


def _suggestion(word: str) -> str:
    from difflib import get_close_matches

    matches = get_close_matches(word, [name for name, _, _ in COMMANDS], 1)
    return f" (did you mean {matches[0]}?)" if matches else ""


def _report_error(error: Exception, *, debug: bool) -> int:
    from zt_gate.commands.error_text import masked
    from zt_gate.errors import GateError

    if debug:
        import traceback

        trace = "".join(traceback.format_exception(error))
        _print_error(_printable(masked(trace), keep_lines=True))
    if isinstance(error, GateError):
        _print_error(_printable(masked(str(error))))
        return error.exit_code
    kind = type(error).__name__
    message = (
        f"internal error ({kind}: {error}); run again with --debug for a traceback"
    )
    _print_error(_printable(masked(message)))
    return EXIT_ERROR


def _discard_output() -> None:
    """Discard unwritten output: Python would write it again at exit, and exit with 120."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _print_error(text: str) -> None:
    """Write a message to stderr; a closed stderr does not change the exit code."""
    try:
        print(f"zt-gate: {text}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return


def _quoted(word: str) -> str:
    return repr(_printable(word))


def _printable(text: str, *, keep_lines: bool = False) -> str:
    """Escape invisible characters and the commands of CI logs.

    Messages quote hostile names.  ``keep_lines`` keeps the line breaks.
    """
    from zt_gate.reports.escape import log_start, visible

    if keep_lines:
        return "\n".join(log_start(visible(line)) for line in text.split("\n"))
    return visible(text)


class _Interrupted(KeyboardInterrupt):
    """Raised by a termination signal.

    It has its own class because a plain KeyboardInterrupt raised while the
    interpreter runs ``exec`` on a string (as dataclasses do at import) makes Python
    end with SIGINT, even if the exception was caught (seen in 3.11).
    """


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Interrupted


def _open_standard_streams() -> None:
    """Open the null device for standard streams that are closed.

    Otherwise the next file or pipe would get the number of the stream, and its
    output.  Writing to a closed standard output is still an error, because nobody
    has seen the report: its descriptor is opened for reading only.
    """
    fd = os.open(os.devnull, os.O_RDWR)
    while fd <= 2:
        if fd == 1:
            os.close(fd)
            os.open(os.devnull, os.O_RDONLY)
        fd = os.open(os.devnull, os.O_RDWR)
    os.close(fd)
    # None if the stream was closed, although its type does not say so.
    if not sys.stdout:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if not sys.stderr:
        sys.stderr = os.fdopen(2, "w", closefd=False)


def _remove_scanned_folders_from_import_path() -> None:
    """Remove from sys.path the current folder and folders of the scanned repository.

    ``python -m`` and ``PYTHONPATH=src`` put them there, but a ``rich/`` or a
    ``yaml.py`` of a scanned repository must not be imported.  Folders of the running
    Python and of this package are kept: a project may contain its environment.
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    own_folder = os.path.realpath(package)
    python_folders = [os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix)]
    scanned_folder = _scanned_folder()

    def is_trusted(entry: str) -> bool:
        if not os.path.isabs(entry):
            return False
        if os.path.realpath(entry) == own_folder or _below(entry, *python_folders):
            return True
        return not _below(entry, scanned_folder)

    sys.path[:] = [entry for entry in sys.path if is_trusted(entry)]
    # PYTHONPYCACHEPREFIX, which ``python -I`` ignores: a repository could bring the
    # compiled form of a module, and Python would run that instead of its source.
    if sys.pycache_prefix is not None and not is_trusted(sys.pycache_prefix):
        sys.pycache_prefix = None


def _scanned_folder() -> str:
    """Return the repository's top folder, else the current folder; "" if that is gone."""
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
    """Whether a path is one of the folders or is in one of them."""
    real = f"{os.path.realpath(path)}/"
    prefixes = tuple(f"{folder.rstrip('/')}/" for folder in folders if folder)
    return real.startswith(prefixes)
