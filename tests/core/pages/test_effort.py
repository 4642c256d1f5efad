"""What storing a value asks of the processor, in calls of Python functions."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pytest

from tests.core.effort import calls_of
from tests.core.fakes import CountingStore
from tests.core.pages.trees import keyed, numbered, read, stored
from universal_sync_core.pages import tree_writer
from universal_sync_core.values.codec import encode

COUNT: Final = 10_000
LARGE: Final = "x" * 100_000


@pytest.mark.parametrize(
    ("value", "most"),
    [
        ([number / 7 for number in range(COUNT)], 1),
        ([None, True, 2**63, -1] * (COUNT // 4), 1),
        (numbered(COUNT), 8),
        (keyed(COUNT), 10),
    ],
    ids=["fractions", "mixed numbers", "list", "map"],
)
def test_an_element_takes_few_calls(value: Any, most: int) -> None:
    store = CountingStore()
    assert calls_of(lambda: stored(store, value)) < most * COUNT
    assert read(store, stored(store, value)) == value


@pytest.mark.parametrize("make", [numbered, keyed], ids=["list", "map"])
def test_ten_times_as_much_takes_ten_times_as_many_calls(make: Callable[[int], Any]) -> None:
    few, many = (calls_of(partial(stored, CountingStore(), make(n))) for n in (COUNT // 10, COUNT))
    assert many < 11 * few


@pytest.mark.parametrize("value", [[LARGE], {"key": LARGE}], ids=["list", "map"])
def test_a_large_element_is_encoded_once_to_measure_it_and_once_to_store_it(
    value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[Any] = []

    def noted(part: Any) -> bytes:
        encoded.append(part)
        return encode(part)

    monkeypatch.setattr(tree_writer, "encode", noted)
    stored(CountingStore(), value)
    assert encoded.count(LARGE) == 2


def test_numbers_among_other_elements_keep_their_places() -> None:
    store = CountingStore()
    value = [1.5] * 1_000 + ["a,b"] + [2] * 2_500 + [[3, 4]] + [None, 10**30]
    assert read(store, stored(store, value)) == value
