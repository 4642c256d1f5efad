"""A store that counts requests in turn: those that have to wait for an answer to another one."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from tests.core.fakes import PassingStore
from universal_sync_core.storage import parallel
from universal_sync_core.storage.store import Location, ObjectStore, Part, StoredObject


class TurnsStore(PassingStore):
    """Counts turns, in which any number of requests may be under way side by side.

    Attributes:
        turns: how many there were.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, inner: ObjectStore | None = None) -> None:
        """Count the requests of this process from now on, which then come in one thread."""
        super().__init__(inner)
        self.turns = 0
        monkeypatch.setattr(parallel, "_pool", lambda: self)

    def put(self, location: Location, body: bytes, *, content_encoding: str | None = None) -> bool:
        self.turns += 1
        return super().put(location, body, content_encoding=content_encoding)

    def get(self, location: Location, part: Part | None = None) -> StoredObject:
        self.turns += 1
        return super().get(location, part)

    def submit(self, work: Callable[[Any], Any], item: Any) -> "Future[Any]":
        """Do some work as a thread pool does; its turns count once its result is asked for."""
        begun = self.turns
        result = work(item)
        done = _Done(self, self.turns)
        done.set_result(result)
        self.turns = begun
        return done


class _Done(Future[Any]):
    def __init__(self, store: TurnsStore, turns: int) -> None:
        super().__init__()
        self._store = store
        self._turns = turns

    def result(self, timeout: float | None = None) -> Any:
        self._store.turns = max(self._store.turns, self._turns)
        return super().result(timeout)
