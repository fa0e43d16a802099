"""The packages that hold what a command names, where that may be only a part of one.

``go install golang.org/x/tools/cmd/stringer@latest`` names a package of the module
``golang.org/x/tools``.  As the go tool does, the registry is asked for every path above
at once, and the longest one that it has counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named
from zt_gate.record import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.scanners.dependencies.manifest_difference import Addition
    from zt_gate.scanners.dependencies.package_facts import PackageFactsCollector
    from zt_gate.scanners.dependencies.registry_answers import Question

#: Sections, besides those of commands, whose entries may be a part of a package.
_SECTIONS = frozenset(("tool", "additional_dependencies"))

#: The folder in which a module usually keeps its commands.
_COMMANDS = "/cmd/"


def candidates(entry: Dependency) -> tuple[str, ...]:
    """Return the packages that may hold an entry, the longest name first; () if it is one."""
    containing = ecosystem_named(entry.ecosystem).containing_packages
    is_command = entry.section.startswith("command") or entry.section in _SECTIONS
    return containing(entry.key) if containing is not None and is_command else ()


def with_packages(
    additions: Sequence[Addition], collector: PackageFactsCollector
) -> list[Addition]:
    """Return the additions with the package that holds each in place of its path.

    A path stays as it is if no registry has any of the packages, or if nobody may be
    asked.  A package without a usable answer is taken, so that the fault is reported.
    """
    if collector.context.offline:
        return [_guessed(addition) for addition in additions]
    from zt_gate.ecosystems.registries.base import Missing

    questions: dict[int, list[Question]] = {}
    for number, addition in enumerate(additions):
        names = candidates(addition.dependency)
        if len(names) > 1 and not collector.selection.is_private_name(addition):
            question = collector.selection.question(addition)
            questions[number] = [replace(question, key=name) for name in names]
    if not questions:
        return list(additions)
    facts = collector.ask(one for group in questions.values() for one in group)
    result = list(additions)
    for number, group in questions.items():
        for question in group:
            if not isinstance(facts[question].answer, Missing):
                result[number] = _renamed(additions[number], question.key)
                break
    return result


def _guessed(addition: Addition) -> Addition:
    """Return an addition with the package that most likely holds its command."""
    entry = addition.dependency
    name = entry.key.partition(_COMMANDS)[0]
    is_one = name != entry.key and name in candidates(entry)
    return _renamed(addition, name) if is_one else addition


def _renamed(addition: Addition, name: str) -> Addition:
    entry = replace(addition.dependency, name=name, key=name)
    return replace(addition, dependency=entry)
