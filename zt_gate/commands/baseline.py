"""``zt-gate baseline``: write down what is there, so that only what is new is judged."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import GateError, UsageError
from zt_gate.policy import baseline
from zt_gate.policy.baseline import Baseline, BaselineEntry

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Sequence

    from zt_gate.model.finding import Finding
    from zt_gate.model.report import JudgedFinding, Report, ScannerRun


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--prune", action="store_true", help="drop what is no longer found"
    )
    parser.add_argument(
        "--import",
        dest="imports",
        action="append",
        metavar="FILE",
        help="only what a .secrets.baseline or .gitleaksignore knows; repeatable",
    )
    parser.add_argument(
        "--scanner", action="append", metavar="NAME", help="this scanner alone"
    )
    parser.add_argument("--offline", action="store_true", help="ask no registry")


def main(options: Namespace) -> int:
    """Scan the work tree and write ``.zt-gate-baseline`` in its root; returns 0.

    Raises GateError, exit code 3, where something could not be inspected: a
    baseline that leaves findings out by accident would stop people later.
    """
    from zt_gate.git.run import Git

    if options.prune and (options.scanner or options.imports):
        raise UsageError(
            "--prune needs everything that is found: no --scanner, no --import"
        )
    root = Git.open(Path.cwd(), os.environ).root
    target = root / os.fsdecode(baseline.FILE)
    old = _existing(target)
    keep = _imported(options.imports or ())
    report, matching = _scan(root, old, options, keep)
    failed = [
        f"{run.scanner}: {run.reason}" for run in report.runs if run.status == "error"
    ] + [
        f"{run.scanner}: {skip.reason}"
        for run in report.runs
        for skip in run.not_inspected
        if skip.kind == "failed"
    ]
    if failed:
        raise GateError(
            f"no baseline was written, since not everything was seen: {failed[0]}"
        )
    found = [_entry(item) for item in matching]
    new = baseline.merge_entries(old, found, prune=options.prune)
    _write(target, baseline.render(new))
    _tell(old, new)
    return 0


def _existing(target: Path) -> Baseline:
    """Read the baseline of the work tree: the one that is being changed."""
    try:
        handle = os.open(target, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return Baseline(baseline.new_salt())
    except OSError as error:
        raise GateError(f"{target.name} cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        return baseline.parse(file.read(baseline.MAX_BYTES + 1))


def _scan(
    root: Path,
    old: Baseline,
    options: Namespace,
    keep: Callable[[Finding], bool] | None,
) -> tuple[Report, list[JudgedFinding]]:
    from zt_gate.review import run as review
    from zt_gate.scanners import registered

    seen: dict[tuple[str, object], bool] = {}

    def look(runs: Iterable[ScannerRun]) -> None:
        for finding in (one for run in runs for one in run.findings):
            key = (finding.rule, finding.location)
            seen[key] = seen.get(key, False) or (keep is not None and keep(finding))

    request = review.Request(
        kind="tree",
        paths=(str(root),),
        folder=root,
        only=tuple(options.scanner or ()),
        offline=options.offline,
        salt=old.salt,
    )
    report = review.run(request, os.environ, unmasked=look)
    scanners = registered()
    wanted = [
        item
        for item in report.findings
        if item.state in {"active", "baseline"}
        and item.level.value in {"block", "warn"}
        and item.finding.scanner in scanners
        and scanners[item.finding.scanner].keeps_baseline
        and item.finding.location.path is not None
        and (
            keep is None or seen.get((item.finding.rule, item.finding.location), False)
        )
    ]
    return report, wanted


def _entry(item: JudgedFinding) -> BaselineEntry:
    path = item.finding.location.path
    assert path is not None
    return BaselineEntry(item.fingerprint, item.finding.rule, path)


def _imported(files: Sequence[str]) -> Callable[[Finding], bool] | None:
    """Return what says whether another tool's file knows a finding, None without such a file."""
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


def _tell(old: Baseline, new: Baseline) -> None:
    before = {one.fingerprint for one in old.entries}
    after = {one.fingerprint for one in new.entries}
    print(
        f"{os.fsdecode(baseline.FILE)}: {len(after)} known, "
        f"{len(after - before)} added, {len(before - after)} dropped"
    )
    if after - before:
        print(
            "It counts once it is on the trusted side: commit it in a change of its own, and let "
            "a person review it.",
            file=sys.stderr,
        )
