"""Reads files whose name says that they hold credentials, each with patterns of its own."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.finding import Confidence, Level
from zt_gate.record import dataclass
from zt_gate.scanners.secrets import sample_paths
from zt_gate.scanners.secrets.hits import FILE, SecretHit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier


_WILDCARDS = lazy_re.compile(r"\[.[^]]*\]|[*?]")
# Values of such settings that are not passwords: a path, a URL, a call, a number, a field's name.
_NOT_A_PASSWORD = lazy_re.compile(
    r"[./~].*|[a-z][a-z0-9+.-]*://.*|[\w.]+[(\[].*|\d{1,5}|.*(?i:password|passwd|secret)[_:.]?"
)


# A text that asks for a value, where a weak password would be one.
_NOT_SET = lazy_re.compile(
    r"change|replace|your|insert|enter|here$|xxx|todo|example|placeholder|redacted|\*\*|^https?:|^/|generate",
    re.IGNORECASE,
)


class _PathGlob:
    """A glob for a path with a slash before it, and its longest part without wildcards.

    The part is looked for first: of some hundred globs, hardly one matches a path.
    """

    __slots__ = ("_part", "_pattern", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._part = max(_WILDCARDS.split(text.lower()), key=len)
        self._pattern: re.Pattern[str] | None = None

    def matches(self, path: str) -> bool:
        """Whether the glob matches all of a path in lower case."""
        if self._part not in path:
            return False
        if self._pattern is None:
            self._pattern = re.compile(translate(_anchored(self.text.lower())))
        return self._pattern.fullmatch(path) is not None


@dataclass(frozen=True, slots=True)
class _FileRule:
    """One rule with ``files`` (globs) and ``lines`` (patterns with a group ``secret``)."""

    rule: Rule
    globs: tuple[_PathGlob, ...]
    lines: tuple[str, ...]

    @classmethod
    def of(cls, rule: Rule) -> _FileRule:
        globs = tuple(map(_PathGlob, rule.data["files"]))
        return cls(rule, globs, tuple(rule.data.get("lines", ())))

    def longest_glob(self, path: str) -> int | None:
        """Return the length of the longest glob that matches a path, None for no match."""
        lengths = [len(glob.text) for glob in self.globs if glob.matches(path)]
        return max(lengths, default=None)


def _anchored(glob: str) -> str:
    """Return a glob for a path with a slash before it; a glob with one is the root's."""
    return glob if glob.startswith("/") else f"*/{glob}"


class CredentialFiles:
    """The rules for credential files, found by path."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._file_rules = [
            _FileRule.of(rule) for rule in rules.values() if "files" in rule.data
        ]
        # The last path alone: a file's blocks come one after another.
        self._rules_by_path: dict[str, list[tuple[int, _FileRule]]] = {}
        self._patterns: dict[str, re.Pattern[bytes]] = {}

    def find(
        self, block: TextBlock, classifier: ValueClassifier
    ) -> Iterator[SecretHit]:
        """Find the credentials in a block with the rules for its file's name."""
        is_sample = sample_paths.is_sample(block.path)
        for weight, file_rule in self._rules_for(block.path):
            for line in file_rule.lines:
                for match in self._pattern(line).finditer(block.data):
                    value = match["secret"].decode("utf-8", "replace")
                    if _is_absent(value, classifier):
                        continue
                    if not _is_accepted(file_rule.rule, value, classifier):
                        continue
                    is_uncertain = is_sample and not classifier.is_random(
                        value, shortest=10
                    )
                    start, end = match.span("secret")
                    yield SecretHit(
                        file_rule.rule.id,
                        start,
                        end,
                        FILE,
                        level=Level.INFO if is_uncertain else None,
                        confidence=Confidence.LOW if is_uncertain else None,
                        weight=weight,
                    )

    def key_store_rule(self, path: bytes) -> Rule | None:
        """Return the rule for a file that is a secret as a whole, None for other files."""
        for _, file_rule in self._rules_for(path):
            if not file_rule.lines:
                return file_rule.rule
        return None

    def rule_ids(self, path: bytes) -> frozenset[str]:
        """Return the ids of the rules for files with this path."""
        return frozenset(file_rule.rule.id for _, file_rule in self._rules_for(path))

    def _rules_for(self, path: bytes) -> list[tuple[int, _FileRule]]:
        """Return the rules for a path, each with the length of its longest glob."""
        text = "/" + path.decode("utf-8", "replace").lower()
        if text not in self._rules_by_path:
            file_rules = []
            for file_rule in self._file_rules:
                length = file_rule.longest_glob(text)
                if length is not None:
                    file_rules.append((length, file_rule))
            self._rules_by_path = {text: file_rules}
        return self._rules_by_path[text]

    def _pattern(self, source: str) -> re.Pattern[bytes]:
        if source not in self._patterns:
            self._patterns[source] = re.compile(source.encode(), re.MULTILINE)
        return self._patterns[source]


def _is_absent(value: str, classifier: ValueClassifier) -> bool:
    """Whether no value is set yet; in such a file any other value may be a password."""
    text = value.strip().strip("\"'")
    if len(text) < 3 or len(set(text)) < 2:
        return True
    return classifier.is_template(text) or text.lower() in classifier.absent


def _is_accepted(rule: Rule, value: str, classifier: ValueClassifier) -> bool:
    """Whether the value passes the check that the rule's ``judged`` names."""
    check = rule.data.get("judged")
    if check is None:
        return True
    if check == "weak":
        # What is absent was left out before: here a known weak password is the finding.
        return _NOT_SET.search(value) is None
    if classifier.is_placeholder(value):
        return False
    if check == "placeholder":
        return _NOT_A_PASSWORD.fullmatch(value) is None
    return classifier.is_password_like(value) or classifier.is_random(
        value, shortest=10
    )
