"""Scans a change: structured files on both sides, added lines, and symbolic links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.model.change import ContentUnavailableError
from zt_gate.model.finding import Evidence, Level, Location, bounded_subject
from zt_gate.model.report import NotInspected, ScannerRun
from zt_gate.record import replace
from zt_gate.scanners.agent_config import file_kinds, payload_content
from zt_gate.scanners.agent_config.payload_content import NEW_HOST
from zt_gate.scanners.agent_config.payload_hosts import KnownHosts
from zt_gate.syntax import paths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zt_gate.model.change import ChangeSet, FileChange
    from zt_gate.model.finding import Finding, LocationKind
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.agent_config.line_hits import LineHit
    from zt_gate.scanners.agent_config.matched_values import KeyHit
    from zt_gate.scanners.agent_config.rule_index import RuleIndex
    from zt_gate.scanners.base import Context
    from zt_gate.syntax.document import Document
    from zt_gate.syntax.paths import Configuration
    from zt_gate.syntax.text import TextLines

#: Findings in one file: of one rule in its text, and of all rules in its keys.
_FINDINGS_PER_RULE = 25
_FINDINGS_PER_FILE = 4 * _FINDINGS_PER_RULE
#: Characters of a subject that are kept; a digest replaces the remainder.
_SUBJECT_LENGTH = 600
_EVIDENCE_LENGTH = 2000
_NEEDLE_LENGTH = 200
#: Bytes of added text that are searched at a time, and their overlap, which is
#: longer than any literal.
_CHUNK = 1 << 20
_OVERLAP = 256
#: Lines below a key that are searched for the text of a hit.
_NEEDLE_LINES = 400
#: What a rule for settings says about a command that downloads.
_DOWNLOADS = "downloads a program and runs it"
_URL_PASSWORD = lazy_re.compile(r"://[^/@\s:]{0,200}:([^/@\s$]{4,200})@")


def scan(change: ChangeSet, context: Context) -> ScannerRun:
    """Scan the net change; raises RuleDataError where a rule is invalid."""
    changed_paths = frozenset(
        file.path for file in change.files if not file.is_deletion
    )
    known_hosts = KnownHosts(change, context)
    change_scan = ChangeScan(context.rules, changed_paths, known_hosts)
    for file in context.counted(change.files, len(change.files)):
        if not file.is_deletion and not file.is_submodule:
            change_scan.scan_file(file)
    return ScannerRun(
        "agent_config",
        "ok",
        files=change_scan.files,
        lines=change_scan.lines,
        findings=tuple(change_scan.findings),
        not_inspected=tuple(change_scan.not_inspected),
    )


def _may_run_commands(path: bytes) -> bool:
    name = path.rpartition(b"/")[2].lower()
    return paths.is_any(path, "ci", "script", "make", "shell") or name.startswith(
        b".pre-commit-"
    )


class ChangeScan:
    """One scan of a change, and its results so far."""

    def __init__(
        self,
        rules: Mapping[str, Rule],
        changed_paths: frozenset[bytes],
        known_hosts: KnownHosts,
    ) -> None:
        self.rules = rules
        self.known_hosts = known_hosts
        self.changed_paths = changed_paths
        self.findings: list[Finding] = []
        self.not_inspected: list[NotInspected] = []
        self.files = 0
        self.lines = 0
        self._rule_index: RuleIndex | None = None
        self._literals: dict[frozenset[str], tuple[bytes, ...] | None] = {}

    @property
    def rule_index(self) -> RuleIndex:
        """The rules' data, indexed when the first file needs it."""
        if self._rule_index is None:
            from zt_gate.scanners.agent_config import rule_index

            self._rule_index = rule_index.load(self.rules)
        return self._rule_index

    def scan_file(self, file: FileChange) -> None:
        """Scan one file that exists after the change."""
        configuration = paths.configuration(file.path)
        if file.is_symlink:
            self._list_pointer(file)
            in_agent_folder = file_kinds.in_agent_folder(file.path)
            is_settings = configuration is not None and configuration.name != "markdown"
            if in_agent_folder or is_settings:
                self._scan_link(file, in_agent_folder=in_agent_folder)
            return
        self._scan_configuration(file, configuration)
        self._list_computed_command(file, configuration)
        self._list_pointer(file)
        self._scan_payloads(file)
        self._scan_allowing_hook(file)

    def _scan_allowing_hook(self, file: FileChange) -> None:
        """Report a hook's script that allows whatever the agent asks."""
        if not file_kinds.in_agent_folder(file.path) and b"/." not in b"/" + file.path:
            return
        from zt_gate.scanners.agent_config import allow_hooks

        hit = allow_hooks.find(file)
        if hit is not None and not self._is_reported(hit, file):
            self.findings.append(self._line_finding(hit, file))

    def _scan_configuration(
        self, file: FileChange, configuration: Configuration | None
    ) -> None:
        """Apply the rules for settings, and those for added lines of code and prose."""
        if configuration is None and not file_kinds.is_code(file.path):
            return
        if configuration is not None and configuration.reader != "text":
            self._scan_structured(file, configuration)
        text_kinds = file_kinds.text_kinds(file.path)
        if text_kinds:
            self._scan_text(file, text_kinds)

    def _list_computed_command(
        self, file: FileChange, configuration: Configuration | None
    ) -> None:
        """List a hook whose command cannot be known from the file."""
        is_hook = configuration is not None and configuration.name == "git-hook"
        is_hook = is_hook or paths.is_any(file.path, "hook")
        if not is_hook and not _may_run_commands(file.path):
            return
        from zt_gate.scanners.agent_config import computed_commands

        kind, command = "the hook", ""
        if is_hook:
            command = computed_commands.first(file)
        if not command:
            kind, command = computed_commands.of_kind(file)
        if command:
            reason = (
                f"{kind} runs a computed command, which no scanner can know: {command}"
            )
            self.not_inspected.append(NotInspected(file.path, "not_applicable", reason))

    def _list_pointer(self, file: FileChange) -> None:
        """List a file that names content elsewhere."""
        from zt_gate.scanners.agent_config import content_pointers

        reason = content_pointers.reason(file)
        if reason is not None:
            entry = NotInspected(file.path, "not_applicable", reason)
            self.not_inspected.append(entry)

    def _scan_payloads(self, file: FileChange) -> None:
        """Report text that runs although nobody can review it."""
        content = payload_content.of(file)
        if content is None:
            return
        from zt_gate.scanners.agent_config import payloads

        found = payloads.find_hits(file, content, self.rule_index, self.known_hosts)
        for hit in self._new_payloads(file, list(found)):
            if not self._is_reported(hit, file):
                self.findings.append(self._line_finding(hit, file))

    def _new_payloads(
        self, file: FileChange, hits: Sequence[LineHit]
    ) -> Sequence[LineHit]:
        """Return the hits without those that the change only moves; all if unknown."""
        if not hits:
            return hits
        from zt_gate.scanners.agent_config import moved_lines

        try:
            return moved_lines.without_moved_payloads(
                file, self.rule_index, self.known_hosts, hits
            )
        except ContentUnavailableError:
            return hits

    def _is_reported(self, hit: LineHit, file: FileChange) -> bool:
        """Whether a rule for settings reports the line as severely.

        A warning that the line downloads gives way to the one that names the host.
        """
        for finding in tuple(self.findings):
            location = finding.location
            if location.path != file.path or location.line != hit.number:
                continue
            level = finding.level or Level.WARN
            if hit.rule == NEW_HOST and level is Level.WARN:
                if _DOWNLOADS in finding.message:
                    self.findings.remove(finding)
            elif finding.rule == hit.rule or level.rank >= hit.level.rank:
                return True
        return False

    def _scan_link(self, file: FileChange, *, in_agent_folder: bool) -> None:
        from zt_gate.scanners.agent_config import symlinks

        target = self._new_content(file)
        self.files += 1
        if target is None:
            return
        level, message, shown = symlinks.check(file.path, target)
        # Elsewhere, a link inside the repository is usual: CLAUDE.md to AGENTS.md.
        if not in_agent_folder and level is not Level.BLOCK:
            return
        finding = self.rules["agent_config/agent-folder-link"].finding(
            Location("file", file.path),
            message,
            evidence=Evidence(shown, 0, len(shown)),
            subject=shown,
            level=level,
        )
        self.findings.append(finding)

    def _new_content(self, file: FileChange) -> bytes | None:
        """Return the file's new content; None, with a not-inspected entry, if unavailable."""
        try:
            if file.new is None:
                raise ContentUnavailableError(
                    "the new content of the file is not available"
                )
            return file.new.read()
        except ContentUnavailableError as error:
            self.not_inspected.append(NotInspected(file.path, "failed", str(error)))
            return None

    def _scan_structured(self, file: FileChange, kind: Configuration) -> None:
        """Report dangerous settings that the old side of the file does not have."""
        from zt_gate.scanners.agent_config import file_syntax, key_matching
        from zt_gate.syntax.document import SyntaxReadError

        data = self._new_content(file)
        if data is None:
            return
        self.files += 1
        try:
            document = file_syntax.read(kind, data)
            hits = key_matching.find_hits(
                kind.name, document, self.rule_index, file.path, self.changed_paths
            )
        except SyntaxReadError as error:
            reason = f"configuration: {error}"
            self.not_inspected.append(NotInspected(file.path, "unreadable", reason))
            return
        old = self._old_document(file, kind) if hits else None
        old_hits = self._old_hits(file, kind, old)
        old_settings = {(hit.rule, hit.subject, hit.level) for hit in old_hits}
        old_places = {(hit.rule, hit.place) for hit in old_hits}
        new_hits = [
            hit
            for hit in hits
            if (hit.rule, hit.subject, hit.level) not in old_settings
        ]
        added_lines = _AddedLines(file, document)
        findings: list[Finding] = []
        for hit in new_hits[:_FINDINGS_PER_FILE]:
            changed = (hit.rule, hit.place) in old_places
            findings.append(self._key_finding(hit, added_lines, changed=changed))
        old_value = old.value if old is not None else None
        self.findings += _with_effect(kind.name, findings, old_value, document.value)

    def _old_document(self, file: FileChange, kind: Configuration) -> Document | None:
        """Return the old side of a file.

        None where there is none, it was another kind of file, or it cannot be read.
        """
        from zt_gate.scanners.agent_config import file_syntax
        from zt_gate.syntax.document import SyntaxReadError

        old_path = file.old_path or file.path
        if file.old is None or paths.configuration(old_path) != kind:
            return None
        try:
            return file_syntax.read(kind, file.old.read())
        except (ContentUnavailableError, SyntaxReadError):
            return None

    def _old_hits(
        self, file: FileChange, kind: Configuration, document: Document | None
    ) -> list[KeyHit]:
        """Return the hits of the old side, so that only new ones are reported.

        None where it cannot be read or has too many values: then every hit counts as new.
        """
        from zt_gate.scanners.agent_config import key_matching
        from zt_gate.syntax.document import SyntaxReadError

        if document is None:
            return []
        old_path = file.old_path or file.path
        try:
            return key_matching.find_hits(
                kind.name, document, self.rule_index, old_path, frozenset()
            )
        except SyntaxReadError:
            return []

    def _key_finding(
        self, hit: KeyHit, added_lines: _AddedLines, *, changed: bool
    ) -> Finding:
        number, text, start, end = added_lines.locate(hit)
        kind: LocationKind = "line" if added_lines.has(number) else "file"
        path = added_lines.file.path
        message = hit.message
        if changed:
            message += " (its value was different before)"
        secrets = (hit.secret, *_URL_PASSWORD.findall(text))
        return self.rules[hit.rule].finding(
            Location(kind, path, number, start + 1, number, end + 1),
            message,
            evidence=_evidence(text, start, end),
            subject=bounded_subject(hit.subject, _SUBJECT_LENGTH),
            secrets=tuple(secret for secret in secrets if secret),
            level=hit.level,
        )

    def _scan_text(self, file: FileChange, kinds: frozenset[str]) -> None:
        """Check the added lines, unless they cannot hold what a rule looks for."""
        from zt_gate.syntax.text import added_text

        if not self._may_match(file, kinds):
            if self._may_be_completed(file, kinds):
                text = added_text(file)
                self._report_hits(file, [], self._completed_hits(text, kinds, []))
            return
        from zt_gate.scanners.agent_config import added_text as added_text_checks

        text = added_text(file)
        if text.skipped is not None:
            if text.skipped not in self.not_inspected:
                self.not_inspected.append(text.skipped)
            return
        lines = list(text.lines())
        if not lines and not file.hunks:
            return
        self.files += 1
        self.lines += len(lines)
        hits = list(added_text_checks.find_hits(lines, kinds, self.rule_index))
        completed = self._completed_hits(text, kinds, hits)
        self._report_hits(file, self._new_hits(text, kinds, hits), completed)

    def _report_hits(
        self, file: FileChange, hits: Sequence[LineHit], completed: Sequence[LineHit]
    ) -> None:
        """Add findings for the hits in the added lines, and for those that they complete."""
        counts: dict[str, int] = {}
        for hit in (*hits, *completed):
            counts[hit.rule] = counts.get(hit.rule, 0) + 1
            if counts[hit.rule] <= _FINDINGS_PER_RULE:
                self.findings.append(self._line_finding(hit, file))

    def _may_be_completed(self, file: FileChange, kinds: frozenset[str]) -> bool:
        """Whether what a rule looks for may stand on an old line beside an added one."""
        if file.old is None or not file.hunks:
            return False
        return any(
            "near" in table and not kinds.isdisjoint(table["kinds"])
            for rule in self.rules.values()
            for table in rule.data.get("text", ())
        )

    def _new_hits(
        self, text: TextLines, kinds: frozenset[str], hits: Sequence[LineHit]
    ) -> Sequence[LineHit]:
        """Return the hits without those that the change only moves; all if unknown."""
        if not hits:
            return hits
        from zt_gate.scanners.agent_config import moved_lines

        try:
            return moved_lines.without_moved(text, kinds, self.rule_index, hits)
        except ContentUnavailableError:
            return hits

    def _completed_hits(
        self, text: TextLines, kinds: frozenset[str], hits: Sequence[LineHit]
    ) -> list[LineHit]:
        """Return the hits of which the change only adds, or uncovers, a part.

        A patch without the whole content has none; the scanners that must read it say so.
        """
        from zt_gate.syntax.surroundings import surroundings

        try:
            near = surroundings(text)
            if near is None:
                return []
            literals = self._literals[kinds]
            lowered = near.content.lower()
            if literals is not None and not any(word in lowered for word in literals):
                return []
            from zt_gate.scanners.agent_config import completed_text

            return completed_text.find_hits(near, kinds, self.rule_index, hits)
        except ContentUnavailableError as error:
            reason = f"only the added lines were scanned, without those around: {error}"
            entry = NotInspected(text.file.path, "not_applicable", reason)
            self.not_inspected.append(entry)
            return []

    def _may_match(self, file: FileChange, kinds: frozenset[str]) -> bool:
        """Whether the added bytes can hold anything that a rule looks for.

        Searches the undecoded bytes, so that ordinary code costs next to nothing; a
        NUL may be a sign of UTF-16, which has to be decoded.
        """
        if kinds not in self._literals:
            self._literals[kinds] = _required_literals(self.rules, kinds)
        literals = self._literals[kinds]
        if literals is None or file.incomplete:
            return True
        for hunk in file.hunks:
            body = hunk.added
            for offset in range(0, body.length, _CHUNK):
                size = min(_CHUNK + _OVERLAP, body.length - offset)
                chunk = body.store.read(body.offset + offset, size)
                if b"\0" in chunk:
                    return True
                lowered = chunk.lower()
                if any(literal in lowered for literal in literals):
                    return True
        return False

    def _line_finding(self, hit: LineHit, file: FileChange) -> Finding:
        first_column, end_column = hit.start + 1, hit.end + 1
        kind: LocationKind = "line" if hit.is_added else "file"
        message = hit.message
        if not hit.is_added:
            message += "; the line is unchanged, but this change completes it"
        return self.rules[hit.rule].finding(
            Location(kind, file.path, hit.number, first_column, hit.number, end_column),
            message,
            evidence=_evidence(hit.text, hit.start, hit.end),
            level=hit.level,
        )


