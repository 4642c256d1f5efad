"""Values that some JSON library on the way would alter are shown without what it alters."""

import pytest

from universal_sync_core.values import portable as module
from universal_sync_core.values.codec import Json, measure
from universal_sync_core.values.portable import portable


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\ud800b", "a\N{REPLACEMENT CHARACTER}b"),
        (2**64, str(2**64)),
        ({"\udfff": [1, -(2**70), None]}, {"\N{REPLACEMENT CHARACTER}": [1, str(-(2**70)), None]}),
        ([{"kept": [1.5, True, "é"]}, "\ud800"], [{"kept": [1.5, True, "é"]}, "\ufffd"]),
    ],
)
def test_what_is_altered_on_the_way_is_shown_otherwise_and_the_rest_is_kept(
    value: Json, shown: Json
) -> None:
    assert portable(value) == shown


def test_a_value_that_no_library_alters_is_given_back() -> None:
    value = {"a": [1, "text", {"b": None}]}
    assert portable(value) is value


def test_a_deep_value_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    containers: list[Json] = []

    def counted(value: Json) -> tuple[int, bool]:
        containers.extend([value] if type(value) in (dict, list) else [])
        return measure(value)

    value: Json = "\ud800"
    for _ in range(100):
        value = {"inner": [value]}
    monkeypatch.setattr(module, "measure", counted)
    portable(value)
    assert containers == [value]
