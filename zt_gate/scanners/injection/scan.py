"""Scans a change: file names, added lines, pages and commit messages, each once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.model.change import ContentUnavailableError
from zt_gate.model.finding import Evidence, Location, bounded_subject
from zt_gate.model.report import NotInspected, ScannerRun
from zt_gate.record import replace
from zt_gate.scanners.injection.added_pages import pages, split_into_pages
from zt_gate.scanners.injection.page_scan import PageScanner
from zt_gate.syntax import paths
from zt_gate.syntax.text import WINDOW, added_text, decode_lossy, windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.model.change import ChangeSet, Commit, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.injection.added_pages import AddedPage
    from zt_gate.scanners.injection.invisible_characters import InvisibleSpan
    from zt_gate.scanners.injection.page_scan import PageSignal
    from zt_gate.syntax.text import TextLines

#: Findings of one rule in one file; the others are summarized in one more finding.
_MAX_FINDINGS = 25
_MAX_EVIDENCE = 2000
#: The fewest words of a file name that may be an order, and what separates them.
_NAME_WORDS = 4
_NAME_SEPARATORS = bytes.maketrans(b"-_.+", b"    ")


class TextOrigin(NamedTuple):
    """The source of scanned lines: a file, a file in a commit, or a commit message.

    ``path`` is None for a message.
    """

    path: bytes | None
    commit: str | None = None

    def at(
        self, line: int | None, column: int | None = None, end: int | None = None
    ) -> Location:
        """Return the location of a span (1-based code points, end exclusive)."""
        if self.commit is None:
            if line is None:
                return Location("file", self.path)
            return Location("line", self.path, line, column, line, end)
        if self.path is None:
            return Location("commit", commit=self.commit)
        return Location("commit", self.path, line, column, line, end, self.commit)


class InjectionScan:
    """One scan: its rules, and its findings so far."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self.rules = rules
        self.page_scanner = PageScanner(rules)
        self.findings: list[Finding] = []
        self.not_inspected: list[NotInspected] = []
        self.reported: set[tuple[str, bytes | None, str, int | None]] = set()
        self.counts: dict[tuple[str, TextOrigin], int] = {}
        self.files = 0
        self.lines = 0

    @cached_property
    def fold_table(self) -> Mapping[int, str]:
        """Confusables with the letters that they fold to; ASCII lines do not need it."""
        from zt_gate.scanners.injection import confusables

        return confusables.fold_table(self.rules)

    def scan_file(self, file: FileChange, commit: Commit | None) -> None:
        """Scan the name and the added lines of one file of the change or of a commit."""
        origin = TextOrigin(file.path, commit.oid if commit else None)
        has_new_name = file.status in {"A", "R", "C"}
        if has_new_name and not file.path.isascii():
            self._scan_name(file.path, origin)
        if has_new_name:
            self._scan_words_of_name(file.path, origin)
        text = added_text(file)
        if text.skipped is not None:
            if text.skipped not in self.not_inspected:
                self.not_inspected.append(text.skipped)
            return
        if commit is None:
            self.files += 1
        signals: set[tuple[str, str]] = set()
        for page in pages(text):
            if commit is None:
                self.lines += len(page.lines) - page.overlap
            signals |= self._scan_page(page, origin)
        self._scan_around(text, origin, frozenset(signals))

    def _scan_around(
        self, text: TextLines, origin: TextOrigin, known: frozenset[tuple[str, str]]
    ) -> None:
        """Report the signals of which the change only adds, or uncovers, a part.

        ``known`` are rule and subject of those in the added lines alone.
        """
        from zt_gate.syntax.surroundings import surroundings

        try:
            near = surroundings(text)
            if near is None:
                return
            from zt_gate.scanners.injection.completed_signals import completed_signals

            completed = list(
                completed_signals(
                    self.page_scanner, near, known, agent=_is_for_agents(origin)
                )
            )
        except ContentUnavailableError as error:
            reason = f"only the added lines were scanned, without those around: {error}"
            entry = NotInspected(text.file.path, "not_applicable", reason)
            if entry not in self.not_inspected:
                self.not_inspected.append(entry)
            return
        for one in completed:
            line = decode_lossy(one.line)
            agent = _is_for_agents(origin)
            signal = _tier(one.signal._replace(line=0), origin, [one.line], agent=agent)
            self._report(signal, origin, one.number, line, is_added=one.is_added)

    def scan_message(self, commit: Commit) -> None:
        """Scan a commit message."""
        origin = TextOrigin(None, commit.oid)
        if commit.unreadable:
            reason = f"the message of commit {commit.oid[:12]} {commit.unreadable}"
            self.not_inspected.append(NotInspected(None, "unreadable", reason))
        for page in split_into_pages(1, commit.message.split(b"\n")):
            self._scan_page(page, origin)

    def _scan_name(self, path: bytes, origin: TextOrigin) -> None:
        from zt_gate.scanners.injection import confusables

        span = confusables.check_name(path, self.fold_table, self.rules)
        if span is not None:
            self._report(span, origin, None, decode_lossy(path))

    def _scan_words_of_name(self, path: bytes, origin: TextOrigin) -> None:
        """Scan a file name as a sentence: whoever lists a folder reads it."""
        name = path.rpartition(b"/")[2]
        words = name.translate(_NAME_SEPARATORS)
        if words.count(b" ") < _NAME_WORDS - 1:
            return
        for signal in self.page_scanner.scan([words], agent=False):
            if signal.rule.startswith("injection/instructions"):
                named = signal._replace(
                    message=f"in the name of a file: {signal.message}"
                )
                self._report(named, origin, None, decode_lossy(name))

    def _scan_page(self, page: AddedPage, origin: TextOrigin) -> set[tuple[str, str]]:
        """Scan one page of added lines; return rule and subject of its signals."""
        new_lines = page.lines[page.overlap :]
        for number, line in enumerate(new_lines, page.first + page.overlap):
            if not line.isascii():
                self._scan_characters(number, line, origin)
        agent = _is_for_agents(origin)
        signals: set[tuple[str, str]] = set()
        if len(page.lines) == 1 and len(page.lines[0]) > WINDOW:
            self._scan_long_line(page.first, page.lines[0], origin, agent=agent)
            return signals
        for signal in self.page_scanner.scan(page.lines, agent=agent):
            line = page.lines[signal.line]
            number = page.first + signal.line
            text = decode_lossy(line)
            tier = _tier(signal, origin, page.lines, agent=agent)
            self._report(tier, origin, number, text)
            signals.add((signal.rule, signal.subject))
        return signals

    def _scan_long_line(
        self, number: int, line: bytes, origin: TextOrigin, *, agent: bool
    ) -> None:
        """Scan a long line in overlapping windows."""
        code_points_before = 0
        previous_offset = 0
        for offset, window in windows(line):
            code_points_before += len(decode_lossy(line[previous_offset:offset]))
            previous_offset = offset
            text = decode_lossy(window)
            for signal in self.page_scanner.scan([window], agent=agent):
                self._report(signal, origin, number, text, shift=code_points_before)

    def _scan_characters(self, number: int, line: bytes, origin: TextOrigin) -> None:
        from zt_gate.scanners.injection import confusables, invisible_characters

        text = decode_lossy(line)
        path = origin.path or b""
        for span in invisible_characters.look(text, path, number, self.rules):
            self._report(span, origin, number, text)
        for span in confusables.find(text, path, self.fold_table, self.rules):
            self._report(span, origin, number, text)

    def _report(
        self,
        signal: PageSignal | InvisibleSpan,
        origin: TextOrigin,
        number: int | None,
        text: str,
        *,
        shift: int = 0,
        is_added: bool = True,
    ) -> None:
        """Add a finding, unless it was reported before or its rule has too many.

        ``number`` is the line number, None for a name.  ``text`` begins ``shift`` code
        points after the start of the line.  ``is_added`` is False for a line that is
        unchanged, of which the change only completes the sentence.
        """
        start, end = signal.span or (0, max(1, len(text)))
        evidence = _evidence(text, start, end)
        if self._is_reported(signal.rule, origin, evidence.text, number):
            return
        count_key = (signal.rule, origin)
        self.counts[count_key] = self.counts.get(count_key, 0) + 1
        if self.counts[count_key] > _MAX_FINDINGS:
            return
        location = origin.at(None)
        if number is not None:
            location = origin.at(number, start + shift + 1, end + shift + 1)
        message = signal.message
        if not is_added:
            if location.kind == "line":
                location = replace(location, kind="file")
            message += "; the line is unchanged, but this change completes it"
        finding = self.rules[signal.rule].finding(
            location,
            message,
            evidence=evidence,
            subject=bounded_subject(signal.subject, 400),
        )
        self.findings.append(finding)

    def _is_reported(
        self, rule: str, origin: TextOrigin, text: str, number: int | None
    ) -> bool:
        """Whether the finding was reported before; remembers it.

        Two overlapping pages report the same line.  A line of a commit can also occur in
        the net change or in an earlier commit.
        """
        on_any_line = (rule, origin.path, text, None)
        on_this_line = (rule, origin.path, text, number)
        if on_this_line in self.reported:
            return True
        if origin.commit is None:
            self.reported |= {on_any_line, on_this_line}
            return False
        if on_any_line in self.reported:
            return True
        self.reported.add(on_any_line)
        return False

    def summaries(self) -> Iterator[Finding]:
        """Yield a finding for each rule and file with more findings than the limit."""
        for (rule, origin), count in self.counts.items():
            omitted = count - _MAX_FINDINGS
            if omitted > 0:
                message = (
                    f"{omitted} more findings of this rule; "
                    f"only the first {_MAX_FINDINGS} are listed"
                )
                subject = f"{omitted} more"
                yield self.rules[rule].finding(
                    origin.at(None), message, subject=subject
                )


