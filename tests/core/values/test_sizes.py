"""Sizes of an object that changes are those of its encoding, whatever changed."""

import random
from typing import Any

import pytest

from universal_sync_core.values.codec import encode
from universal_sync_core.values.sizes import FieldSizes

VALUES: list[Any] = [None, 1, "é", [], {}, {"a": [1]}, "half \ud800", 2**70, "x" * 300]


def changed(fields: dict[str, Any], source: random.Random) -> dict[str, Any]:
    """Return the object with a field replaced, added or removed."""
    name, value = f"field{source.randrange(6)}", source.choice(VALUES)
    rest = {key: item for key, item in fields.items() if key != name}
    inner = {"inner": rest.get("inner", {}) | {name: value}}
    return source.choice([rest, fields | {name: value}, rest | inner, rest | {"inner": value}])


def is_plain(value: Any) -> bool:
    return "\\ud800" not in encode(value).decode() and str(2**70).encode() not in encode(value)


@pytest.mark.parametrize("fields_at_first", [0, 1_001])
def test_sizes_are_those_of_the_encoding(fields_at_first: int) -> None:
    source = random.Random(1)  # noqa: S311 - the same every time
    sizes = FieldSizes("inner", FieldSizes())
    fields: dict[str, Any] = {f"{number}": number for number in range(fields_at_first)}
    for _ in range(300):
        fields = changed(fields, source)
        if type(fields.get("inner")) is not dict:
            fields.pop("inner", None)
        assert sizes.of(fields) == (len(encode(fields)), is_plain(fields))
        for name in list(fields)[-3:]:
            value = fields[name]
            assert sizes.of_field(fields, name) == (len(encode(value)), is_plain(value))
