"""Cases of the tests in this folder: a change, and the names that are asked about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.changes import change_of
from tests.support.offenders import check_each
from zt_gate.scanners.dependencies.additions import difference

if TYPE_CHECKING:
    from collections.abc import Mapping

Files = dict[str, str]


@dataclass(frozen=True)
class Case:
    """Files before a change, the files that it writes, and the names that are asked."""

    base: Files
    new: Files
    asked: tuple[str, ...] = ()


def asked(case: Case) -> list[str]:
    before = {path.encode(): text.encode() for path, text in case.base.items()}
    new: dict[str, str | bytes | None] = {**case.new}
    old = {path: case.base[path] for path in new if path in case.base}
    found = difference(change_of(new, old), before.get, lambda: tuple(before))
    additions = [*found.added, *found.constrained]
    assert not found.not_inspected
    return sorted(
        one.dependency.key
        for one in additions
        if one.dependency.key and one.dependency.source.kind == "registry"
    )


def check(cases: Mapping[str, Case]) -> None:
    def wrong(name: str) -> str:
        found = asked(cases[name])
        return "" if found == list(cases[name].asked) else f"asked {found}"

    check_each(list(cases), wrong)