def scan(change: ChangeSet, context: Context) -> ScannerRun:
    """Scan every added line, name and message of the change."""
    injection_scan = InjectionScan(context.rules)
    scanned: set[tuple[bytes, str, int, bytes]] = set()
    if change.commits:
        scanned = {_identity(file) for file in change.files}
    files = change.files_with_commits()
    for file, commit in context.counted(files, change.count_files()):
        if commit is None or _identity(file) not in scanned:
            injection_scan.scan_file(file, commit)
    for commit in change.commits:
        injection_scan.scan_message(commit)
    return ScannerRun(
        "injection",
        "ok",
        files=injection_scan.files,
        lines=injection_scan.lines,
        findings=(*injection_scan.findings, *injection_scan.summaries()),
        not_inspected=tuple(injection_scan.not_inspected),
    )


def _is_for_agents(origin: TextOrigin) -> bool:
    """Whether the lines are instructions for an agent, where imperatives are normal."""
    return paths.is_any(origin.path or b"", "agent-instructions", "agent-folder")


def _tier(
    signal: PageSignal, origin: TextOrigin, lines: Sequence[bytes], *, agent: bool
) -> PageSignal:
    """Return the signal, for review if it is in the data of a security tool."""
    if agent or origin.path is None or signal.rule != "injection/instructions":
        return signal
    from zt_gate.scanners.injection import attack_samples

    start = signal.span[0] if signal.span else 0
    text = decode_lossy(lines[signal.line])
    named = attack_samples.names_attacks(lines, signal.line)
    is_sample = attack_samples.is_sample(origin.path, text, start, named=named)
    if not signal.is_plain or not is_sample:
        return signal
    return signal._replace(
        rule="injection/instructions-review",
        message=f"{signal.message}; test data or rule of a security tool",
    )


def _evidence(text: str, start: int, end: int) -> Evidence:
    """Return the text around a span, cut to the maximum length."""
    cut = max(0, start - _MAX_EVIDENCE // 2)
    window = text[cut : cut + _MAX_EVIDENCE]
    return Evidence(window, start - cut, min(end - cut, _MAX_EVIDENCE))


def _identity(file: FileChange) -> tuple[bytes, str, int, bytes]:
    """Return a key that is equal for the same changes to the same file.

    With it, a commit's file that the net change has too is scanned once.
    """
    import hashlib

    total = hashlib.sha256()
    for hunk in file.hunks:
        total.update(b"%d %d\n" % (hunk.new_start, hunk.added.length))
        for line in hunk.added:
            total.update(line + b"\n")
    return file.path, file.status, file.new_mode, total.digest()
