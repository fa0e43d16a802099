"""Files whose very name says that they hold credentials: each with patterns of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from typing import TYPE_CHECKING

from zt_gate.model.finding import Confidence, Level
from zt_gate.scanners.secrets import sample_paths
from zt_gate.scanners.secrets.hits import FILE, SecretHit
from zt_gate.scanners.secrets.lazy_regex import lazy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.scanners.secrets.value_classifier import ValueClassifier


# What settings give to such names and is none: a path, a URL, a call, a number or a field's name.
_NO_PASSWORD = lazy(
    r"[./~].*|[a-z][a-z0-9+.-]*://.*|[\w.]+[(\[].*|\d{1,5}|.*(?i:password|passwd|secret)[_:.]?"
)


@dataclass(frozen=True, slots=True)
class _Reader:
    """One rule with ``files`` (globs) and ``lines`` (patterns with a group ``secret``)."""

    rule: Rule
    names: tuple[tuple[str, re.Pattern[str]], ...]
    lines: tuple[str, ...]


class CredentialFiles:
    """The readers, found by the end of a path."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._readers = [
            _Reader(
                rule,
                _globs(tuple(rule.data["files"])),
                tuple(rule.data.get("lines", ())),
            )
            for rule in rules.values()
            if "files" in rule.data
        ]
        # The last path that was asked for: a file's blocks come one after another.
        self._known: dict[str, list[tuple[int, _Reader]]] = {}
        self._compiled: dict[str, re.Pattern[bytes]] = {}

    def find(self, block: TextBlock, judge: ValueClassifier) -> Iterator[SecretHit]:
        """Read a block as what its file's name says it is."""
        low = sample_paths.is_sample(block.path)
        for weight, reader in self._of(block.path):
            for source in reader.lines:
                for match in self._pattern(source).finditer(block.data):
                    value = match["secret"].decode("utf-8", "replace")
                    if _nothing(value, judge) or not _fits(reader.rule, value, judge):
                        continue
                    sure = not low or judge.random(value, shortest=10)
                    yield SecretHit(
                        reader.rule.id,
                        *match.span("secret"),
                        FILE,
                        level=None if sure else Level.INFO,
                        confidence=None if sure else Confidence.LOW,
                        weight=weight,
                    )

    def whole(self, path: bytes) -> Rule | None:
        """Return the rule for a file that is a secret as a whole (a key store), if it is one."""
        return next((r.rule for _, r in self._of(path) if not r.lines), None)

    def _of(self, path: bytes) -> list[tuple[int, _Reader]]:
        """Return the readers for a path, each with how much of it their glob says."""
        text = "/" + path.decode("utf-8", "replace").lower()
        if text not in self._known:
            found = [
                (
                    max(
                        len(glob) for glob, name in reader.names if name.fullmatch(text)
                    ),
                    reader,
                )
                for reader in self._readers
                if any(name.fullmatch(text) for _, name in reader.names)
            ]
            self._known = {text: found}
        return self._known[text]

    def _pattern(self, source: str) -> re.Pattern[bytes]:
        if source not in self._compiled:
            self._compiled[source] = re.compile(source.encode(), re.MULTILINE)
        return self._compiled[source]


def _nothing(value: str, judge: ValueClassifier) -> bool:
    """Whether nothing is there yet: in such a file any other value is taken seriously."""
    text = value.strip().strip("\"'")
    return (
        len(text) < 3
        or len(set(text)) < 2
        or judge.template(text)
        or text.lower() in judge.absent
    )


def _fits(rule: Rule, value: str, judge: ValueClassifier) -> bool:
    """Whether the value passes the tests that a rule asks for."""
    asked = rule.data.get("judged")
    if asked is None:
        return True
    if judge.placeholder(value) or (
        asked == "placeholder" and _NO_PASSWORD.fullmatch(value)
    ):
        return False
    return (
        asked == "placeholder"
        or judge.passwordlike(value)
        or judge.random(value, shortest=10)
    )


def _globs(globs: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((glob, re.compile(translate("*/" + glob.lower()))) for glob in globs)
