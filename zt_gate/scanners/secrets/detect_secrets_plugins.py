"""Runs detect-secrets' plug-ins in process, on the lines that a prefilter keeps.

Uses only ``analyze_string`` of single plug-in classes: no settings, filters,
baseline or ``verify``.  The plug-ins' modules are loaded privately, with a
placeholder for ``requests`` (``private_import.py``), so that none of them can
open a connection.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.scanners.secrets.hits import ENTROPY, NAMED, PLUGIN, SecretHit
from zt_gate.scanners.secrets.private_import import PrivateImport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.secrets.text_block import TextBlock

# The plug-ins' expressions backtrack: of longer lines they get the text around what
# the prefilter found.
_LONG_LINE = 1000
_MARGIN = 200
# Such pieces of one block for one plug-in: a minified bundle has thousands, and
# ``keyword_assignments`` sees them all.
_PIECES = 200
# A machine-made name on which the plug-ins' expressions take seconds.
_LONG_NAME = lazy_re.compile(rb"\w{160,}")
_LONG_NAME_LENGTH = 160
_KEYWORDS = lazy_re.compile(rb"(?i:key|pass|pwd|secret|contrase|token)")
_MANY_KEYWORDS = 4
_QUOTES_AND_OPERATORS = " \t\"'=:"


class DetectSecretsPlugins:
    """The plug-ins that the rules name, each imported on first use."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._rules = [rule for rule in rules.values() if "plugin" in rule.data]
        self._loaded: dict[str, Any] = {}
        self._prefilters: dict[str, re.Pattern[bytes]] = {}
        self._modules = PrivateImport("detect_secrets", absent=("requests",))

    def find(self, block: TextBlock) -> Iterator[SecretHit]:
        """Run each plug-in on the lines that its prefilter keeps."""
        for rule in self._rules:
            for start, end in self._filtered_lines(rule, block):
                yield from self._find_in_line(rule, block, start, end)

    def analyze(self, rule: Rule, line: str, filename: str) -> list[str]:
        """Return what one plug-in finds in one line, in the line's order."""
        plugin = self._plugin(rule.data["plugin"])
        if hasattr(plugin, "keyword_exclude"):
            values = plugin.analyze_string(line, self._keyword_patterns(filename))
        else:
            values = plugin.analyze_string(line)
        limit = getattr(plugin, "entropy_limit", None)
        if limit is not None:
            entropy = plugin.calculate_shannon_entropy
            values = (value for value in values if entropy(value) > limit)
        return [value for value in dict.fromkeys(values) if value]

    def _filtered_lines(
        self, rule: Rule, block: TextBlock
    ) -> Iterator[tuple[int, int]]:
        """Yield the spans of the lines, or of pieces of long lines, for a plug-in."""
        text = block.lower if rule.data.get("lower") else block.data
        done = -1
        pieces = 0
        for match in self._prefilter(rule).finditer(text):
            if match.start() < done:
                continue
            start, end = block.line_at(match.start())
            if end - start > _LONG_LINE:
                start = max(start, match.start() - _MARGIN)
                end = min(end, match.end() + _MARGIN)
                pieces += 1
            done = end
            if pieces <= _PIECES and not _is_slow(text, start, end):
                yield start, end

    def _find_in_line(
        self, rule: Rule, block: TextBlock, line_start: int, line_end: int
    ) -> Iterator[SecretHit]:
        line = block.data[line_start:line_end].decode("utf-8", "surrogateescape")
        filename = block.path.decode("utf-8", "replace")
        for value in self.analyze(rule, line, filename):
            stripped = value.strip(_QUOTES_AND_OPERATORS)
            secret = stripped.encode("utf-8", "surrogateescape")
            start = block.data.find(secret, line_start, line_end)
            if secret and start >= 0:
                yield SecretHit(rule.id, start, start + len(secret), _rank(rule))

    def _prefilter(self, rule: Rule) -> re.Pattern[bytes]:
        if rule.id not in self._prefilters:
            self._prefilters[rule.id] = re.compile(rule.data["prefilter"].encode())
        return self._prefilters[rule.id]

    def _plugin(self, name: str) -> Any:
        """Return an instance of ``module.Class`` below ``detect_secrets.plugins``."""
        if name not in self._loaded:
            module_name, _, class_name = name.partition(".")
            module = self._modules.module(f"detect_secrets.plugins.{module_name}")
            self._loaded[name] = getattr(module, class_name)()
        return self._loaded[name]

    def _keyword_patterns(self, filename: str) -> Any:
        """Return the expressions of the keyword plug-in for a kind of file."""
        module: Any = self._modules.module("detect_secrets.plugins.keyword")
        file_type = module.determine_file_type(filename)
        default = module.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP
        return module.REGEX_BY_FILETYPE.get(file_type, default)


def _rank(rule: Rule) -> int:
    """Return the precedence: a plug-in for one format is more specific than one for names."""
    if "entropy" in rule.id:
        return ENTROPY
    return NAMED if rule.data.get("random") else PLUGIN


def _is_slow(text: bytes, start: int, end: int) -> bool:
    """Whether a name in the span would take a plug-in's expressions seconds."""
    if end - start < _LONG_NAME_LENGTH:
        return False
    return any(
        len(_KEYWORDS.findall(name[0])) >= _MANY_KEYWORDS
        for name in _LONG_NAME.finditer(text, start, end)
    )
