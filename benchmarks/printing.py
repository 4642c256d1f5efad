"""The table, printed row by row: a run takes minutes, and whoever waits sees each as it comes."""

from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.rows import Row

_WIDTHS: Final = {"": 1, "scenario": 60, "measured": 16, "target": 18, "against": 45, "note": 34}
_NUMBERS: Final = ("measured", "target")


def console() -> Console:
    """Return the console of a run, wide enough for the table where nobody's terminal is asked."""
    width = sum(_WIDTHS.values()) + 2 * len(_WIDTHS)
    return Console(width=max(width, Console().width), highlight=False)


def print_heading(out: Console, section: str) -> None:
    """Print where a section begins."""
    out.print(f"\n[bold]{section}[/]")
    out.print(_line(*_WIDTHS), style="dim")


def print_row(out: Console, row: Row) -> None:
    """Print a row; one that misses its target is red, and has a mark."""
    colour = "green" if row.is_met else "red"
    measured = f"[{colour}]{row.amount(row.measured)}[/]"
    mark = "" if row.is_met else "[red]x[/]"
    out.print(_line(mark, row.scenario, measured, row.target_text, row.baseline, row.note))


def _line(*cells: str) -> Table:
    line = Table.grid(padding=(0, 2, 0, 0))
    for name, width in _WIDTHS.items():
        line.add_column(width=width, justify="right" if name in _NUMBERS else "left")
    line.add_row(*cells)
    return line
