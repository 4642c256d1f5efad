"""Faults to plant, each a wall taken down; the corpus has to notice every one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final


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
    from universal_sync_core import pointer  # noqa: PLC0415

    pointer.escape_key = str


def _no_owner() -> None:
    from universal_sync_core.objects import Objects  # noqa: PLC0415

    Objects.require_allowed = _nothing  # type: ignore[method-assign]


def _no_budget() -> None:
    from universal_sync_core.budget import Budget  # noqa: PLC0415

    Budget.spend = _nothing  # type: ignore[method-assign]


def _no_page_checks() -> None:
    from universal_sync_core import page_format  # noqa: PLC0415

    page_format._is_complete = lambda _: True


def _no_masking() -> None:
    import re  # noqa: PLC0415

    from statebag import masking  # noqa: PLC0415

    masking._FORMS = re.compile(r"(?!)")


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
