"""Packs as a call of many megabytes sends them."""

import pytest

from universal_sync_core.packs import outbox


@pytest.fixture
def packs_of_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every call send many packs, as only one of many megabytes does."""
    monkeypatch.setattr(outbox, "PACK_BYTES", 1)
