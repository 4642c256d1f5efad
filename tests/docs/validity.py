"""What the JSON Schemas of docs/schemas take."""

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from docs.schemas.catalogue import FOLDER

WRONG: list[Any] = [None, True, 1, -1, 0.5, "", "x", [], [1], {}, {"a": 1}]


@cache
def validator(name: str) -> Draft202012Validator:
    """Return the validator of a file, such as `forms/pointer`."""
    schema = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def is_valid(name: str, value: Any) -> bool:
    return bool(validator(name).is_valid(value))
