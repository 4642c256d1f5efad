"""The Resource of lambda:invoke in the partition that a definition names."""

import re
from typing import Final

_PARTITION: Final = re.compile(r"arn:(?:\$\{[^}]*\}|[\w-]+):states(?=:::)")


def invoke_in(text: str) -> str:
    """Return the Resource that invokes a function in the partition of a definition's text."""
    found = _PARTITION.search(text)
    return f"{found[0] if found else 'arn:aws:states'}:::lambda:invoke"
