"""Which runtimes there are on the local cloud."""

import shutil

import pytest

from local.errors import LocalCloudError
from local.functions.languages import command


def test_runtime_that_there_is_not_is_named() -> None:
    with pytest.raises(LocalCloudError, match=r"java21"):
        command("java21", "app.handler")


def test_node_that_is_not_installed_is_missed_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(LocalCloudError, match=r"nodejs22\.x needs `node`"):
        command("nodejs22.x", "worker.handler")
