"""Executions as a table, as wide as the terminal lets it be."""

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Final

from statebag.executions.executions import SUCCEEDED
from statebag.listing.rows import Row
from statebag.output.rendering import bytes_text, printable, seconds_text
from statebag.output.terminal import BAD, GOOD, NAME, Styled, print_table, styled, width

Cell = Callable[[Row], str | Styled]

_WIDE: Final = 130
_ERROR_CHARS: Final = 60
_STATUS_CHARS: Final = len(SUCCEEDED)


def print_rows(rows: Sequence[Row], *, machines: bool) -> None:
    """Print executions, each with its state machine where there are several."""
    columns = _wide(machines=machines) if width() >= _WIDE else _narrow(machines=machines)
    cells = [[cell(row) for cell in columns.values()] for row in rows]
    print_table(list(columns), cells, right=("took", "bag", "segments"))


def _narrow(*, machines: bool) -> dict[str, Cell]:
    return {
        "status": _status,
        "started": _started,
        "execution": _whole_name if machines else _own_name,
        "error": _error,
    }


def _wide(*, machines: bool) -> dict[str, Cell]:
    return {
        "status": _status,
        "started": _started,
        "took": lambda row: seconds_text(row.seconds),
        "execution": _whole_name if machines else _own_name,
        "segments": lambda row: str(row.told("segments_run") or ""),
        "bag": lambda row: bytes_text(row.bag_bytes),
        "stage": lambda row: printable(row.stage or ""),
        "error": _error,
    }


def _own_name(row: Row) -> Styled:
    return styled((row.name, NAME))


def _whole_name(row: Row) -> Styled:
    return styled((row.arn.split(":", 6)[-1], NAME))


def _status(row: Row) -> Styled:
    style = GOOD if row.status == SUCCEEDED else "" if row.is_running else BAD
    return styled((row.status, style))


def _started(row: Row) -> str:
    return f"{row.started.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if row.started else "-"


def _error(row: Row) -> Styled:
    return styled((printable(row.error or "", _ERROR_CHARS), BAD))


def line_of(row: Row, *, machines: bool) -> Styled:
    """Return an execution as one line of what is followed."""
    name = _whole_name if machines else _own_name
    status = _status(row)
    status.pad_right(max(0, _STATUS_CHARS - len(status)))
    return styled("  ").join([status, styled(_when(row)), name(row), _error(row)])


def _when(row: Row) -> str:
    moment = row.stopped or row.started
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment else "-"
