"""``zt-gate scan``: scan a change and return a verdict."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.commands.report_output import (
    output_arguments,
    parse_destinations,
    publish,
    terminal_options,
)
from zt_gate.errors import UsageError
from zt_gate.model.profile import Profile
from zt_gate.record import replace
from zt_gate.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from zt_gate.model.report import Report, ScannerRun
    from zt_gate.model.scanner import ScannerProgress
    from zt_gate.reports.base import Options
    from zt_gate.review.run import Request
    from zt_gate.sources import ChangeSource

_SPINNER = "|/-\\"
#: Seconds before progress is shown.
_PROGRESS_DELAY = 0.3
#: Seconds between two lines of progress in a log.
_LOG_INTERVAL = 30.0
_CLEAR_LINE = "\r\x1b[K"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    _source_arguments(parser)
    _policy_arguments(parser)
    _origin_arguments(parser)
    output_arguments(parser)


def _source_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("source (one of these; default: --staged)")
    exclusive = group.add_mutually_exclusive_group()
    for source in SOURCES:
        if not source.help:
            continue
        option = f"--{source.kind}"
        if source.value == "none":
            exclusive.add_argument(option, action="store_true", help=source.help)
        elif source.value == "paths":
            exclusive.add_argument(
                option, nargs="*", metavar=source.metavar, help=source.help
            )
        else:
            exclusive.add_argument(option, metavar=source.metavar, help=source.help)


def _policy_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("scanners and policy")
    group.add_argument(
        "--scanner",
        action="append",
        metavar="NAME",
        help="run only this scanner; repeatable",
    )
    group.add_argument(
        "--skip",
        action="append",
        metavar="NAME",
        help="skip this scanner; reports list it as skipped; repeatable",
    )
    group.add_argument(
        "--exclude",
        action="append",
        metavar="GLOB",
        help="leave paths out; reports list them, strict does not accept it; repeatable",
    )
    group.add_argument(
        "--fail-on",
        metavar="LEVEL",
        help="block (default), warn, info, or a severity",
    )
    group.add_argument(
        "--min-confidence", metavar="C", help="lowest confidence that blocks"
    )
    group.add_argument("--profile", metavar="P", help=", ".join(Profile))
    group.add_argument(
        "--task", metavar="NAME", help="apply the limits of a task in the policy"
    )
    group.add_argument(
        "--config", metavar="FILE", help="use this policy file instead of git's"
    )
    group.add_argument(
        "--policy-rev", metavar="REV", help="read the policy from this revision"
    )
    group.add_argument(
        "--accept",
        action="append",
        metavar="FINGERPRINT@HEAD",
        help="approve a finding of this head commit for this run; repeatable",
    )
    group.add_argument("--offline", action="store_true", help="do not query registries")
    group.add_argument(
        "--shard",
        metavar="I/N",
        help="scan part I of N of the change; zt-gate merge joins the JSON reports",
    )
    group.add_argument(
        "--audit",
        metavar="WHAT",
        help="check these packages for known vulnerabilities: added (default) or all",
    )


def _origin_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("origin of the change")
    group.add_argument(
        "--label",
        action="append",
        metavar="L",
        help="label of the change, which can mark it as AI-written; repeatable",
    )
    group.add_argument(
        "--branch", metavar="B", help="branch that the change comes from"
    )
    group.add_argument(
        "--author",
        metavar="A",
        help="author of the change: an address, or ID+LOGIN of GitHub",
    )


def main(
    options: argparse.Namespace,
    request: Request | None = None,
    shown: Options | None = None,
    unmasked: Callable[[Sequence[ScannerRun]], None] | None = None,
) -> int:
    """Scan, write the reports, and return the exit code of the verdict.

    ``request`` replaces the one that the options describe.  ``shown`` says how the
    report names commands.  ``unmasked`` is called as ``zt_gate.review.run.run`` says.
    Raises GateError.
    """
    outputs, stdout_format = parse_destinations(options)
    request = request or request_of(options)
    report = run_scan(request, unmasked)
    render_options = terminal_options(options, is_terminal=sys.stdout.isatty())
    if shown is not None:
        render_options = replace(
            render_options, program=shown.program, has_terminal=shown.has_terminal
        )
    render_options = replace(render_options, staged=request.kind != "message")
    return publish(report, stdout_format, outputs, render_options)


def options_for(words: Sequence[str]) -> argparse.Namespace:
    """Parse words as ``scan`` does, for the hooks; raises UsageError."""
    parser = argparse.ArgumentParser(prog="zt-gate scan", exit_on_error=False)
    arguments(parser)
    return parser.parse_args(list(words))


def _chosen_source(options: argparse.Namespace) -> tuple[ChangeSource, Any]:
    """Return the source that the options name, and its value; the first by default."""
    for source in SOURCES:
        value = getattr(options, source.kind, None)
        if value is not None and value is not False:
            return source, value
    return SOURCES[0], None


def request_of(options: argparse.Namespace) -> Request:
    """Return the request that the options describe; opens the patch.

    Raises UsageError if the patch or the text cannot be read.
    """
    from zt_gate.review.authorship import OriginHints
    from zt_gate.review.run import Request

    source, value = _chosen_source(options)
    patch: bytes | BinaryIO = b""
    if source.value == "input":
        patch = _open_input(source.kind, value)
    elif source.value == "content":
        patch = _standard_input(f"--{source.kind}")
    return Request(
        kind=source.kind,
        spec=value if source.value in {"text", "content"} else "",
        patch=patch,
        paths=tuple(value) if source.value == "paths" else (),
        only=tuple(options.scanner or ()),
        skip=tuple(options.skip or ()),
        exclude=tuple(options.exclude or ()),
        fail_on=options.fail_on or "",
        min_confidence=options.min_confidence or "",
        profile=options.profile or "",
        task=options.task or "",
        config=options.config or "",
        policy_rev=options.policy_rev or "",
        accept=tuple(options.accept or ()),
        origin_hints=OriginHints(
            labels=tuple(options.label or ()),
            branch=options.branch or "",
            author=options.author or "",
        ),
        offline=options.offline,
        audit=options.audit or "",
        debug=options.debug,
        shard=_shard(options),
    )


def _shard(options: argparse.Namespace) -> tuple[int, int] | None:
    if not options.shard:
        return None
    from zt_gate.review.shards import parse_shard

    return parse_shard(options.shard)


def run_scan(
    request: Request,
    unmasked: Callable[[Sequence[ScannerRun]], None] | None = None,
    unit: str = "files",
) -> Report:
    """Run the scan, with progress on stderr in a ``unit``."""
    from zt_gate.review import run

    progress = progress_display(unit)
    try:
        return run.run(request, os.environ, progress, unmasked)
    finally:
        progress.clear()


def _open_input(kind: str, name: str) -> BinaryIO:
    """Open the patch or the text; it stays open until the process ends."""
    if name == "-":
        return _standard_input(f"--{kind} -")
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise UsageError(
            f"the {kind} {name!a} cannot be read: {error.strerror}"
        ) from error


def progress_display(unit: str = "files") -> _TerminalProgress | _LogProgress:
    """Return what shows progress on stderr; call its ``clear`` at the end.

    ``unit`` names what the scanners count.
    """
    return _TerminalProgress(unit) if sys.stderr.isatty() else _LogProgress(unit)


def _standard_input(option: str) -> BinaryIO:
    """Return standard input; raises UsageError if it is closed."""
    if sys.stdin is None or sys.stdin.closed:
        raise UsageError(f"{option} reads standard input, which is closed")
    return sys.stdin.buffer


class _TerminalProgress:
    """A line on stderr with the running scanners, drawn after a short delay."""

    def __init__(self, unit: str = "files") -> None:
        self._unit = unit
        self._started = time.monotonic()
        self._drawn = False

    def __call__(self, running: Sequence[ScannerProgress]) -> None:
        elapsed = time.monotonic() - self._started
        if elapsed < _PROGRESS_DELAY or not running:
            return
        frame = _SPINNER[int(elapsed * 10) % len(_SPINNER)]
        text = f"{frame} {elapsed:.1f} s  {_as_text(running, self._unit)}"
        from shutil import get_terminal_size

        # A line that wraps could not be erased.
        width = max(1, get_terminal_size().columns - 1)
        sys.stderr.write(f"{_CLEAR_LINE}{text[:width]}")
        sys.stderr.flush()
        self._drawn = True

    def clear(self) -> None:
        """Erase the line."""
        if self._drawn:
            sys.stderr.write(_CLEAR_LINE)
            sys.stderr.flush()


class _LogProgress:
    """A line on stderr now and then, for a log: CI ends jobs that seem to hang."""

    def __init__(self, unit: str = "files") -> None:
        self._unit = unit
        self._started = time.monotonic()
        self._next = _LOG_INTERVAL

    def __call__(self, running: Sequence[ScannerProgress]) -> None:
        elapsed = time.monotonic() - self._started
        if elapsed < self._next or not running:
            return
        self._next = elapsed + _LOG_INTERVAL
        print(
            f"zt-gate: {elapsed:.0f} s: {_as_text(running, self._unit)}",
            file=sys.stderr,
        )
        sys.stderr.flush()

    def clear(self) -> None:
        """Do nothing: the lines of a log stay."""


def _as_text(running: Sequence[ScannerProgress], unit: str) -> str:
    parts = []
    for scanner in running:
        counts = f" {scanner.done}/{scanner.total} {unit}" if scanner.total else ""
        parts.append(f"{scanner.name}{counts}")
    return ", ".join(parts)
