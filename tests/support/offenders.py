"""One test for a whole table of cases: each is checked, and all that fail are named."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Case = TypeVar("Case")


def check_each(
    cases: Iterable[Case],
    check: Callable[[Case], object],
    *,
    name: Callable[[Case], object] = ascii,
) -> None:
    """Run ``check`` on every case; one failure at the end names each case that failed.

    ``check`` asserts, or returns a sentence about what is wrong and a false value
    where nothing is. Raises AssertionError, also where there is no case at all.
    """
    offenders = []
    waiting = list(cases)
    for case in waiting:
        try:
            wrong = check(case)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - told with its case
            wrong = f"{type(error).__name__}: {error}"
        if wrong:
            offenders.append(f"{str(name(case))[:200]}: {wrong}")
    assert waiting, "there is no case to check"
    said = "\n".join(offenders)
    assert not offenders, f"{len(offenders)} of {len(waiting)} cases fail:\n{said}"
