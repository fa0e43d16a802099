"""Finds secrets in the texts of a report, so that they can be masked there.

It does not matter who wrote a text, or whether the scanner for secrets has run: every
line of evidence, message and suggested fix is searched by all detectors.  Values that
would be no finding, such as the password ``hunter2``, are found, too: to hide too much
in a report costs little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.finding import Confidence, Level, Location
from zt_gate.model.report import ScannerRun
from zt_gate.model.scanner import ScannerInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.change import ChangeSet, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.secrets.assignments import Assignment
    from zt_gate.scanners.secrets.block_scan import BlockScanner
    from zt_gate.scanners.secrets.hits import SecretHit
    from zt_gate.scanners.secrets.text_block import TextBlock

#: Begins the path of a file that is itself the path of a file in the change.
NAME = b"\0name/"
#: The rule of the findings.
RULE = "secrets/keyword-assignment"

# ``scheme://user:password@host``, whoever the user is.
_USER_AND_PASSWORD = lazy_re.compile(
    rb"://(?P<user>[^\s/:@'\"<>]{0,200}):(?P<secret>[^\s/@'\"<>]{1,200})@"
)
#: A value that is one field of a template, and no text of its own: ``{name}``, ``${NAME}``.
_FIELD = lazy_re.compile(
    r"\$?\{[A-Za-z_][\w.]{0,40}\}|\$[A-Z_]{2,40}|\{\{ ?[A-Za-z_][\w.]{0,40} ?\}\}"
    r"|%\([A-Za-z_]\w{0,40}\)s|%s"
)
_OPTION = lazy_re.compile(rb"--?[\w-]{0,40}\Z")
_LITERALS = frozenset(
    ("none", "null", "true", "false", "undefined", "string", "required", "optional")
)


class _ReportTexts:
    """Searches texts; each file of the change is one of them.

    A finding's subject is the index of its text, and ``secrets`` the values in it.  Its
    confidence is low where they should be masked in this text alone.
    """

    info = ScannerInfo("secrets")

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Search all texts."""
        from zt_gate.scanners.secrets.block_scan import BlockScanner

        search = _TextSearch(BlockScanner(context.rules))
        findings = [
            finding
            for index, file in enumerate(change.files)
            for finding in search.findings(index, file)
        ]
        return ScannerRun("secrets", "ok", findings=tuple(findings))


SCANNER = _ReportTexts()


class _TextSearch:
    """The detectors, and the names that suggest a secret."""

    def __init__(self, scanner: BlockScanner) -> None:
        from zt_gate.scanners.secrets.assignments import stems_pattern
        from zt_gate.scanners.secrets.variable_names import VariableNames

        self._scanner = scanner
        self._rule = scanner.rules[RULE]
        self._stems = stems_pattern(tuple(self._rule.data["stems"]))
        self._names = VariableNames.of(self._rule.data)

    def findings(self, index: int, file: FileChange) -> Iterator[Finding]:
        """Yield the findings in one text: what is certain, and what is only likely."""
        certain: dict[str, None] = {}
        likely: dict[str, None] = {}
        for block in _blocks(file):
            is_name = block.path.startswith(NAME)
            hits = self._name_hits(block) if is_name else self._scanner.hits(block)
            for hit in hits:
                values = certain if self._is_certain(hit) else likely
                values.update(dict.fromkeys(self._scanner.values(block, hit)))
            if not is_name:
                likely.update(dict.fromkeys(self._literals(block)))
            likely.update(dict.fromkeys(self._in_positions(block, is_name=is_name)))
        likely = {value: None for value in likely if not _FIELD.fullmatch(value)}
        for values, confidence in (
            (certain, Confidence.HIGH),
            (likely, Confidence.LOW),
        ):
            if values:
                yield self._rule.finding(
                    Location("change"),
                    subject=str(index),
                    secrets=tuple(values),
                    confidence=confidence,
                )

    def _in_positions(self, block: TextBlock, *, is_name: bool) -> Iterator[str]:
        """Yield what stands in the position of a credential, in a text or a file's name."""
        from zt_gate.scanners.secrets import credential_positions
        from zt_gate.syntax import paths

        if is_name:
            found = credential_positions.in_name(block.data)
        else:
            found = credential_positions.values(
                block.data,
                is_code=paths.is_any(block.path.removesuffix(PROSE), "program"),
                is_prose=block.path.endswith(PROSE),
            )
        yield from map(_text, found)

    def _name_hits(self, block: TextBlock) -> list[SecretHit]:
        return self._scanner.format_hits(block)

    def _is_certain(self, hit: SecretHit) -> bool:
        rule = self._scanner.rules[hit.rule]
        level = hit.level or rule.level
        confidence = hit.confidence or rule.confidence
        return level is not Level.INFO and confidence is not Confidence.LOW

    def _literals(self, block: TextBlock) -> Iterator[str]:
        """Yield what is written where a secret belongs, however weak it is."""
        for match in _USER_AND_PASSWORD.finditer(block.data):
            yield _text(match["secret"])
        from zt_gate.scanners.secrets.assignments import find_assignments
        from zt_gate.syntax import paths

        is_code = paths.is_any(block.path, "program")
        for assignment in find_assignments(block, self._stems):
            value = block.data[assignment.start : assignment.end]
            if self._is_literal(block, assignment, is_code=is_code):
                yield _text(value)

    def _is_literal(
        self, block: TextBlock, assignment: Assignment, *, is_code: bool
    ) -> bool:
        from zt_gate.scanners.secrets import variable_names as strength

        value = _text(block.data[assignment.start : assignment.end])
        if value.lower() in _LITERALS or self._scanner.classifier.is_template(value):
            return False
        name_strength = self._names.strength(assignment.name)
        if assignment.quoted:
            return name_strength >= strength.MEDIUM
        is_option = assignment.operator == b"" and _OPTION.search(
            block.data, max(0, assignment.start - 80), _name_end(block, assignment)
        )
        if name_strength < strength.STRONG or is_code:
            return False
        if assignment.operator == b"" and not is_option:
            return False
        # In prose a word follows the colon.
        return not value.isalpha() or not block.path.endswith(PROSE)


#: Ends the path of a text that is prose, such as a message.
PROSE = b"\0prose"


def _name_end(block: TextBlock, assignment: Assignment) -> int:
    """Return where the name before an assignment's value ends."""
    before = block.data[: assignment.start].rstrip(b" \t\"'")
    return len(before)


def _blocks(file: FileChange) -> Iterator[TextBlock]:
    from zt_gate.scanners.secrets import sample_paths
    from zt_gate.scanners.secrets.text_block import block_of

    data = file.new.read(1 << 31) if file.new is not None else b""
    path = file.path
    # Passwords of tests are passwords where a report shows them.
    if sample_paths.is_sample(path):
        path = path.rpartition(b"/")[2]
    if sample_paths.is_sample(path):
        path = b"text." + path.rpartition(b".")[2]
    return block_of(path, data)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
