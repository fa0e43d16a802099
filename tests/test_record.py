"""Records behave as frozen data classes do."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.record import asdict, dataclass, field, record, replace


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


@dataclass(frozen=True, slots=True)
class Mixed:
    """Fields of every supported kind."""

    kind: ClassVar[str] = "mixed"
    name: str
    size: int = 0
    notes: list[str] = field(default_factory=list)
    hidden: str = field(default="", repr=False)
    note: str = field(default="", compare=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Model:
    """The same fields as a dataclass of the standard library."""

    kind: ClassVar[str] = "mixed"
    name: str
    size: int = 0
    notes: list[str] = dataclasses.field(default_factory=list)
    hidden: str = dataclasses.field(default="", repr=False)
    note: str = dataclasses.field(default="", compare=False)


values = st.fixed_dictionaries(
    {"name": st.text()},
    optional={
        "size": st.integers(),
        "notes": st.lists(st.text(), max_size=2),
        "hidden": st.text(),
        "note": st.text(),
    },
)


@given(values, values)
def test_a_record_behaves_as_the_dataclass_with_the_same_fields(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    one, other = Mixed(**first), Mixed(**second)
    model, other_model = Model(**first), Model(**second)
    assert repr(one) == repr(model).replace("Model", "Mixed")
    assert (one == other) is (model == other_model)
    assert asdict(one) == dataclasses.asdict(one) == dataclasses.asdict(model)
    assert replace(one, size=7) == dataclasses.replace(one, size=7)
    assert copy.deepcopy(one) == one == pickle.loads(pickle.dumps(one))


def test_the_standard_library_and_inspection_take_a_record() -> None:
    assert dataclasses.is_dataclass(Mixed)
    shape = [(item.name, item.compare, item.repr) for item in dataclasses.fields(Mixed)]
    assert shape == [
        (item.name, item.compare, item.repr) for item in dataclasses.fields(Model)
    ]
    assert str(inspect.signature(Mixed)) == str(inspect.signature(Model))
    assert Mixed.__match_args__ == Model.__match_args__


def test_many_records_of_a_class_are_as_the_first() -> None:
    @dataclass(kw_only=True)
    class Later:
        first: int = 1
        second: list[int]
        third: dict[str, int] = field(default_factory=dict, init=False)
        doubled: int = field(default=0, init=False)

        def __post_init__(self) -> None:
            self.doubled = self.first * 2

    made = [Later(second=[number], first=number) for number in range(100)]
    assert [item.doubled for item in made] == [2 * number for number in range(100)]
    assert Later(second=[]).first == 1
    assert made[0].third is not made[99].third
    for wrong in ({}, {"second": [], "third": {}}, {"fourth": 1}):
        with pytest.raises(TypeError):
            Later(**wrong)
    with pytest.raises(TypeError):
        Later(1, [])  # type: ignore[misc]


def test_what_is_not_supported_is_refused_when_it_is_defined() -> None:
    with pytest.raises(TypeError, match="inherits fields"):

        @dataclass
        class Below(Mixed):
            more: int = 0

    with pytest.raises(TypeError, match="needs a default"):

        @dataclass
        class Misordered:
            first: int = 0
            second: str  # type: ignore[misc]


def test_a_frozen_record_says_so_as_a_dataclass_does() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Mixed("a").name = "b"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del Mixed("a").name  # type: ignore[misc]
