"""What the documents show is what the code reads."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from universal_sync_core.values.pointer import Pointer, parse

DOCUMENTS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```json (?!pack)\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def pointers() -> list[dict[str, Any]]:
    """Return everything in the examples that is marked as a pointer."""
    found: list[dict[str, Any]] = []
    values = [json.loads(text) for text in BLOCK.findall((DOCUMENTS / "formats.md").read_text())]
    while values:
        value = values.pop()
        if isinstance(value, dict):
            found += [value] if value.get("__s3_offloaded") is True else []
            values += value.values()
        elif isinstance(value, list):
            values += value
    return found


@pytest.mark.parametrize("example", pointers(), ids=lambda example: example["__kind"])
def test_a_pointer_of_the_document_parses_and_renders_as_it_stands(example: dict[str, Any]) -> None:
    pointer = parse(example)
    assert isinstance(pointer, Pointer)
    assert pointer.render() == example


def test_there_is_one_of_every_kind() -> None:
    assert {example["__kind"] for example in pointers()} == {"value", "list", "map"}
