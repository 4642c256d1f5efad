"""What the template says that its numbers may be."""

import re
from typing import Any


def bounds_of(parameter: dict[str, Any]) -> tuple[int, int] | None:
    """Return the least and the most of a parameter that is a whole number, as it tells them."""
    told = parameter.get("ConstraintDescription", "")
    found = re.fullmatch(r"a whole number from (\d+) to (\d+)", told)
    return (int(found[1]), int(found[2])) if found else None
