"""detect-secrets' plug-ins, called in process on the lines that a prefilter keeps.

Only ``analyze_string`` of single plug-in classes is used: no settings, no
filters, no baseline and no ``verify``.  The plug-ins' modules are loaded
privately, with a stand-in for ``requests`` (``private_import.py``), which also
means that none of them could ask anybody.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate.scanners.secrets.hits import ENTROPY, NAMED, PLUGIN, SecretHit
from zt_gate.scanners.secrets.private_import import PrivateImport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.secrets.text_block import TextBlock

# Their expressions backtrack: longer lines are given to them in pieces around
# what the prefilter found.
_LONGEST = 1000
_AROUND = 200
# Such pieces that one block gives to one plug-in: a minified bundle has thousands,
# and the scanner's own reading of names sees them all.
_MOST = 200
# A name that no person wrote, on which their expressions take seconds.
_DENSE = re.compile(rb"\w{160,}")
_KEYWORDS = re.compile(rb"(?i:key|pass|pwd|secret|contrase|token)")


class DetectSecretsPlugins:
    """The plug-ins that the rules name, each imported when first needed."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._rules = [rule for rule in rules.values() if "plugin" in rule.data]
        self._loaded: dict[str, Any] = {}
        self._prefilters: dict[str, re.Pattern[bytes]] = {}
        self._modules = PrivateImport("detect_secrets", absent=("requests",))

    def find(self, block: TextBlock) -> Iterator[SecretHit]:
        """Call each plug-in on the lines that may interest it."""
        for rule in self._rules:
            text = block.lower if rule.data.get("lower") else block.data
            done = -1
            pieces = 0
            for found in self._prefilter(rule).finditer(text):
                if found.start() < done:
                    continue
                low, high = block.line_at(found.start())
                if high - low > _LONGEST:
                    low = max(low, found.start() - _AROUND)
                    high = min(high, found.end() + _AROUND)
                    pieces += 1
                done = high
                if pieces <= _MOST and not _dense(text, low, high):
                    yield from self._line(rule, block, low, high)

    def analyze(self, rule: Rule, line: str, filename: str) -> list[str]:
        """Return what one plug-in sees in one line, in the line's order."""
        plugin = self._plugin(rule.data["plugin"])
        if hasattr(plugin, "keyword_exclude"):
            values = plugin.analyze_string(line, self._by_filetype(filename))
        else:
            values = plugin.analyze_string(line)
        limit = getattr(plugin, "entropy_limit", None)
        if limit is not None:
            values = (v for v in values if plugin.calculate_shannon_entropy(v) > limit)
        return [value for value in dict.fromkeys(values) if value]

    def _line(
        self, rule: Rule, block: TextBlock, low: int, high: int
    ) -> Iterator[SecretHit]:
        line = block.data[low:high].decode("utf-8", "surrogateescape")
        filename = block.path.decode("utf-8", "replace")
        for value in self.analyze(rule, line, filename):
            raw = value.strip(" \t\"'=:").encode("utf-8", "surrogateescape")
            start = block.data.find(raw, low, high)
            if raw and start >= 0:
                yield SecretHit(rule.id, start, start + len(raw), _rank(rule))

    def _prefilter(self, rule: Rule) -> re.Pattern[bytes]:
        if rule.id not in self._prefilters:
            self._prefilters[rule.id] = re.compile(rule.data["prefilter"].encode())
        return self._prefilters[rule.id]

    def _plugin(self, name: str) -> Any:
        if name not in self._loaded:
            module, _, kind = name.partition(".")
            found = self._modules.module(f"detect_secrets.plugins.{module}")
            self._loaded[name] = getattr(found, kind)()
        return self._loaded[name]

    def _by_filetype(self, filename: str) -> Any:
        """Return the expressions that the keyword plug-in uses for a kind of file."""
        module: Any = self._modules.module("detect_secrets.plugins.keyword")
        kind = module.determine_file_type(filename)
        return module.REGEX_BY_FILETYPE.get(
            kind, module.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP
        )


def _rank(rule: Rule) -> int:
    """Return the precedence: a plug-in for one format knows more than one for names."""
    if "entropy" in rule.id:
        return ENTROPY
    return NAMED if rule.data.get("random") else PLUGIN


def _dense(text: bytes, low: int, high: int) -> bool:
    return high - low >= 160 and any(
        len(_KEYWORDS.findall(run[0])) > 3 for run in _DENSE.finditer(text, low, high)
    )
