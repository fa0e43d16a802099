"""What a scanner is, before it runs: one record of its properties, the only home of them.

Everything that treats scanners differently (the policy, the baseline, marks in
the code, the processes that run them) asks this record, never a scanner's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Bytes of address space that a scanner's process gets, with its children.
MEMORY = 4 << 30

#: What a key of ``[scanners.NAME]`` takes.  ``rule-files``: a list of paths of rules
#: that the project brings itself.  ``pinned-rule-files``: a list of tables with the
#: ``path`` and ``sha256`` of such a file.
SettingKind = Literal["strings", "number", "rule-files", "pinned-rule-files"]

#: What begins the names of rules that the project brings itself.
OWN_RULE_PREFIX = "own-"
_RULE_FILES = frozenset(("rule-files", "pinned-rule-files"))


@dataclass(frozen=True, slots=True)
class ScannerSetting:
    """One key of ``[scanners.NAME]`` besides ``deadline-seconds``, which all scanners have."""

    key: str
    kind: SettingKind


@dataclass(frozen=True, slots=True)
class ScannerInfo:
    """The properties of one scanner.

    ``name`` is the first part of its rules' ids and the folder of its rules.
    """

    name: str
    #: Whether its findings describe what a file holds, so that they may stand in a baseline
    #: and a mark on a line may ignore them.  Other findings are about the change itself.
    keeps_baseline: bool = True
    #: Whether it has something to look at where a commit message alone is judged.
    reads_messages: bool = False
    #: Whether data that the change adds elsewhere can make a finding on an old line.
    follows_dataflow: bool = False
    #: Whether it reports a finding only where the change makes it, whatever its line says;
    #: ``reports_unchanged`` has the rules for which that is not so.
    reports_additions: bool = False
    reports_unchanged: frozenset[str] = frozenset()
    #: Bytes of address space.
    memory: int = MEMORY
    settings: tuple[ScannerSetting, ...] = ()
    #: Other tools that look for the same: their baselines and marks in the code count.
    counterparts: frozenset[str] = frozenset()

    @property
    def takes_own_rules(self) -> bool:
        """Whether the project can bring rules itself; they are known only when it runs."""
        return any(setting.kind in _RULE_FILES for setting in self.settings)

    def own_rule_files(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the paths of rules that ``[scanners.NAME]`` names."""
        paths: list[str] = []
        for setting in self.settings:
            if setting.kind == "rule-files":
                paths += values.get(setting.key, ())
            elif setting.kind == "pinned-rule-files":
                paths += [entry["path"] for entry in values.get(setting.key, ())]
        return tuple(paths)
