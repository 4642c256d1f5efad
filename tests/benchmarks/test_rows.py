"""Ratios and their targets."""

from itertools import cycle

import pytest

from benchmarks.rows import Row, median_of_pairs, seconds


@pytest.mark.parametrize(
    ("ratio", "target", "at_least", "met"),
    [
        (1.4, 1.5, False, True),
        (1.6, 1.5, False, False),
        (16.0, 15.0, True, True),
        (14.0, 15.0, True, False),
        (9.9, None, False, True),
    ],
)
def test_a_target_is_a_bound_from_one_side(
    *, ratio: float, target: float | None, at_least: bool, met: bool
) -> None:
    row = Row(scenario="", measured=ratio, target=target, at_least=at_least)
    assert row.is_met is met


@pytest.mark.parametrize(
    ("unit", "text"),
    [("", "<= 20480.00"), ("bytes", "<= 20,480 bytes"), ("$", "<= $20480.000")],
)
def test_a_target_is_printed_with_its_unit(unit: str, text: str) -> None:
    assert Row(scenario="", measured=1, target=20_480, unit=unit).target_text == text


def test_the_median_leaves_out_a_pair_that_was_disturbed() -> None:
    # The first pair warms up and does not count.
    ours = cycle([99.0, 2.0, 2.0, 50.0])
    assert median_of_pairs(lambda: next(ours), lambda: 1.0, pairs=3) == pytest.approx(2.0)


def test_seconds_are_wall_time() -> None:
    assert 0 <= seconds(lambda: None) < 1
