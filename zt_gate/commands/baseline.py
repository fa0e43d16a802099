"""``zt-gate baseline``: record existing findings so that only new ones fail."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import GateError, UsageError
from zt_gate.policy import baseline
from zt_gate.policy.baseline import Baseline, BaselineEntry

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from zt_gate.model.finding import Finding
    from zt_gate.model.report import JudgedFinding, Report, ScannerRun
    from zt_gate.model.scanner import ScannerInfo


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--prune",
        action="store_true",
        help="remove findings that no longer exist, and add none",
    )
    parser.add_argument(
        "--import",
        dest="imports",
        action="append",
        metavar="FILE",
        help="record only findings that a .secrets.baseline or .gitleaksignore "
        "contains; repeatable",
    )
    parser.add_argument(
        "--scanner", action="append", metavar="NAME", help="run only this scanner"
    )
    parser.add_argument(
        "--offline", action="store_true", help="do not query registries"
    )


def main(options: Namespace) -> int:
    """Scan the work tree and write ``.zt-gate-baseline`` in its root; returns 0.

    What could not be inspected is listed: its findings are not in the baseline.
    Raises GateError, exit code 3, if a scanner saw nothing at all, or if ``--prune``
    would remove what was only not seen.
    """
    from zt_gate.git.run import Git
    from zt_gate.review.running_agent import refuse_agent

    refuse_agent("baseline", os.environ)
    if options.prune and (options.scanner or options.imports):
        raise UsageError(
            "--prune needs all findings: do not combine it with --scanner or --import"
        )
    root = Git.open(Path.cwd(), os.environ).root
    target = root / os.fsdecode(baseline.FILE)
    if options.prune and not os.path.lexists(target):
        raise UsageError(
            f"there is no {target.name} to prune; create it with: zt-gate baseline"
        )
    old = _read_existing(target)
    is_imported = _import_filter(options.imports or ())
    report, findings = _scan(root, old, options, is_imported)
    _check_complete(report, prune=options.prune)
    entries = [_entry(finding) for finding in findings]
    new = baseline.merge_entries(old, entries, prune=options.prune)
    _write(target, baseline.render(new))
    _print_changes(old, new)
    _print_not_seen(report)
    return 0


def _read_existing(target: Path) -> Baseline:
    """Read the baseline in the work tree, which this run changes."""
    try:
        handle = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return Baseline(baseline.new_salt())
    except OSError as error:
        raise GateError(f"{target.name} cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise GateError(f"{target.name} is not a regular file")
        return baseline.parse(file.read(baseline.MAX_BYTES + 1))


def _check_complete(report: Report, *, prune: bool) -> None:
    """Raise GateError if the baseline would be wrong, not only incomplete."""
    blind = [run for run in report.runs if _saw_nothing(run)]
    if blind:
        others = [run for run in report.runs if run.status == "ok"]
        words = "".join(f" --scanner {run.scanner}" for run in others)
        fix = f"; without it: zt-gate baseline{words}" if others and not prune else ""
        raise GateError(
            "baseline not written, because a scanner saw nothing: "
            f"{_reason(blind[0])}{fix}"
        )
    failures = list(_failures(report)) if prune else []
    if failures:
        raise GateError(
            "baseline not pruned, because something was not inspected: "
            f"{failures[0]}; see all with: zt-gate scan --tree"
        )


def _failures(report: Report) -> Iterator[str]:
    """Yield what the scanners could not inspect, and why."""
    for run in report.runs:
        if run.status == "error":
            yield _reason(run)
        for skipped in run.not_inspected:
            if skipped.kind == "failed":
                path = "" if skipped.path is None else f"{_visible(skipped.path)}: "
                yield f"{run.scanner}: {path}{skipped.reason}"


def _saw_nothing(run: ScannerRun) -> bool:
    return run.status == "error" and not (run.files or run.findings)


def _reason(run: ScannerRun) -> str:
    """Return why a run failed, with the scanner's name once."""
    has_name = run.reason.startswith(f"{run.scanner} ")
    return run.reason if has_name else f"{run.scanner}: {run.reason}"


def _visible(path: bytes) -> str:
    from zt_gate.reports.escape import visible

    return visible(path)


def _print_not_seen(report: Report) -> None:
    """List what the baseline lacks because it could not be inspected."""
    failures = list(_failures(report))
    if not failures:
        return
    print(
        f"Not inspected, so findings there are not in the baseline ({len(failures)}):",
        file=sys.stderr,
    )
    for failure in failures:
        print(f"  {failure}", file=sys.stderr)


def _scan(
    root: Path,
    old: Baseline,
    options: Namespace,
    is_imported: Callable[[Finding], bool] | None,
) -> tuple[Report, list[JudgedFinding]]:
    """Scan the work tree; return the report and the findings to record.

    ``is_imported`` sees findings before masking, because other tools' files hold
    hashes of the secret values.
    """
    from zt_gate.commands.scan import progress_display
    from zt_gate.review import run as review
    from zt_gate.scanners import registered

    imported: set[tuple[str, object]] = set()

    def collect_imported(runs: Iterable[ScannerRun]) -> None:
        if is_imported is None:
            return
        for run in runs:
            for finding in run.findings:
                if is_imported(finding):
                    imported.add((finding.rule, finding.location))

    request = review.Request(
        kind="tree",
        paths=(str(root),),
        folder=root,
        only=tuple(options.scanner or ()),
        offline=options.offline,
        salt=old.salt,
    )
    progress = progress_display()
    try:
        report = review.run(request, os.environ, progress, collect_imported)
    finally:
        progress.clear()
    scanners = registered()
    findings = [
        item for item in report.findings if _belongs_in_baseline(item, scanners)
    ]
    if is_imported is not None:
        findings = [
            item
            for item in findings
            if (item.finding.rule, item.finding.location) in imported
        ]
    return report, findings


def _belongs_in_baseline(
    item: JudgedFinding, scanners: Mapping[str, ScannerInfo]
) -> bool:
    """Whether a finding blocks or warns, has a path, and its scanner keeps a baseline."""
    scanner = scanners.get(item.finding.scanner)
    if scanner is None or not scanner.keeps_baseline:
        return False
    return (
        item.state in {"active", "baseline"}
        and item.level.value in {"block", "warn"}
        and item.finding.location.path is not None
    )


def _entry(item: JudgedFinding) -> BaselineEntry:
    path = item.finding.location.path
    assert path is not None
    return BaselineEntry(item.fingerprint, item.finding.rule, path)


def _import_filter(files: Sequence[str]) -> Callable[[Finding], bool] | None:
    """Return a test for findings that one of the files contains; None without files."""
    if not files:
        return None
    from zt_gate.policy.other_baselines import load_matcher
    from zt_gate.scanners import registered

    tests = [load_matcher(Path(name), registered()) for name in files]
    return lambda finding: any(test(finding) for test in tests)


def _write(target: Path, data: bytes) -> None:
    from zt_gate.system.cache import write_atomically

    try:
        write_atomically(target, data, shared=True)
    except OSError as error:
        raise GateError(f"{target.name} cannot be written: {error.strerror}") from error


def _print_changes(old: Baseline, new: Baseline) -> None:
    before = {entry.fingerprint for entry in old.entries}
    after = {entry.fingerprint for entry in new.entries}
    added = after - before
    removed = before - after
    print(
        f"{os.fsdecode(baseline.FILE)}: {len(after)} recorded, "
        f"{len(added)} added, {len(removed)} removed"
    )
    if added:
        print(
            "Takes effect after it is merged into the base branch (locally: committed). "
            "Commit it in a separate change, to be reviewed by a person.",
            file=sys.stderr,
        )
