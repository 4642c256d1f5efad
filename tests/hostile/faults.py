"""Faults to plant, each a wall taken down; the corpus has to notice every one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from unittest.mock import patch

from universal_sync_core.packs.objects import Objects
from universal_sync_core.pages import page_format, page_reader, tree_reader, trees
from universal_sync_core.previews import masking
from universal_sync_core.values import pointer
from universal_sync_core.values.budget import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A wall to take down.

    Attributes:
        take_down: does it, for this process.
        seen_by: the kind of value that has to notice.
    """

    take_down: Callable[[], None]
    seen_by: str


def _nothing(*_: Any, **__: Any) -> None:
    """Do what the wall did not want to be done."""


def _no_escape() -> None:
    patch.object(pointer, "escape_key", str).start()


def _no_owner() -> None:
    patch.object(Objects, "require_allowed", _nothing).start()


def _no_budget() -> None:
    patch.object(Budget, "_require", _nothing).start()


def _no_page_checks() -> None:
    for module in (trees, tree_reader, page_reader, page_format):
        for name in ("require_child", "require_root", "require_described", "_require_order"):
            if hasattr(module, name):
                patch.object(module, name, _nothing).start()


def _no_masking() -> None:
    patch.object(masking, "without_secrets", str).start()


FAULTS: Final[dict[str, Fault]] = {
    "escaping": Fault(take_down=_no_escape, seen_by="escaped_tower"),
    "owner check": Fault(take_down=_no_owner, seen_by="foreign_pointer"),
    "budget": Fault(take_down=_no_budget, seen_by="bomb"),
    "page checks": Fault(take_down=_no_page_checks, seen_by="forged_page"),
    "masking": Fault(take_down=_no_masking, seen_by="secret"),
}


def plant(name: str) -> None:
    """Take down a wall."""
    FAULTS[name].take_down()
