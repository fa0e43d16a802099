"""Runs the gate's scanners on what is about to be written, or on what came back.

It is the gate's own pipeline with the pinned policy, not the repository's: what is
committed must not change what the guard finds.
"""

from __future__ import annotations

import os

from zt_gate.errors import GateError
from zt_gate.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.policy import GuardPolicy
    from zt_gate.model.report import Report, ScannerRun

#: Scanners of what is written; packages are looked up when they are installed.
WRITE_SCANNERS = ("secrets", "code", "injection", "agent_config", "tampering")
TEXT_SCANNERS = ("secrets", "injection")
_PATH = "/usr/local/bin:/usr/bin:/bin"
_FINDINGS_IN_MESSAGE = 3


@record
class Found:
    """One finding: its lines are from 1, 0 for all of it.

    One that only warns is there for the secret that it has found.
    """

    rule: str
    message: str
    remedy: str
    line: int
    end_line: int
    secrets: tuple[str, ...] = ()
    blocks: bool = True


@record
class Scanned:
    """What the scanners found; ``problems`` say what they could not look at."""

    found: tuple[Found, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first findings in one text, masked."""
        parts = [
            f"{item.message.rstrip('.')} (line {item.line}, {item.rule})"
            if item.line
            else f"{item.message.rstrip('.')} ({item.rule})"
            for item in self.found[:_FINDINGS_IN_MESSAGE]
        ]
        more = len(self.found) - len(parts)
        if more > 0:
            parts.append(f"and {more} more")
        return "; ".join(parts)


@record
class ContentScanner:
    """Scans for one session: the project, the pinned policy, and the user's home.

    ``temporary`` is the folder for temporary files, "" for the system's.
    """

    root: str
    policy: GuardPolicy
    places: GuardPlaces
    temporary: str = ""

    def content(self, path: str, content: bytes) -> Scanned:
        """Judge the content that a file is about to have; raises GateError."""
        inside = path == self.root or path.startswith(self.root.rstrip("/") + "/")
        folder = self.root if inside else os.path.dirname(path)
        while not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        return self._scan(
            "buffer", content, WRITE_SCANNERS, folder, os.path.relpath(path, folder)
        )

    def text(self, text: str) -> Scanned:
        """Look for secrets and hidden instructions in a text; raises GateError."""
        content = text.encode("utf-8", "surrogatepass")
        return self._scan("text", content, TEXT_SCANNERS, self.root, "")

    def _scan(
        self,
        kind: str,
        content: bytes,
        scanners: Sequence[str],
        folder: str,
        name: str,
    ) -> Scanned:
        from pathlib import Path

        from zt_gate.review import run
        from zt_gate.review.request import Request

        unmasked: list[ScannerRun] = []
        request = Request(
            kind=kind,
            spec=name,
            patch=content,
            folder=Path(folder),
            only=tuple(scanners),
            profile="strict",
            config=self._policy_file(),
            offline=True,
            log=False,
        )
        report = run.run(request, self._environ(), unmasked=unmasked.extend)
        return _scanned(report, unmasked, scanners)

    def _environ(self) -> Mapping[str, str]:
        """Return an environment that nothing in the session can have set."""
        environ = {"HOME": self.places.home, "PATH": _PATH, "LANG": "C.UTF-8"}
        return {**environ, "TMPDIR": self.temporary} if self.temporary else environ

    def _policy_file(self) -> str:
        """Return a file with the pinned gate policy, an empty one without a pin."""
        if not self.policy.scan_policy:
            return os.devnull
        from zt_gate.guard.private_file import read_private, write_private

        wanted = self.policy.scan_policy.encode()
        name = f"{self.policy.digest[:32]}.toml"
        path = os.path.join(self.places.pins, name)
        if read_private(path) != wanted:
            write_private(path, wanted)
        return path


def _scanned(
    report: Report, unmasked: Iterable[ScannerRun], scanners: Sequence[str]
) -> Scanned:
    values = {
        (finding.rule, finding.location.line, finding.location.column): finding.secrets
        for run in unmasked
        for finding in run.findings
    }
    found = []
    for item in report.findings:
        finding = item.finding
        place = finding.location
        key = (finding.rule, place.line, place.column)
        blocks = item.level.value == "block"
        has_secret = item.level.value == "warn" and values.get(key)
        if item.state != "active" or not (blocks or has_secret):
            continue
        found.append(
            Found(
                finding.rule,
                finding.message,
                finding.remedy,
                place.line or 0,
                place.end_line or place.line or 0,
                values.get(key, ()),
                blocks,
            )
        )
    problems = [
        run.reason or f"{run.scanner} failed"
        for run in report.runs
        if run.scanner in scanners and run.status != "ok"
    ]
    problems += [
        f"{run.scanner}: {skip.reason}"
        for run in report.runs
        if run.scanner in scanners
        for skip in run.not_inspected
        if skip.kind == "failed"
    ]
    return Scanned(tuple(found), tuple(problems))


def problem_of(error: Exception) -> str:
    """Return one sentence about an error of a scan."""
    text = str(error) if isinstance(error, GateError) else type(error).__name__
    return text.rstrip(".")
