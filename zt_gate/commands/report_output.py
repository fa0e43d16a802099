"""The options and the writing of reports, for every command that has a report."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.record import replace
from zt_gate.reports import FORMATS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from zt_gate.model.report import Report
    from zt_gate.reports.base import Options


def output_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of every command that writes a report."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "--format", metavar="NAME", help=", ".join(name for name, _ in FORMATS)
    )
    group.add_argument(
        "--output",
        action="append",
        metavar="FORMAT=FILE",
        help="write a report to a file; repeatable",
    )
    group.add_argument(
        "--verbose", action="store_true", help="list what reports otherwise only count"
    )
    group.add_argument(
        "--debug", action="store_true", help="show a traceback if zt-gate itself fails"
    )
    group.add_argument(
        "--no-color",
        action="store_true",
        help="no colors, like NO_COLOR; FORCE_COLOR=1 forces them",
    )


def publish(
    report: Report,
    stdout_format: str,
    outputs: Sequence[tuple[str, Path]],
    render_options: Options,
) -> int:
    """Write all reports and return the exit code.

    ``stdout_format`` is "" for no report on standard output.  A report file that
    cannot be written makes the verdict ``error`` in all other reports; ``fail``
    remains ``fail``.
    """
    if stdout_format == "html" or any(name == "html" for name, _ in outputs):
        from zt_gate.commands.past_runs import latest

        render_options = replace(render_options, past=latest())
    file_options = _file_options(render_options)
    errors = _write_files(report, outputs, file_options)
    if errors:
        report = report.with_errors(errors.values())
        writable = [(name, target) for name, target in outputs if target not in errors]
        errors |= _write_files(report, writable, file_options)
    for message in errors.values():
        print(f"zt-gate: {message}", file=sys.stderr)
    if stdout_format:
        _write_stdout(report, stdout_format, render_options)
    return report.verdict.exit_code


def _write_stdout(report: Report, format_name: str, render_options: Options) -> None:
    """Write a report to standard output; raises OSError unless the verdict is fail."""
    from zt_gate import reports

    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(reports.render(format_name, report, render_options))
        sys.stdout.buffer.flush()
    except OSError:
        # A verdict that nobody saw must not pass; fail remains fail.
        if report.verdict.exit_code != 1:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_files(
    report: Report, outputs: Sequence[tuple[str, Path]], render_options: Options
) -> dict[Path, str]:
    """Write the report files; return the error message of each that failed."""
    from zt_gate import reports
    from zt_gate.reports.base import ReportError
    from zt_gate.reports.write import write

    errors = {}
    for name, target in outputs:
        try:
            write(target, reports.render(name, report, render_options))
        except ReportError as error:
            errors[target] = str(error)
    return errors


def _file_options(render_options: Options) -> Options:
    """Return the options for a file: no color, no terminal width."""
    from zt_gate.reports.base import Options

    return Options(verbose=render_options.verbose, past=render_options.past)


def terminal_options(options: argparse.Namespace, *, is_terminal: bool) -> Options:
    """Return the options for standard output."""
    from zt_gate.reports.base import Options, wants_colour

    width = 80
    if is_terminal:
        from shutil import get_terminal_size

        width = max(40, get_terminal_size().columns)
    return Options(
        colour=wants_colour(
            os.environ, is_terminal=is_terminal, no_color=options.no_color
        ),
        width=width,
        verbose=options.verbose,
        terminal=is_terminal,
    )


def parse_destinations(
    options: argparse.Namespace,
) -> tuple[list[tuple[str, Path]], str]:
    """Return the report files, and the format for standard output, "" for none.

    Raises UsageError.
    """
    outputs = _parse_outputs(options.output or [])
    stdout_format = options.format or ("" if outputs else "terminal")
    if stdout_format:
        _check_format(stdout_format)
    return outputs, stdout_format


def _parse_outputs(words: Sequence[str]) -> list[tuple[str, Path]]:
    outputs: list[tuple[str, Path]] = []
    for word in words:
        name, equals, target = word.partition("=")
        if not equals or not target:
            raise UsageError(f"--output takes FORMAT=FILE, not {word!a}")
        _check_format(name)
        if any(Path(target) == earlier for _, earlier in outputs):
            raise UsageError(f"--output names {target!a} twice")
        outputs.append((name, Path(target)))
    return outputs


def _check_format(name: str) -> None:
    """Raise UsageError for a format that does not exist."""
    formats = [format_name for format_name, _ in FORMATS]
    if name not in formats:
        raise UsageError(f"unknown format {name!a}; available: {', '.join(formats)}")
