"""The command on a cloud in memory, as the tests of the other commands have it."""

from tests.statebag.conftest import cloud, run

__all__ = ["cloud", "run"]
