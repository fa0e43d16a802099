"""``zt-gate fix``: show the safe fixes of the findings as a diff, and apply them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import GateError, UsageError
from zt_gate.record import replace

if TYPE_CHECKING:
    import argparse

    from zt_gate.git.run import Git
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import ScannerRun
    from zt_gate.policy.schema import Policy
    from zt_gate.review.fixes import Edit, Plan
    from zt_gate.review.request import Request

#: Reasons why something is not fixed that are printed one by one.
_MOST_REASONS = 20


class FixError(GateError):
    """A fix could not be written; exit code 3."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--worktree", action="store_true", help="fix the work tree against HEAD"
    )
    source.add_argument("--base", metavar="REV", help="fix what HEAD adds to REV")
    source.add_argument(
        "--tree", action="store_true", help="fix all files of the work tree"
    )
    parser.add_argument(
        "--pin",
        action="store_true",
        help="also pin actions to commits, and versions to those of the lock file",
    )
    parser.add_argument(
        "--actions-from",
        metavar="URL",
        help="where the repositories of actions are (default: https://github.com)",
    )
    parser.add_argument("--offline", action="store_true", help="query no registry")
    parser.add_argument(
        "--dry-run", action="store_true", help="show the diff and change nothing"
    )
    parser.add_argument("--yes", action="store_true", help="apply without a question")


def main(options: argparse.Namespace) -> int:
    """Show the fixes, ask, and apply them; returns 0.

    Raises UsageError without a terminal to ask on, FixError if a file changed meanwhile.
    """
    from zt_gate.git.run import Git
    from zt_gate.review import fixes, run

    if options.dry_run and options.yes:
        raise UsageError("give --dry-run or --yes, not both")
    git = Git.open(Path.cwd(), os.environ)
    request = _request(options, git)
    raw: list[ScannerRun] = []
    report = run.run(request, os.environ, unmasked=raw.extend)
    plan = fixes.Plan()
    with run.reopened(request, os.environ) as (change, policy):
        if change.staged is not None:
            raise UsageError(
                "what is staged differs from the work tree; "
                "stage it again, or run fix without --worktree"
            )
        if change.digest != report.change_digest:
            raise FixError("the files changed while they were scanned; run fix again")
        edits = fixes.finding_edits(report, raw, plan)
        if options.pin:
            _add_pins(edits, change, git, options.actions_from or "", plan)
        fixes.add_edits(plan, change, edits, _own_paths(policy))
    _drop_changed(plan, git)
    _show(plan)
    if not plan.files or options.dry_run:
        return 0
    if not options.yes and not _agreed(plan):
        print("nothing was changed")
        return 0
    _apply(plan, git)
    return 0


def _request(options: argparse.Namespace, git: Git) -> Request:
    from zt_gate.review.request import Request

    # A fix is no verdict, and what it looks at is scanned again when it is committed.
    request = Request(log=False, offline=options.offline)
    if options.base:
        return replace(request, kind="base", spec=options.base)
    if options.tree:
        folder = git.root
        return replace(request, kind="tree", paths=(str(folder),), folder=folder)
    return replace(request, kind="worktree") if options.worktree else request


def _add_pins(
    edits: dict[bytes, list[Edit]], change: ChangeSet, git: Git, forge: str, plan: Plan
) -> None:
    from zt_gate.review.pins import FORGE, CommitLookup, pin_edits
    from zt_gate.system.replace_file import read_below

    limit = 64 << 20
    lookup = CommitLookup(git, forge or FORGE)
    pins = pin_edits(
        change, lookup, plan, lambda path: read_below(str(git.root), path, limit)
    )
    for path, found in pins.items():
        edits.setdefault(path, []).extend(found)


def _own_paths(policy: Policy) -> frozenset[bytes]:
    """Return the paths of the project's own rules."""
    from zt_gate.scanners import registered

    return frozenset(
        path.encode("utf-8", "surrogateescape")
        for info in registered().values()
        for path in info.own_rule_files(policy.scanners.get(info.name, {}))
    )


def _drop_changed(plan: Plan, git: Git) -> None:
    """Leave out files of the work tree that differ from what was scanned."""
    from zt_gate.system.replace_file import read_below

    kept = []
    for fix in plan.files:
        try:
            data = read_below(str(git.root), fix.path, len(fix.old))
        except OSError as error:
            plan.skipped.append((fix.path, f"in the work tree {error}"))
            continue
        if data == fix.old:
            kept.append(fix)
        else:
            reason = "the work tree has another content than what was scanned"
            plan.skipped.append((fix.path, reason))
    plan.files = kept


def _show(plan: Plan) -> None:
    """Print the diff without secrets and invisible characters, then what is left out."""
    from zt_gate.commands.error_text import masked
    from zt_gate.reports.escape import log_start, visible
    from zt_gate.review.fixes import diff
    from zt_gate.review.text_secrets import find_in

    for fix in plan.files:
        lines = [log_start(visible(line)) for line in diff(fix)]
        found = find_in("\n".join(lines), fix.path, None)
        if found.problem:
            raise FixError(
                f"secrets could not be looked for in the diff: {found.problem}"
            )
        for value in sorted(found.everywhere, key=len, reverse=True):
            lines = [
                line.replace(value, f"[{len(value)} characters]") for line in lines
            ]
        print(masked("\n".join(lines)))
    for path, reason in plan.skipped[:_MOST_REASONS]:
        print(f"not fixed: {visible(path)}: {visible(masked(reason))}")
    if len(plan.skipped) > _MOST_REASONS:
        print(f"not fixed: {len(plan.skipped) - _MOST_REASONS} more")
    count = sum(len(set(fix.reasons)) for fix in plan.files)
    print(f"{_counted(count, 'fix', 'fixes')} in {_files(plan)}", flush=True)


def _agreed(plan: Plan) -> bool:
    """Ask on the terminal; raises UsageError if there is none."""
    if sys.stdin.isatty() and sys.stderr.isatty():
        with suppress(OSError), open("/dev/tty", encoding="utf-8") as terminal:
            sys.stderr.write(f"apply to {_files(plan)}? [y/N] ")
            sys.stderr.flush()
            return terminal.readline().strip().lower() in {"y", "yes"}
    raise UsageError(
        "fix asks on a terminal, and there is none; add --yes to apply, "
        "or --dry-run to see the diff"
    )


def _apply(plan: Plan, git: Git) -> None:
    """Write the files; raises FixError that names those that could not be written."""
    from zt_gate.reports.escape import visible
    from zt_gate.system.replace_file import replace_below

    failed = []
    for fix in plan.files:
        try:
            replace_below(str(git.root), fix.path, fix.old, fix.new)
        except OSError as error:
            failed.append(f"{visible(fix.path)} ({error.strerror or error})")
    written = len(plan.files) - len(failed)
    print(f"{_counted(written, 'file', 'files')} changed; review and stage them")
    if failed:
        raise FixError(f"not written: {', '.join(failed)}; run fix again")


def _files(plan: Plan) -> str:
    return _counted(len(plan.files), "file", "files")


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
