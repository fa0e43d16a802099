from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zt_gate.scanners.code.targets import LineRanges

numbers = st.integers(1, 40)


@given(st.lists(st.tuples(numbers, numbers), max_size=8), numbers, numbers)
def test_spans_are_the_set_of_their_numbers(
    runs: list[tuple[int, int]], first: int, last: int
) -> None:
    spans = LineRanges.of(runs)
    every = {number for begin, end in runs for number in range(begin, end + 1)}
    assert len(spans) == len(every)
    wanted = [number for number in sorted(every) if first <= number <= last]
    assert list(spans.within(first, last)) == wanted
    run = spans.first_within(first, last)
    if run is None:
        assert wanted == []
    else:
        begin, end = run
        assert list(range(begin, end + 1)) == wanted[: end - begin + 1]
        assert end + 1 not in wanted
