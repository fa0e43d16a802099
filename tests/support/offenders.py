"""One test for a whole table of cases: each is checked, and all that fail are named."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, TypeVar

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

    ``check`` asserts, or returns a sentence about what is wrong (a false value for
    nothing). Raises AssertionError, also if there is no case.
    """
    offenders = []
    all_cases = list(cases)
    for case in all_cases:
        try:
            wrong = check(case)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - reported with its case
            wrong = f"{type(error).__name__}: {error}"
        if wrong:
            offenders.append(f"{str(name(case))[:200]}: {wrong}")
    assert all_cases, "there is no case to check"
    report = "\n".join(offenders)
    assert not offenders, f"{len(offenders)} of {len(all_cases)} cases fail:\n{report}"


def each_of(
    names: str | tuple[str, ...],
    cases: Iterable[Any],
    ids: Callable[[Any], object] | Iterable[object] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make one test of a table, with the arguments of pytest.mark.parametrize.

    The fixtures are shared by all cases, so this is not for a test that changes one.
    """
    fields = (names,) if isinstance(names, str) else names
    table = [_row(case, fields) for case in cases]
    if callable(ids):
        labels = [str(ids(*row)) for row in table]
    else:
        labels = [str(label) for label in ids or map(ascii, table)]

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def whole(**fixtures: Any) -> None:
            def check(number: int) -> None:
                test(**dict(zip(fields, table[number], strict=True)), **fixtures)

            check_each(range(len(table)), check, name=labels.__getitem__)

        signature = inspect.signature(test)
        others = [
            word for name, word in signature.parameters.items() if name not in fields
        ]
        whole.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
        return whole

    return decorate


def _row(case: Any, fields: tuple[str, ...]) -> tuple[Any, ...]:
    """Return the values of one case as a tuple, also for a single name."""
    if hasattr(case, "values") and hasattr(case, "marks"):  # pytest.param
        return tuple(case.values)
    return (case,) if len(fields) == 1 else tuple(case)
