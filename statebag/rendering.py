"""What is printed: tables, trees and JSON; colours and widths only where a terminal shows them."""

import re
from collections.abc import Sequence
from typing import Final

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from universal_sync_core.codec import KIB, Json, encode

# What is read by a program, or by a test, is not cut to a terminal's width.
_UNBOUNDED_COLUMNS: Final = 500
# Control characters, and those that turn the direction of what follows, would write the terminal.
_UNSAFE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_DIGITS_SHOWN: Final = 12

GOOD: Final = "green"
BAD: Final = "red"
DIM: Final = "dim"
NAME: Final = "cyan"
STRONG: Final = "bold"


def console(*, error: bool = False) -> Console:
    """Return a console for standard output, or for standard error.

    Rich itself looks for a terminal, and for NO_COLOR and FORCE_COLOR.
    """
    stream = click.get_text_stream("stderr" if error else "stdout")
    is_terminal = stream.isatty()
    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        width=None if is_terminal else _UNBOUNDED_COLUMNS,
        soft_wrap=not is_terminal,
    )


def print_line(text: str | Text = "", style: str = "") -> None:
    """Print one line, however long."""
    console().print(text if isinstance(text, Text) else Text(text, style=style), soft_wrap=True)


def note(text: str) -> None:
    """Tell a person something beside the output proper, on standard error."""
    console(error=True).print(Text(text, style=DIM), soft_wrap=True)


def print_json(value: Json) -> None:
    """Print a value as JSON: indented on a terminal, on one line for a program."""
    stream = click.get_text_stream("stdout")
    if not stream.isatty():
        click.echo(encode(value).decode(errors="surrogatepass"))
        return
    console().print_json(data=value, ensure_ascii=False)


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[str | Text]], *, right: Sequence[str] = ()
) -> None:
    """Print a table.

    Args:
        columns: headings.
        rows: a cell for each column.
        right: headings of the columns that are set to the right.
    """
    table = Table(box=None, pad_edge=False, header_style=STRONG, padding=(0, 2, 0, 0))
    screen = console()
    for heading in columns:
        table.add_column(
            heading,
            justify="right" if heading in right else "left",
            no_wrap=heading in right,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    if screen.is_terminal:
        screen.print(table)
        return
    with screen.capture() as captured:
        screen.print(table)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def printable(text: str, limit: int | None = None) -> str:
    """Return a text of a state's on one line, without what would steer a terminal."""
    cut = text if limit is None or len(text) <= limit else f"{text[: limit - 1]}…"
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", cut)


def preview(value: Json, limit: int = 60) -> str:
    """Return the beginning of a scalar's JSON on one line."""
    if isinstance(value, str):
        # Only the part that is shown is encoded: a text may have megabytes.
        cut = value[:limit]
        return printable(encode(cut).decode(errors="replace"), limit + 2) + (
            "…" if cut != value else ""
        )
    return printable(encode(value).decode(errors="replace"), limit)


def bytes_text(size: int | None) -> str:
    """Return a number of bytes for people."""
    if size is None:
        return "-"
    if size < KIB:
        return f"{size} B"
    amount: float = size
    for unit in ("KiB", "MiB", "GiB"):
        amount /= KIB
        if amount < KIB or unit == "GiB":
            break
    return f"{amount:,.1f} {unit}"


def digest_text(path: str | None) -> str:
    """Return the beginning of an object's digest, enough to tell objects apart."""
    return path.rsplit("/", 1)[-1][:_DIGITS_SHOWN] if path else ""


def seconds_text(seconds: float | None) -> str:
    """Return a duration for people."""
    if seconds is None:
        return "-"
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.2f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
