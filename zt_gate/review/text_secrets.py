"""Looks for secrets in every text that is about to leave the gate.

The scanner for secrets may be skipped, late, or have crashed, and it reads added lines
alone; other scanners quote whole lines, and messages of programs.  So the texts of the
runs are searched themselves, in a process with limits of its own.  Where that fails,
nothing shows that a text holds no secret, and the judge withholds it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from zt_gate import rulebook
from zt_gate.model.change import MODE_FILE, Blob, ChangeSet, FileChange
from zt_gate.model.finding import Confidence
from zt_gate.record import dataclass, field, replace
from zt_gate.review import workers
from zt_gate.review.report_masking import TextSecrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from zt_gate.model.change import Commit
    from zt_gate.model.report import ScannerRun
    from zt_gate.scanners.base import Context
    from zt_gate.system.sealed_cache import SealedCache

_SECRETS = "secrets"
_TEXTS = "zt_gate.scanners.secrets.report_texts"
#: CPU seconds for the search, besides one for each of so many bytes.
_CPU_SECONDS = 20.0
_BYTES_PER_SECOND = 50_000
_WALL_FACTOR = 10
_NAME = b"\0name/"
_PROSE = b"\0prose"


@dataclass(slots=True)
class _Texts:
    """Texts to search, each once, with the path that decides how it is read."""

    entries: dict[tuple[bytes, str], None] = field(default_factory=dict)

    def add(self, path: bytes, text: str) -> None:
        if text:
            self.entries[path, text] = None

    @property
    def size(self) -> int:
        return sum(len(text) for _, text in self.entries)


def find(
    change: ChangeSet,
    runs: Sequence[ScannerRun],
    cache: SealedCache | None,
    texts: Iterable[str] = (),
) -> TextSecrets:
    """Search the texts of all runs, and ``texts``.

    Where the scanner for secrets has no complete result, also the files that other
    scanners found something in: a line of a private key shows only in its file what it is.
    """
    collected = _Texts()
    for run in runs:
        _collect(run, collected)
    for text in texts:
        collected.add(_PROSE, text)
    if not collected.entries:
        return TextSecrets()
    result = _search(collected, cache)
    if result.problem or has_secrets_run(runs):
        return result
    return _with_files(result, change, runs, cache)


def find_in(text: str, path: bytes, cache: SealedCache | None) -> TextSecrets:
    """Search one text, such as a diff."""
    collected = _Texts()
    collected.add(path, text)
    return _search(collected, cache)


def _collect(run: ScannerRun, texts: _Texts) -> None:
    if run.status != "skipped":  # of a skipped one, the reason is the gate's own
        texts.add(_PROSE, run.reason)
    for skip in run.not_inspected:
        if skip.path is not None:
            _add_name(skip.path, texts)
        # Of every kind: a submodule's address is in the reason of what is not applicable.
        texts.add(_PROSE, skip.reason)
        texts.add(_PROSE, skip.cause)
    for finding in run.findings:
        path = finding.location.path or b""
        if path:
            _add_name(path, texts)
        texts.add(path + _PROSE, finding.message)
        if finding.evidence is not None:
            texts.add(path, finding.evidence.text)
        if finding.fix is not None:
            texts.add(path, finding.fix)


def _add_name(path: bytes, texts: _Texts) -> None:
    # A path has no empty part, so a URL in it has lost a slash.
    name = path.replace(b":/", b"://").decode("utf-8", "surrogateescape")
    texts.add(_NAME + path, name)


def _search(texts: _Texts, cache: SealedCache | None) -> TextSecrets:
    entries = tuple(texts.entries)
    change = ChangeSet("tree", "", "", "", tuple(_as_file(*entry) for entry in entries))
    run = _run(change, _TEXTS, texts.size, cache)
    if run.status != "ok":
        return TextSecrets(problem=run.reason)
    everywhere: dict[str, None] = {}
    by_text: dict[str, tuple[str, ...]] = {}
    by_path: dict[bytes, tuple[str, ...]] = {}
    for finding in run.findings:
        path, text = entries[int(finding.subject)]
        if path.startswith(_NAME):
            name = path.removeprefix(_NAME)
            by_path[name] = (*by_path.get(name, ()), *finding.secrets)
            continue
        by_text[text] = (*by_text.get(text, ()), *finding.secrets)
        if finding.confidence is not Confidence.LOW:
            everywhere.update(dict.fromkeys(finding.secrets))
    return TextSecrets(tuple(everywhere), by_text, by_path)


def _as_file(path: bytes, text: str) -> FileChange:
    data = text.encode("utf-8", "surrogatepass")
    return FileChange(path, "A", 0, MODE_FILE, new=Blob("", lambda _limit: data))


def has_secrets_run(runs: Iterable[ScannerRun]) -> bool:
    """Whether the scanner for secrets has a complete result."""
    return any(
        run.scanner == _SECRETS
        and run.status == "ok"
        and not any(skip.kind == "failed" for skip in run.not_inspected)
        for run in runs
    )


def _with_files(
    result: TextSecrets,
    change: ChangeSet,
    runs: Sequence[ScannerRun],
    cache: SealedCache | None,
) -> TextSecrets:
    """Add the secrets of the files and commits that other scanners' findings are in."""
    paths = {finding.location.path for run in runs for finding in run.findings}
    oids = {finding.location.commit for run in runs for finding in run.findings}
    part = replace(
        change,
        files=tuple(file for file in change.files if file.path in paths),
        commits=tuple(
            _part_of(commit, paths) for commit in change.commits if commit.oid in oids
        ),
    )
    if not part.files and not part.commits:
        return result
    size = sum(
        hunk.added.length
        for file, _ in part.files_with_commits()
        for hunk in file.hunks
    )
    run = _run(part, "zt_gate.scanners.secrets", size, cache)
    if run.status != "ok" or any(skip.kind == "failed" for skip in run.not_inspected):
        reason = run.reason or "a file could not be read"
        return replace(result, problem=reason)
    values = (value for finding in run.findings for value in finding.secrets)
    return replace(
        result, everywhere=tuple(dict.fromkeys((*result.everywhere, *values)))
    )


def _part_of(commit: Commit, paths: set[bytes | None]) -> Commit:
    return replace(
        commit, files=tuple(file for file in commit.files if file.path in paths)
    )


def _run(
    change: ChangeSet, module: str, size: int, cache: SealedCache | None
) -> ScannerRun:
    cpu_seconds = _CPU_SECONDS + size / _BYTES_PER_SECOND
    wall_seconds = _WALL_FACTOR * cpu_seconds
    job = workers.ScannerJob(
        name=_SECRETS,
        module=module,
        context=_context(cache, wall_seconds),
        cpu_seconds=cpu_seconds,
        wall_seconds=wall_seconds,
    )
    (run,) = workers.run(change, (job,))
    return run


def _context(cache: SealedCache | None, wall_seconds: float) -> Callable[[], Context]:
    def build() -> Context:
        from pathlib import Path

        from zt_gate.scanners.base import Context
        from zt_gate.system import process

        return Context(
            rules=rulebook.load(_SECRETS, cache=cache),
            deadline=time.monotonic() + wall_seconds,
            workdir=Path("/"),
            run=process.run,
            cache=cache,
        )

    return build
