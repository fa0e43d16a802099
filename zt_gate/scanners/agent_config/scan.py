"""The walk over a change: structured files on both sides, and added lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.model.change import ContentUnavailableError
from zt_gate.model.finding import Evidence, Level, Location, whole
from zt_gate.model.report import NotInspected, ScannerRun
from zt_gate.scanners.agent_config import file_kinds
from zt_gate.syntax import paths

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.model.change import Blob, ChangeSet, FileChange
    from zt_gate.model.finding import Finding, LocationKind
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.agent_config.line_hits import LineHit
    from zt_gate.scanners.agent_config.matched_values import KeyHit
    from zt_gate.scanners.agent_config.rule_index import RuleIndex
    from zt_gate.scanners.base import Context
    from zt_gate.syntax.document import Document
    from zt_gate.syntax.paths import Configuration

#: Findings of one rule in one file.
#: Characters of a subject that stay as they are; of the rest a digest stands behind them.
_LONG = 600
_MOST = 25
_EVIDENCE = 2000
_CHUNK = 1 << 20
_OVERLAP = 256
#: Lines below a key in which the words of a hit are looked for.
_REACH = 400
_PASSWORD = re.compile(r"://[^/@\s:]{0,200}:([^/@\s$]{4,200})@")


def scan(change: ChangeSet, context: Context) -> ScannerRun:
    """Look at the net change; raises CatalogueError where a rule is wrong."""
    walk = ChangeScan(
        context.rules,
        frozenset(file.path for file in change.files if not file.is_deletion),
    )
    for file in change.files:
        if not file.is_deletion and not file.is_submodule:
            walk.file(file)
    return ScannerRun(
        "agent_config",
        "ok",
        files=walk.files,
        lines=walk.lines,
        findings=tuple(walk.findings),
        not_inspected=tuple(walk.not_inspected),
    )


class ChangeScan:
    """One scan: the rules, and what was found so far."""

    def __init__(self, rules: Mapping[str, Rule], brought: frozenset[bytes]) -> None:
        self.rules = rules
        self.brought = brought
        self.findings: list[Finding] = []
        self.not_inspected: list[NotInspected] = []
        self.files = 0
        self.lines = 0
        self._book: RuleIndex | None = None
        self._literals: dict[frozenset[str], tuple[bytes, ...] | None] = {}

    @property
    def book(self) -> RuleIndex:
        """The rules, compiled when the first file asks for them."""
        if self._book is None:
            from zt_gate.scanners.agent_config import rule_index

            self._book = rule_index.load(self.rules)
        return self._book

    def file(self, file: FileChange) -> None:
        """Look at one file that exists after the change."""
        if file.is_symlink:
            inside = file_kinds.in_agent_folder(file.path)
            kind = paths.configuration(file.path)
            if inside or (kind is not None and kind.name != "markdown"):
                self._link(file, inside=inside)
            return
        kind = paths.configuration(file.path)
        code = kind is None and file_kinds.is_code(file.path)
        if kind is None and not code:
            return
        if kind is not None and kind.reader != "text":
            self._structured(file, kind)
        words = file_kinds.text_kinds(file.path)
        if words:
            self._text(file, words)

    def _link(self, file: FileChange, *, inside: bool) -> None:
        from zt_gate.scanners.agent_config import symlinks

        target = self._content(file, file.new)
        self.files += 1
        if target is None:
            return
        level, message, shown = symlinks.judge(file.path, target)
        if inside or level is Level.BLOCK:  # CLAUDE.md may well be a link to AGENTS.md
            evidence = Evidence(shown, 0, len(shown))
            rule = self.rules["agent_config/agent-folder-link"]
            place = Location("file", file.path)
            self.findings.append(
                rule.finding(
                    place, message, evidence=evidence, subject=shown, level=level
                )
            )

    def _content(self, file: FileChange, blob: Blob | None) -> bytes | None:
        try:
            if blob is None:
                raise ContentUnavailableError(
                    "the new content of the file is not known"
                )
            return blob.read()
        except ContentUnavailableError as error:
            self.not_inspected.append(NotInspected(file.path, "failed", str(error)))
            return None

    def _structured(self, file: FileChange, kind: Configuration) -> None:
        from zt_gate.scanners.agent_config import file_syntax, key_matching
        from zt_gate.syntax.document import SyntaxReadError

        data = self._content(file, file.new)
        if data is None:
            return
        self.files += 1
        try:
            document = file_syntax.read(kind, data)
            found = key_matching.hits(
                kind.name, document, self.book, file.path, self.brought
            )
        except SyntaxReadError as error:
            self.not_inspected.append(
                NotInspected(file.path, "unreadable", f"configuration: {error}")
            )
            return
        known = self._known(file, kind) if found else []
        same = {(hit.rule, hit.subject, hit.level) for hit in known}
        places = {(hit.rule, hit.place) for hit in known}
        new = [hit for hit in found if (hit.rule, hit.subject, hit.level) not in same]
        added = _Added(file, document)
        for hit in new[: 4 * _MOST]:
            self._report(hit, added, changed=(hit.rule, hit.place) in places)

    def _known(self, file: FileChange, kind: Configuration) -> list[KeyHit]:
        """Return the hits of the old side; none where it was another kind or is no file."""
        from zt_gate.scanners.agent_config import file_syntax, key_matching
        from zt_gate.syntax.document import SyntaxReadError

        old = paths.configuration(file.old_path or file.path)
        if file.old is None or old != kind:
            return []
        try:
            document = file_syntax.read(kind, file.old.read())
            return key_matching.hits(
                kind.name, document, self.book, file.old_path or file.path, frozenset()
            )
        except (ContentUnavailableError, SyntaxReadError):
            return []  # then everything counts as new

    def _report(self, hit: KeyHit, added: _Added, *, changed: bool) -> None:
        rule = self.rules[hit.rule]
        number, text, start, end = added.find(hit)
        kind: LocationKind = "line" if added.has(number) else "file"
        location = Location(kind, added.file.path, number, start + 1, number, end + 1)
        message = (
            f"{hit.message} (it was something else before)" if changed else hit.message
        )
        self.findings.append(
            rule.finding(
                location,
                message,
                evidence=_evidence(text, start, end),
                subject=whole(hit.subject, _LONG),
                secrets=tuple(filter(None, (hit.secret, *_PASSWORD.findall(text)))),
                level=hit.level,
            )
        )

    def _text(self, file: FileChange, words: frozenset[str]) -> None:
        if not self._speaks(file, words):
            return
        from zt_gate.scanners.agent_config import added_text as texts
        from zt_gate.syntax.text import added_text

        text = added_text(file)
        if text.skipped is not None:
            if text.skipped not in self.not_inspected:
                self.not_inspected.append(text.skipped)
            return
        lines = list(text.lines())
        if not lines:
            return
        self.files += 1
        self.lines += len(lines)
        counts: dict[str, int] = {}
        for seen in texts.read(lines, words, self.book):
            counts[seen.rule] = counts.get(seen.rule, 0) + 1
            if counts[seen.rule] <= _MOST:
                self.findings.append(self._seen(seen, file))

    def _speaks(self, file: FileChange, words: frozenset[str]) -> bool:
        """Whether the added bytes can hold anything that a rule asks for.

        Looks at the bytes as they lie, so that ordinary code costs next to
        nothing; a NUL may be UTF-16, which is looked at closely.
        """
        if words not in self._literals:
            self._literals[words] = _literals(self.rules, words)
        literals = self._literals[words]
        if literals is None or file.incomplete:
            return True
        for hunk in file.hunks:
            body = hunk.added
            for offset in range(0, body.length, _CHUNK):
                # The overlap is longer than any literal.
                size = min(_CHUNK + _OVERLAP, body.length - offset)
                piece = body.store.read(body.offset + offset, size)
                if b"\0" in piece:
                    return True
                lowered = piece.lower()
                if any(literal in lowered for literal in literals):
                    return True
        return False

    def _seen(self, seen: LineHit, file: FileChange) -> Finding:
        place = Location(
            "line", file.path, seen.number, seen.start + 1, seen.number, seen.end + 1
        )
        return self.rules[seen.rule].finding(
            place,
            seen.message,
            evidence=_evidence(seen.text, seen.start, seen.end),
            level=seen.level,
        )


class _Added:
    """The new side's lines, and which of them the change adds."""

    def __init__(self, file: FileChange, document: Document) -> None:
        self.file = file
        self.document = document
        self.rows = document.content.split("\n")

    def has(self, number: int) -> bool:
        """Whether the change adds the line."""
        return any(
            hunk.new_start <= number < hunk.new_start + hunk.added.lines
            for hunk in self.file.hunks
        )

    def find(self, hit: KeyHit) -> tuple[int, str, int, int]:
        """Return the line of a hit, its text, and the span of the needle or the whole line."""
        first = min(max(1, self.document.line(hit.path)), len(self.rows))
        last_word = next(
            (part for part in reversed(hit.path) if isinstance(part, str)), ""
        )
        needle = hit.needle.split("\n")[0].strip()[:200]
        for word, reach in ((needle, _REACH), (last_word, 1)):
            for number in range(first, min(first + reach, len(self.rows) + 1)):
                at = self.rows[number - 1].find(word) if word else -1
                if at >= 0:
                    return (
                        number,
                        self.rows[number - 1].rstrip("\r"),
                        at,
                        at + len(word),
                    )
        text = self.rows[first - 1].rstrip("\r")
        return first, text, 0, len(text)


def _literals(
    rules: Mapping[str, Rule], words: frozenset[str]
) -> tuple[bytes, ...] | None:
    """Return the words of which a text of these kinds must hold one; None if any text may matter.

    Read from the rules themselves: most changes never need the catalogue.
    """
    if "prose" in words or any(sort in words for sort, _ in file_kinds.COMMAND_PLACES):
        return None
    return tuple(
        {
            str(literal).lower().encode()
            for rule in rules.values()
            for table in rule.data.get("text", ())
            if not words.isdisjoint(table["kinds"])
            for literal in table["literals"]
        }
    )


def _evidence(text: str, start: int, end: int) -> Evidence:
    cut = max(0, start - _EVIDENCE // 2)
    window = text[cut : cut + _EVIDENCE]
    return Evidence(window, min(start - cut, len(window)), min(end - cut, len(window)))
