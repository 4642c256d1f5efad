"""Marks of tests."""

from collections.abc import Iterable
from typing import Any

import pytest


def some_in_ci(cases: Iterable[Any], number: int) -> list[Any]:
    """Return cases of a slow test of which CI runs the first ones, and `make long` the others."""
    every = list(cases)
    return every[:number] + [pytest.param(each, marks=pytest.mark.long) for each in every[number:]]
