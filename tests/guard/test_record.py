"""Records behave as frozen data classes do."""

from __future__ import annotations

import pytest

from zt_gate.guard.record import field, record, replace


@record
class Point:
    x: int
    y: int = 2
    tags: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.x + self.y


@record(frozen=False)
class Counter:
    count: int = 0


def test_values_defaults_and_replacement() -> None:
    point = Point(1)
    assert (point.x, point.y, point.tags, point.total) == (1, 2, [], 3)
    assert replace(point, y=5) == Point(1, 5)
    assert Point(1).tags is not Point(1).tags
    assert repr(point) == "Point(x=1, y=2, tags=[])"
    assert point != Point(2)


def test_a_record_is_frozen_unless_it_says_otherwise() -> None:
    with pytest.raises(AttributeError):
        Point(1).x = 3
    counter = Counter()
    counter.count += 1
    assert counter.count == 1


@pytest.mark.parametrize("values", [{}, {"x": 1, "z": 2}])
def test_wrong_arguments_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(TypeError):
        Point(**values)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Point(1, 2, [], 4)  # type: ignore[call-arg]


def test_equal_records_have_equal_hashes() -> None:
    assert hash(Counter) is not None
    assert len({Single("a"), Single("a"), Single("b")}) == 2


@record
class Single:
    name: str
