"""The one place that prints: tables, lines, notes, errors, JSON, progress and questions.

A state is written by whoever works on it, and what it says must not write the operator's screen.
Whatever is printed goes through here, and is escaped here, also where it goes to a pipe: what reads
that may show it. In JSON an escape means the same character.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Final, TextIO, TypeAlias, TypeVar

import click
from rich.console import Console, Group
from rich.highlighter import JSONHighlighter
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from universal_sync_core.values.codec import Json, encode

# What is read by a program, or by a test, is not cut to a terminal's width.
_UNBOUNDED_COLUMNS: Final = 500
# Control characters; those that turn the direction of what follows, have no width, or break lines;
# tags; and halves of surrogate pairs, which no stream takes. The last two selectors of variations
# stand behind emoji.
# https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_LARGEST_BMP: Final = 0xFFFF

GOOD: Final = "green"
BAD: Final = "red"
DIM: Final = "dim"
NAME: Final = "cyan"
STRONG: Final = "bold"

# A text with styles, escaped when it is made.
Styled: TypeAlias = Text
Advance: TypeAlias = Callable[[int], None]
Item = TypeVar("Item")


class _Escapes(dict[int, str]):
    """What a terminal is shown for a code point, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        """Return an unsafe character as JSON escapes it, beyond 16 bits as a pair."""
        shown = chr(code)
        if _UNSAFE.match(shown):
            units = f"{code:04x}" if code <= _LARGEST_BMP else shown.encode("utf-16-be").hex()
            shown = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
        self[code] = shown
        return shown


_ESCAPES: Final = _Escapes()


def escaped(text: str) -> str:
    r"""Return a text on one line, with `\uXXXX` for each character that would steer a terminal."""
    return text.translate(_ESCAPES) if _UNSAFE.search(text) else text


def escaped_lines(text: str) -> str:
    """Return a message that contains data, escaped except for the ends of its lines."""
    return "\n".join(map(escaped, text.split("\n")))


def styled(*parts: str | tuple[str, str] | Styled) -> Styled:
    """Return a text of parts, each with its style or without one."""
    line = Text()
    for part in parts:
        if isinstance(part, Text):
            line.append_text(part)
        else:
            text, style = (part, "") if isinstance(part, str) else part
            line.append(escaped(text), style)
    return line


def print_line(text: str | Styled = "", style: str = "") -> None:
    """Print one line, however long."""
    _console().print(_text(text, style), soft_wrap=True)


def note(text: str | Styled) -> None:
    """Tell a person something beside the output proper, on standard error."""
    _console(error=True).print(_text(text, DIM), soft_wrap=True)


def print_error(message: str, *lines: str) -> None:
    """Tell what went wrong on standard error, and on further lines what to do about it."""
    for line in (f"statebag: {message}", *(f"  {line}" for line in lines)):
        click.echo(escaped(line), err=True)


def print_json(value: Json) -> None:
    """Print a value as JSON: indented on a terminal, on one line for a program."""
    if not _stream().isatty():
        print_document(encode(value))
        return
    text = escaped_lines(json.dumps(value, indent=2, ensure_ascii=False))
    _console().print(JSONHighlighter()(Text(text)), soft_wrap=True)


def print_document(body: bytes) -> None:
    """Print a JSON document as it is, on one line; for a program in UTF-8, whatever the locale."""
    text = escaped(body.decode(errors="surrogatepass"))
    click.echo(text if _stream().isatty() else text.encode())


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str | Styled]],
    *,
    right: Sequence[str] = (),
    one_line: bool = False,
) -> None:
    """Print a table.

    Args:
        columns: headings.
        rows: a cell for each column.
        right: headings of the columns that are set to the right.
        one_line: whether what is too wide is cut, instead of going on in the next line.
    """
    table = Table(box=None, pad_edge=False, header_style=STRONG, padding=(0, 2, 0, 0))
    screen = _console()
    for heading in columns:
        table.add_column(
            heading,
            justify="right" if heading in right else "left",
            no_wrap=one_line or heading in right,
            overflow="ellipsis" if one_line and heading not in right else "fold",
        )
    for row in rows:
        table.add_row(*(_text(cell) for cell in row))
    if screen.is_terminal:
        screen.print(table)
        return
    with screen.capture() as captured:
        screen.print(table)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def columns_of(cells: Sequence[tuple[str | Styled, int]]) -> Styled:
    """Return cells side by side, each in so many characters.

    Args:
        cells: texts, with their widths: below 0 a text is set to the right, and with 0 as it is.
    """
    line = Text()
    for cell, size in cells:
        text = _text(cell).copy()
        if size:
            text.truncate(abs(size), overflow="ellipsis")
            text.align("right" if size < 0 else "left", abs(size))
        line.append_text(text)
    return line


class Screen:
    """Lines that stay and, where somebody watches, some below them that change."""

    def __init__(self, console: Console, live: Live | None) -> None:
        """Print on a console, through what keeps its last lines where there is one."""
        self._console = console
        self._live = live

    def line(self, text: Styled) -> None:
        """Print a line that stays."""
        self._console.print(text, soft_wrap=True)

    def status(self, lines: Sequence[Styled]) -> None:
        """Replace the lines below by these; a program gets none."""
        if self._live is not None:
            self._live.update(Group(*lines), refresh=True)


@contextmanager
def screen() -> Iterator[Screen]:
    """Give a screen to watch something on; what changes on it is gone at the end."""
    console = _console()
    if not console.is_terminal:
        yield Screen(console, None)
        return
    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield Screen(console, live)


def width() -> int:
    """Return how many characters a line has; a program reads lines of any length."""
    return _console().width


def is_answered() -> bool:
    """Tell whether a person is there who can answer a question."""
    return click.get_text_stream("stdin").isatty()


def ask(question: str) -> None:
    """Go on only where a person answers yes.

    Raises:
        Abort: the answer is no.
    """
    click.confirm(escaped(question), abort=True, err=True)


def ask_for(question: str) -> str:
    """Return what a person types, or what stands on a line of standard input.

    Raises:
        Abort: there is nothing.
    """
    answer: str = click.prompt(escaped(question), err=True)
    return answer.strip()


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Advance]:
    """Show a bar where somebody watches; the yielded function is told of each advance."""
    screen = _console(error=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=screen, transient=True, disable=not screen.is_terminal
    ) as shown:
        task = shown.add_task(label, total=total)

        def advance(count: int) -> None:
            shown.advance(task, count)

        yield advance


def collected(label: str, items: Iterable[Item]) -> list[Item]:
    """Return items, and show where somebody watches how many there are so far."""
    found = []
    with progress(label) as advance:
        for item in items:
            found.append(item)
            advance(1)
    return found


def open_output() -> None:
    r"""Let standard output take every character: as `\u251c` if its encoding does not have it."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def close_output() -> None:
    """Print nothing more: whoever read the output has enough of it, as `head` has."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _console(*, error: bool = False) -> Console:
    """Return a console for standard output, or for standard error.

    Rich itself looks for a terminal, and for NO_COLOR and FORCE_COLOR.
    """
    stream = _stream(error=error)
    is_terminal = stream.isatty()
    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        width=None if is_terminal else _UNBOUNDED_COLUMNS,
        soft_wrap=not is_terminal,
    )


def _stream(*, error: bool = False) -> TextIO:
    return click.get_text_stream("stderr" if error else "stdout")


def _text(text: str | Styled, style: str = "") -> Text:
    return text if isinstance(text, Text) else styled((text, style))
