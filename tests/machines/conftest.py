"""The command on a cloud in memory, as the tests of the other commands have it."""

from pathlib import Path

import pytest

from tests.statebag.conftest import cloud, run

__all__ = ["cloud", "run"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
