"""How values, sizes and times are written for people."""

from collections.abc import Sequence
from typing import Final

from statebag.output.terminal import escaped
from universal_sync_core.limits import KIB
from universal_sync_core.values.codec import Json, encode

_DIGITS_SHOWN: Final = 12
_MOST_BYTES: Final = 2**60


def printable(text: str, limit: int | None = None) -> str:
    """Return a text of a state's on one line, without what would steer a terminal."""
    cut = text if limit is None or len(text) <= limit else f"{text[: limit - 1]}…"
    return escaped(cut)


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
    if size > _MOST_BYTES:  # no number of bytes: somebody made it up
        return f"over {_MOST_BYTES // KIB**4:,} TiB"
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


def some_of(names: Sequence[str], most: int) -> str:
    """Return the first names, and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, which stands in the plural unless there is one."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {plural or f'{noun}s'}"
