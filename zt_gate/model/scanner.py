"""The properties of a scanner, all in one record.

Code that treats scanners differently (the policy, the baseline, inline ignores,
the processes that run them) reads this record and never compares scanner names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Default limit of the address space of a scanner's process and its children, in bytes.
MEMORY = 4 << 30

#: The type of a key of ``[scanners.NAME]``.  ``rule-files``: a list of paths of the
#: project's own rules.  ``pinned-rule-files``: a list of tables with the ``path`` and
#: ``sha256`` of such a file.
SettingKind = Literal["strings", "number", "rule-files", "pinned-rule-files"]

#: Prefix of the names of the project's own rules.
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
    #: Whether its findings are about the content of a file, so that a baseline may hold
    #: them and an inline ignore may match them.  Others are about the change itself.
    keeps_baseline: bool = True
    #: Whether ``exclude`` may leave paths out.  What a change may do, and whether it
    #: weakens a check, is always looked at.
    can_exclude: bool = True
    #: Whether what it quotes may be an order to a model: an answer to an agent leaves it out.
    quotes_instructions: bool = False
    #: Whether it scans a commit message on its own.
    reads_messages: bool = False
    #: Whether added lines elsewhere can cause a finding on an unchanged line.
    follows_dataflow: bool = False
    #: Whether it reports only findings that the change causes, even on a line whose text
    #: existed before; ``reports_unchanged`` has the rules that are exceptions.
    reports_additions: bool = False
    reports_unchanged: frozenset[str] = frozenset()
    #: Whether its result on a file depends on no other file, so that shards may divide the
    #: files; a scanner without it looks at the whole change, in the first shard.
    divides: bool = False
    #: Limit of the address space, in bytes.
    memory: int = MEMORY
    settings: tuple[ScannerSetting, ...] = ()
    #: Other tools with the same purpose; their baselines and inline ignores count.
    counterparts: frozenset[str] = frozenset()

    @property
    def takes_own_rules(self) -> bool:
        """Whether the project can add its own rules, whose ids are known only in a run."""
        return any(setting.kind in _RULE_FILES for setting in self.settings)

    def own_rule_files(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the paths of the project's own rules in ``[scanners.NAME]``."""
        paths: list[str] = []
        for setting in self.settings:
            if setting.kind == "rule-files":
                paths += values.get(setting.key, ())
            elif setting.kind == "pinned-rule-files":
                paths += [entry["path"] for entry in values.get(setting.key, ())]
        return tuple(paths)


@dataclass(frozen=True, slots=True)
class ScannerProgress:
    """How far a running scanner is; ``total`` is 0 while it does not say."""

    name: str
    done: int = 0
    total: int = 0
