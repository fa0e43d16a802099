"""Runs the scanners that one request includes, on the change or on a shard's part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.report import ScannerRun
from zt_gate.record import dataclass, replace
from zt_gate.review import text_secrets, workers
from zt_gate.review.exclusions import reduced_for
from zt_gate.scanners import modules, registered
from zt_gate.sources import source_named

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.finding import Finding
    from zt_gate.model.report import ShardPart
    from zt_gate.model.scanner import ScannerInfo, ScannerProgress
    from zt_gate.review.report_masking import TextSecrets
    from zt_gate.review.request import Request
    from zt_gate.review.scanner_context import ContextBuilder

_SECRETS = "secrets"


@dataclass(frozen=True, slots=True)
class Share:
    """One shard's part of a change; ``part`` is None if the run is not sharded."""

    change: ChangeSet
    shard: tuple[int, int] = (1, 1)
    part: ShardPart | None = None

    @property
    def is_part(self) -> bool:
        """Whether there are other shards."""
        return self.shard[1] > 1

    def has(self, info: ScannerInfo) -> bool:
        """Whether a scanner runs in this shard."""
        return info.divides or self.shard[0] == 1

    def change_for(self, info: ScannerInfo, whole: ChangeSet) -> ChangeSet:
        """Return what a scanner gets: the shard's files, or the whole change."""
        return self.change if info.divides else whole


@dataclass(frozen=True, slots=True)
class Scans:
    """The runs of the scanners, in the registry's order; skipped ones come last.

    ``expected`` names the scanners that must have a run.  ``masking`` is a run of the
    scanner for secrets on the whole change whose findings are not this shard's: its
    values are masked, because a text of one file can show a secret of another.
    """

    runs: tuple[ScannerRun, ...]
    expected: tuple[str, ...]
    masking: ScannerRun | None = None

    @property
    def with_masking(self) -> tuple[ScannerRun, ...]:
        """All runs whose secrets are masked."""
        return self.runs if self.masking is None else (*self.runs, self.masking)

    @property
    def masked_values(self) -> Sequence[Finding]:
        """Findings that are not reported, whose secrets are masked."""
        return () if self.masking is None else self.masking.findings

    def checked(self, texts: TextSecrets) -> TextSecrets:
        """Return the result of a search of texts, failed where ``masking`` failed."""
        if self.masking is None or text_secrets.has_secrets_run((self.masking,)):
            return texts
        reason = self.masking.reason or "secrets could not read a file"
        return replace(texts, problem=texts.problem or reason)


def scanners_for(request: Request) -> dict[str, ScannerInfo]:
    """Return by name the scanners that apply to what is judged."""
    is_text = source_named(request.kind).is_text
    return {
        name: info
        for name, info in registered().items()
        if (info.reads_messages or not is_text)
        and (name in request.applicable or not request.applicable)
    }


def divided_scanners() -> frozenset[str]:
    """Return the names of the scanners whose files shards divide."""
    return frozenset(name for name, info in registered().items() if info.divides)


def included(name: str, request: Request) -> bool:
    """Whether the request runs a scanner."""
    return name not in request.skip and (not request.only or name in request.only)


def scan_change(
    change: ChangeSet,
    request: Request,
    builder: ContextBuilder,
    share: Share,
    progress: Callable[[Sequence[ScannerProgress]], None] | None,
) -> Scans:
    """Run the scanners that the request includes; the others have a skipped run."""
    scanners = {
        name: info for name, info in scanners_for(request).items() if share.has(info)
    }
    names = [name for name in scanners if included(name, request)]
    needs_masking = share.is_part and _SECRETS not in names
    infos = [scanners[name] for name in names]
    if needs_masking:
        infos.append(registered()[_SECRETS])
    module_names = modules()
    jobs = []
    reduced = []
    for info in infos:
        part = reduced_for(
            info, share.change_for(info, change), builder.policy, request.exclude
        )
        job = builder.job(info, module_names[info.name])
        jobs.append(replace(job, change=part.change))
        reduced.append(part)
    runs = workers.run(change, jobs, progress=progress, debug=request.debug)
    listed = [part.listed_in(run) for part, run in zip(reduced, runs, strict=True)]
    masking = listed.pop() if needs_masking else None
    skipped = [_skipped(name) for name in scanners if not included(name, request)]
    return Scans((*listed, *skipped), tuple(scanners), masking)


def _skipped(name: str) -> ScannerRun:
    return ScannerRun(name, "skipped", "excluded on the command line")
