"""``zt-gate scan``: a change goes in, a verdict comes out."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.model.profile import Profile
from zt_gate.reports import FORMATS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from zt_gate.model.report import Report
    from zt_gate.reports.base import Options
    from zt_gate.review.run import Request

_SPINNER = "|/-\\"
_CLEAR_LINE = "\r\x1b[K"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    source = parser.add_argument_group(
        "what is judged (one; the staged change by default)"
    )
    one = source.add_mutually_exclusive_group()
    one.add_argument("--staged", action="store_true", help="what git would commit")
    one.add_argument(
        "--range", metavar="A..B", help="merge-base(A,B)..B, and each commit of it"
    )
    one.add_argument("--base", metavar="REV", help="merge-base(REV,HEAD)..HEAD")
    one.add_argument(
        "--worktree", action="store_true", help="all that is not committed"
    )
    one.add_argument("--patch", metavar="FILE", help="a patch; - reads standard input")
    one.add_argument(
        "--tree", nargs="*", metavar="PATH", help="whole files and folders"
    )

    which = parser.add_argument_group("how it is judged")
    which.add_argument(
        "--scanner", action="append", metavar="NAME", help="this scanner alone"
    )
    which.add_argument(
        "--skip", action="append", metavar="NAME", help="all but this; shown"
    )
    which.add_argument(
        "--fail-on", metavar="LEVEL", help="block (default), warn, info, or a severity"
    )
    which.add_argument(
        "--min-confidence", metavar="C", help="least confidence that blocks"
    )
    which.add_argument("--profile", metavar="P", help=", ".join(Profile))
    which.add_argument("--task", metavar="NAME", help="narrow to a task of the policy")
    which.add_argument(
        "--config", metavar="FILE", help="a policy of yours, instead of git's"
    )
    which.add_argument("--policy-rev", metavar="REV", help="the revision to trust")
    which.add_argument(
        "--accept",
        action="append",
        metavar="FINGERPRINT",
        help="say yes to a finding, from outside the change; repeatable",
    )
    which.add_argument(
        "--label",
        action="append",
        metavar="L",
        help="a label that the change has: it may say that an agent wrote it; repeatable",
    )
    which.add_argument(
        "--branch", metavar="B", help="the branch that the change comes from"
    )
    which.add_argument(
        "--author",
        metavar="A",
        help="who proposes it: an address, or ID+LOGIN of GitHub",
    )
    which.add_argument("--offline", action="store_true", help="ask no registry")
    which.add_argument(
        "--audit",
        metavar="WHAT",
        help="known vulnerabilities of what is added (default), or all",
    )

    out = parser.add_argument_group("what is printed")
    out.add_argument(
        "--format", metavar="NAME", help=", ".join(name for name, _ in FORMATS)
    )
    out.add_argument(
        "--output", action="append", metavar="FORMAT=FILE", help="to a file; repeatable"
    )
    out.add_argument(
        "--verbose", action="store_true", help="list what is only counted otherwise"
    )
    out.add_argument(
        "--debug", action="store_true", help="show where the gate itself fails"
    )
    out.add_argument("--no-color", action="store_true", help="as NO_COLOR does")


def main(options: argparse.Namespace, request: Request | None = None) -> int:
    """Judge, write the reports, and return the exit code of the verdict.

    A ``request`` takes the place of the one that the words make.
    """
    outputs = _outputs(options.output or [])
    shown = options.format or ("" if outputs else "terminal")
    if shown:
        _known_format(shown)
    report = judged(request or request_of(options))
    return publish(report, shown, outputs, _looks(options, sys.stdout.isatty()))


def options_for(words: Sequence[str]) -> argparse.Namespace:
    """Parse words as ``scan`` does, for the hooks; raises UsageError."""
    parser = argparse.ArgumentParser(prog="zt-gate scan", exit_on_error=False)
    arguments(parser)
    return parser.parse_args(list(words))


def request_of(options: argparse.Namespace) -> Request:
    """Turn the words into a request; reads the patch."""
    from zt_gate.review.authorship import OriginHints
    from zt_gate.review.run import Request

    kind, spec, paths = "staged", "", ()
    patch: bytes | BinaryIO = b""
    if options.range is not None:
        kind, spec = "range", options.range
    elif options.base is not None:
        kind, spec = "base", options.base
    elif options.worktree:
        kind = "worktree"
    elif options.patch is not None:
        kind, patch = "patch", _patch(options.patch)
    elif options.tree is not None:
        kind, paths = "tree", tuple(options.tree)
    return Request(
        kind=kind,  # type: ignore[arg-type]
        spec=spec,
        patch=patch,
        paths=paths,
        only=tuple(options.scanner or ()),
        skip=tuple(options.skip or ()),
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
    )


def judged(request: Request) -> Report:
    """Run the gate, with progress on stderr where a person watches it."""
    from zt_gate.review import run

    progress = _Progress() if sys.stderr.isatty() else None
    try:
        return run.run(request, os.environ, progress)
    finally:
        if progress:
            progress.clear()


def publish(
    report: Report, shown: str, outputs: Sequence[tuple[str, Path]], looks: Options
) -> int:
    """Write all reports and return the exit code.

    One that cannot be written is an error that every other report then tells;
    ``fail`` stays ``fail``.
    """
    from zt_gate import reports

    failed = _written(report, outputs, looks_of_a_file(looks))
    if failed:
        report = report.with_errors(failed.values())
        said = [(name, target) for name, target in outputs if target not in failed]
        again = _written(report, said, looks_of_a_file(looks))
        failed |= again
    for message in failed.values():
        print(f"zt-gate: {message}", file=sys.stderr)
    if shown:
        try:
            sys.stdout.flush()
            sys.stdout.buffer.write(reports.render(shown, report, looks))
            sys.stdout.buffer.flush()
        except OSError:
            # Nobody saw it: no pass.  What fails, fails all the same.
            if report.verdict.exit_code != 1:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return report.verdict.exit_code


def _written(
    report: Report, outputs: Sequence[tuple[str, Path]], looks: Options
) -> dict[Path, str]:
    """Write the reports; return why which could not be written."""
    from zt_gate import reports
    from zt_gate.reports.base import ReportError
    from zt_gate.reports.write import write

    failed = {}
    for name, target in outputs:
        try:
            write(target, reports.render(name, report, looks))
        except ReportError as error:
            failed[target] = str(error)
    return failed


def looks_of_a_file(looks: Options) -> Options:
    """Return how a file looks: no colour, no terminal width."""
    from zt_gate.reports.base import Options

    return Options(verbose=looks.verbose)


def _looks(options: argparse.Namespace, terminal: bool) -> Options:  # noqa: FBT001
    from zt_gate.reports.base import Options

    plain = bool(
        options.no_color
        or os.environ.get("NO_COLOR")
        or os.environ.get("TERM") == "dumb"
    )
    width = 80
    if terminal:
        from shutil import get_terminal_size

        width = max(40, get_terminal_size().columns)
    return Options(
        colour=terminal and not plain,
        width=width,
        verbose=options.verbose,
        terminal=terminal,
    )


def _outputs(words: Sequence[str]) -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    for word in words:
        name, equals, target = word.partition("=")
        if not equals or not target:
            raise UsageError(f"--output takes FORMAT=FILE, not {word!a}")
        _known_format(name)
        if any(Path(target) == known for _, known in found):
            raise UsageError(f"--output names {target!a} twice")
        found.append((name, Path(target)))
    return found


def _known_format(name: str) -> None:
    known = [format_name for format_name, _ in FORMATS]
    if name not in known:
        raise UsageError(
            f"there is no format {name!a}; the formats are {', '.join(known)}"
        )


def _patch(name: str) -> BinaryIO:
    """Open the patch; the process's end closes it."""
    if name == "-":
        if sys.stdin is None or sys.stdin.closed:
            raise UsageError("--patch - reads standard input, which is closed")
        return sys.stdin.buffer
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise UsageError(
            f"the patch {name!a} cannot be read: {error.strerror}"
        ) from error


class _Progress:
    """One line on stderr that says what still runs; drawn only after a moment."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._drawn = False

    def __call__(self, names: Sequence[str]) -> None:
        elapsed = time.monotonic() - self._started
        if elapsed < 0.3 or not names:
            return
        mark = _SPINNER[int(elapsed * 10) % len(_SPINNER)]
        sys.stderr.write(f"{_CLEAR_LINE}{mark} {', '.join(names)}  {elapsed:.1f} s")
        sys.stderr.flush()
        self._drawn = True

    def clear(self) -> None:
        """Leave no trace of the line."""
        if self._drawn:
            sys.stderr.write(_CLEAR_LINE)
            sys.stderr.flush()
