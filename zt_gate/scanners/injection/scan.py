"""The walk over a change: names, lines, pages and messages, each looked at once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.model.finding import Evidence, Location, bounded_subject
from zt_gate.model.report import ScannerRun
from zt_gate.scanners.injection.added_pages import pages, parts
from zt_gate.scanners.injection.page_scan import PageReader
from zt_gate.syntax import paths
from zt_gate.syntax.text import WINDOW, added_text, decode_lossy, windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.change import ChangeSet, Commit, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.model.report import NotInspected
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.injection.added_pages import AddedPage
    from zt_gate.scanners.injection.invisible_characters import InvisibleSpan
    from zt_gate.scanners.injection.page_scan import PageSignal

#: Findings of one rule in one file; the rest is counted in the last one's place.
_MOST = 25
_EVIDENCE = 2000


class TextOrigin(NamedTuple):
    """Where the lines that are read stand: a file, a file in a commit, or a message."""

    path: bytes | None
    commit: str | None = None

    def at(
        self, line: int | None, column: int | None = None, end: int | None = None
    ) -> Location:
        """Return the location of a span (1-based, end exclusive)."""
        if self.commit is not None:
            if self.path is None:
                return Location("commit", commit=self.commit)
            return Location("commit", self.path, line, column, line, end, self.commit)
        if line is None:
            return Location("file", self.path)
        return Location("line", self.path, line, column, line, end)


class InjectionScan:
    """One scan: what is known about rules, and what was found so far."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self.rules = rules
        self.reader = PageReader(rules)
        self.findings: list[Finding] = []
        self.not_inspected: list[NotInspected] = []
        self.seen: set[tuple[str, bytes | None, str, int | None]] = set()
        self.counts: dict[tuple[str, TextOrigin], int] = {}
        self.files = 0
        self.lines = 0

    @cached_property
    def table(self) -> Mapping[int, str]:
        """Look-alike letters; only lines that are not ASCII need them."""
        from zt_gate.scanners.injection import confusables

        return confusables.fold_table(self.rules)

    def file(self, file: FileChange, commit: Commit | None) -> None:
        """Look at the name and the added lines of one file."""
        place = TextOrigin(file.path, commit.oid if commit else None)
        if file.status in {"A", "R", "C"} and not file.path.isascii():
            self._name(file.path, place)
        text = added_text(file)
        if text.skipped is not None:
            if text.skipped not in self.not_inspected:
                self.not_inspected.append(text.skipped)
            return
        self.files += commit is None
        for page in pages(text):
            if commit is None:
                self.lines += len(page.lines) - page.again
            self._page(page, place)

    def _name(self, path: bytes, place: TextOrigin) -> None:
        from zt_gate.scanners.injection import confusables

        found = confusables.look_at_name(path, self.table, self.rules)
        if found is not None:
            self._report(found, place, None, decode_lossy(path))

    def message(self, commit: Commit) -> None:
        """Look at a commit's message."""
        place = TextOrigin(None, commit.oid)
        for page in parts(1, commit.message.split(b"\n")):
            self._page(page, place)

    def _page(self, page: AddedPage, place: TextOrigin) -> None:
        path = place.path or b""
        for number, data in enumerate(
            page.lines[page.again :], page.first + page.again
        ):
            if not data.isascii():
                self._characters(number, data, place)
        # Imperatives are normal in what is meant for an agent.
        agent = paths.is_any(path, "agent-instructions", "agent-folder")
        if len(page.lines) == 1 and len(page.lines[0]) > WINDOW:
            self._long_line((page.first, page.lines[0]), place, agent=agent)
            return
        for said in self.reader.read(page.lines, agent=agent):
            self._report(
                said, place, page.first + said.line, decode_lossy(page.lines[said.line])
            )

    def _long_line(
        self, line: tuple[int, bytes], place: TextOrigin, *, agent: bool
    ) -> None:
        number, data = line
        points = reached = 0
        for offset, piece in windows(data):
            points += len(decode_lossy(data[reached:offset]))
            reached = offset
            for said in self.reader.read([piece], agent=agent):
                self._report(said, place, number, decode_lossy(piece), shift=points)

    def _characters(self, number: int, data: bytes, place: TextOrigin) -> None:
        from zt_gate.scanners.injection import (
            confusables,
            invisible_characters,
        )

        text = decode_lossy(data)
        path = place.path or b""
        for seen in invisible_characters.look(text, path, number, self.rules):
            self._report(seen, place, number, text)
        for seen in confusables.look_alikes(text, path, self.table, self.rules):
            self._report(seen, place, number, text)

    def _report(
        self,
        what: PageSignal | InvisibleSpan,
        place: TextOrigin,
        number: int | None,
        text: str,
        *,
        shift: int = 0,
    ) -> None:
        """Make a finding; ``shift`` is how many code points of the line stand before ``text``."""
        start, end = what.span or (0, max(1, len(text)))
        cut = max(0, start - _EVIDENCE // 2)
        evidence = Evidence(
            text[cut : cut + _EVIDENCE], start - cut, min(end - cut, _EVIDENCE)
        )
        # A line of a commit that stands in the net change too, or in an earlier
        # commit, is known; so is what two overlapping pages both hold.
        known = (what.rule, place.path, evidence.text)
        here = (*known, number)
        if here in self.seen or (
            place.commit is not None and (*known, None) in self.seen
        ):
            return
        self.seen |= {(*known, None)} if place.commit else {(*known, None), here}
        count = self.counts[what.rule, place] = (
            self.counts.get((what.rule, place), 0) + 1
        )
        if count > _MOST:
            return
        location = place.at(None)
        if number is not None:
            location = place.at(number, start + shift + 1, end + shift + 1)
        finding = self.rules[what.rule].finding(
            location,
            what.message,
            evidence=evidence,
            subject=bounded_subject(what.subject, 400),
        )
        self.findings.append(finding)

    def summaries(self) -> Iterator[Finding]:
        """Yield one finding for each rule and file that had more than was reported."""
        for (rule, place), count in self.counts.items():
            if count > _MOST:
                message = f"{count - _MOST} more lines like the {_MOST} that are shown"
                yield self.rules[rule].finding(
                    place.at(None), message, subject=f"{count - _MOST} more"
                )


def scan(change: ChangeSet, context: Context) -> ScannerRun:
    """Look at every added line, name and message of the change."""
    walk = InjectionScan(context.rules)
    known = {_digest(file) for file in change.files} if change.commits else set()
    for file, commit in change.files_with_commits():
        if commit is None or _digest(file) not in known:
            walk.file(file, commit)
    for commit in change.commits:
        walk.message(commit)
    return ScannerRun(
        "injection",
        "ok",
        files=walk.files,
        lines=walk.lines,
        findings=(*walk.findings, *walk.summaries()),
        not_inspected=tuple(walk.not_inspected),
    )


def _digest(file: FileChange) -> tuple[bytes, str, int, bytes]:
    """Return what tells that a commit's file was scanned already as part of the net change."""
    import hashlib

    total = hashlib.sha256()
    for hunk in file.hunks:
        total.update(b"%d %d\n" % (hunk.new_start, hunk.added.length))
        for line in hunk.added:
            total.update(line + b"\n")
    return file.path, file.status, file.new_mode, total.digest()