class _AddedLines:
    """The lines of a file's new side, and which of them the change adds."""

    def __init__(self, file: FileChange, document: Document) -> None:
        self.file = file
        self.document = document
        self.lines = document.content.split("\n")

    def has(self, number: int) -> bool:
        """Whether the change adds the line."""
        return any(
            hunk.new_start <= number < hunk.new_start + hunk.added.lines
            for hunk in self.file.hunks
        )

    def locate(self, hit: KeyHit) -> tuple[int, str, int, int]:
        """Return the line number of a hit, the line, and the span in it to mark.

        The span is the hit's needle, the last key of its path, or the whole line.
        """
        key_line = min(max(1, self.document.line(hit.path)), len(self.lines))
        needle = hit.needle.split("\n")[0].strip()[:_NEEDLE_LENGTH]
        keys = [part for part in hit.path if isinstance(part, str)]
        last_key = keys[-1] if keys else ""
        for text, line_count in ((needle, _NEEDLE_LINES), (last_key, 1)):
            if not text:
                continue
            end = min(key_line + line_count, len(self.lines) + 1)
            for number in range(key_line, end):
                line = self.lines[number - 1]
                start = line.find(text)
                if start >= 0:
                    return number, line.rstrip("\r"), start, start + len(text)
        line = self.lines[key_line - 1].rstrip("\r")
        return key_line, line, 0, len(line)


