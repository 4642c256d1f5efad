"""Long lists and wide maps of small pages: stored, changed and read."""

from collections.abc import Callable
from typing import Any

from tests.core.bags import call, fresh
from tests.core.fakes import CountingStore
from universal_sync_core.pages.pages import Pages
from universal_sync_core.settings import Settings
from universal_sync_core.values.pointer import Pointer, parse

TINY = {"page_bytes": 200, "index_bytes": 600}
PAGE = Settings().page_bytes
INDEX = Settings().index_bytes


def numbered(count: int, size: int = 100) -> list[dict[str, Any]]:
    return [{"n": number, "text": "x" * size} for number in range(count)]


def keyed(count: int, size: int = 100) -> dict[str, Any]:
    return {f"key-{number:06}": "x" * size for number in range(count)}


def stored(store: CountingStore, value: Any, **thresholds: Any) -> Pointer:
    """Return a pointer to a value that is in the store, with nothing counted yet."""
    pointer: Pointer = changed(store, lambda pages: pages.store(value), **thresholds)
    store.reset()
    return pointer


def changed(store: CountingStore, change: Callable[[Pages], Any], **thresholds: Any) -> Any:
    """Return what a change gives in a call of its own, with a cold cache."""
    with fresh(store, **thresholds), call() as opened:
        given = change(opened.pages)
        form = given.render() if isinstance(given, Pointer) else None
    return parse(form) if form else given


def read(store: CountingStore, pointer: Pointer, **thresholds: Any) -> Any:
    return changed(store, lambda pages: pages.resolve(pointer.render()), **thresholds)


def extended(store: CountingStore, pointer: Pointer, items: list[Any], **given: Any) -> Pointer:
    after: Pointer = changed(store, lambda pages: pages.extend(pointer, items), **given)
    return after


def with_keys(
    store: CountingStore, pointer: Pointer, changes: dict[str, Any], **given: Any
) -> Pointer:
    after: Pointer = changed(store, lambda pages: pages.put_keys(pointer, changes), **given)
    return after
