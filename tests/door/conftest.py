"""The core on a store in memory that counts what is asked of it."""

from tests.core.conftest import settings, store

__all__ = ["settings", "store"]