def _with_effect(
    kind: str, findings: list[Finding], old: Any, new: Any
) -> list[Finding]:
    """Add to the message of a file's worst finding what agents may do and could not before."""
    if not findings:
        return findings
    from zt_gate.scanners.agent_config import capability_difference

    sentence = capability_difference.sentence(kind, old, new)
    if not sentence:
        return findings
    worst = max(findings, key=lambda finding: (finding.level or Level.WARN).rank)
    message = f"{worst.message}. {sentence}"
    return [
        replace(finding, message=message) if finding is worst else finding
        for finding in findings
    ]


def _required_literals(
    rules: Mapping[str, Rule], kinds: frozenset[str]
) -> tuple[bytes, ...] | None:
    """Return the literals of which a text of these kinds must hold one; None for any text.

    Read from the rules themselves: most changes never need the index.
    """
    command_kinds = [kind for kind, _ in file_kinds.COMMAND_PLACES]
    if "prose" in kinds or not kinds.isdisjoint(command_kinds):
        return None
    literals: set[bytes] = set()
    for rule in rules.values():
        for table in rule.data.get("text", ()):
            if not kinds.isdisjoint(table["kinds"]):
                literals |= _lower_bytes(table["literals"])
    return tuple(literals)


def _lower_bytes(words: Sequence[object]) -> set[bytes]:
    return {str(word).lower().encode() for word in words}


def _evidence(text: str, start: int, end: int) -> Evidence:
    """Return a window of the line with the span marked."""
    window_start = max(0, start - _EVIDENCE_LENGTH // 2)
    window = text[window_start : window_start + _EVIDENCE_LENGTH]
    marked_start = min(start - window_start, len(window))
    marked_end = min(end - window_start, len(window))
    return Evidence(window, marked_start, marked_end)
