"""What the alarm on full bags watches: only what cannot leave a bag brings it near its bound."""

import pytest

from tests.core.bags import CONTEXT, KIB, text_of
from universal_sync_core import optimize_and_offload
from universal_sync_core.pipe.fullness import percent_of_bound


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("fields", [3, 6, 18, 60])
def test_values_that_may_leave_bring_no_bag_near_its_bound(fields: int) -> None:
    bag = optimize_and_offload({f"f{n}": text_of(9 * KIB) for n in range(fields)}, CONTEXT)
    percent = percent_of_bound(bag)
    assert percent is not None
    assert percent == pytest.approx(min(90, bag["payload_size_kb"] / 1.5))


@pytest.mark.usefixtures("store")
def test_what_cannot_leave_a_bag_counts_in_full() -> None:
    bag = optimize_and_offload(
        {"idempotency_key": text_of(147 * KIB), "current_state": {"a": 1}}, CONTEXT
    )
    percent = percent_of_bound(bag)
    assert percent is not None
    assert 97 < percent < 100


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("bag", [None, [], {}, {"payload_size_kb": "9"}, {"payload_size_kb": -1}])
def test_what_does_not_say_its_size_has_no_share(bag: object) -> None:
    assert percent_of_bound(bag) is None
