"""The treemap: areas are bytes, and fill the whole."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statebag.report.treemap import Box, squarified, tiles_of
from tests.statebag.report.runs import findings, finished_run

WHOLE = Box(x=3, y=5, width=800, height=300)
# Of a pixel; a strip beside one a thousand million times its size is drawn from rounded sums.
PRECISION = 1e-3


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=40))
def test_each_area_is_its_share_of_the_whole(sizes: list[int]) -> None:
    sizes.sort(reverse=True)
    boxes = squarified(sizes, WHOLE)
    for size, box in zip(sizes, boxes, strict=True):
        share = size / sum(sizes)
        assert box.width * box.height == pytest.approx(share * 800 * 300, rel=1e-6, abs=1e-3)
        assert box.x >= WHOLE.x - PRECISION
        assert box.x + box.width <= WHOLE.x + WHOLE.width + PRECISION
        assert box.y >= WHOLE.y - PRECISION
        assert box.y + box.height <= WHOLE.y + WHOLE.height + PRECISION


@given(st.lists(st.integers(1, 1_000), min_size=2, max_size=15))
def test_areas_do_not_overlap(sizes: list[int]) -> None:
    for one, other in combinations(squarified(sorted(sizes, reverse=True), WHOLE), 2):
        across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
        down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
        assert min(across, down) < 1e-6


def test_equal_parts_are_nearly_square() -> None:
    boxes = squarified([1] * 6, Box(x=0, y=0, width=300, height=200))
    assert all(0.5 < box.width / box.height < 2 for box in boxes)


def test_nothing_takes_no_area() -> None:
    assert [box.width for box in squarified([0, 0], WHOLE)] == [0, 0]
    assert squarified([], WHOLE) == []


def test_large_parts_are_opened_and_what_is_not_carried_has_a_tile() -> None:
    state = findings(finished_run()).state
    assert state is not None
    tiles = tiles_of(state)
    opened = {tile.node.path for tile in tiles if tile.is_opened}
    assert {"current_state", "current_state.report"} <= opened
    (rest,) = [tile for tile in tiles if tile.is_rest]
    assert rest.node.path == "current_state.services"
    assert rest.node.hidden == 880
