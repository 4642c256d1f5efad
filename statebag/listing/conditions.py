"""Which executions are asked for, and which states."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

import click

from statebag.executions.executions import Listed
from statebag.listing.rows import Row
from statebag.paths import Steps, split_path
from universal_sync_core.errors import UnreadableObjectError
from universal_sync_core.limits import KIB
from universal_sync_core.values.codec import Json, canonical, decode, encode

_AGO: Final = re.compile(r"(\d{1,5})(m|h|d|w)")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SIZE: Final = re.compile(r"(\d{1,12})\s*(B|KiB|MiB)?", re.IGNORECASE)
_FACTORS: Final = {"b": 1, "kib": KIB, "mib": KIB * KIB}
_SIGN: Final = re.compile(r"!=|=|~")
_WHERE: Final = "--where"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What an execution has to be.

    Attributes:
        statuses: one of these, or any.
        since: it runs, or ended after that.
        until: it began before that.
        error: the name of its error, with `*` for any characters.
        stage: what it was about when it failed, likewise.
        larger: bytes that its last bag has more than.
    """

    statuses: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    error: str | None = None
    stage: str | None = None
    larger: int | None = None

    def may_accept(self, found: Listed | Row) -> bool:
        """Tell whether an execution may be asked for, by its status and times alone."""
        if self.statuses and found.status not in self.statuses:
            return False
        began, ended = found.started, found.stopped
        is_late = self.until is None or began is None or began < self.until
        return is_late and (self.since is None or ended is None or ended >= self.since)

    def accepts(self, row: Row) -> bool:
        """Tell whether an execution is asked for, by all that is known of it."""
        is_large = self.larger is None or (row.bag_bytes or 0) > self.larger
        is_of_kind = _is_like(row.error, self.error) and _is_like(row.stage, self.stage)
        return is_large and is_of_kind and self.may_accept(row)


@dataclass(frozen=True, slots=True)
class Where:
    """What a state has to have at a path: `path=value`, `path!=value` or `path~pattern`.

    Attributes:
        text: the value or pattern as it was given.
    """

    steps: Steps
    sign: str
    text: str

    def __call__(self, value: Json) -> bool:
        """Tell whether the value at the path is such a one."""
        if self.sign == "~":
            text = value if isinstance(value, str) else encode(value).decode(errors="replace")
            return re.search(self.text, text) is not None
        return self._is_equal(value) == (self.sign == "=")

    def _is_equal(self, value: Json) -> bool:
        """Tell whether a value is the text itself, or what it is the JSON of."""
        try:
            wanted = decode(self.text.encode(errors="surrogatepass"))
        except UnreadableObjectError:
            wanted = self.text
        return canonical(value) in {canonical(wanted), canonical(self.text)}


def where_in(text: str) -> Where:
    """Return the condition that an option gives.

    Raises:
        BadParameter: it is none.
    """
    found = split_path(text, _SIGN, _WHERE)
    if found is None:
        message = f"{text}: a condition is path=value, path!=value or path~pattern"
        raise click.BadParameter(message, param_hint=_WHERE)
    return Where(*found)


def moment_given(text: str, now: datetime, option: str) -> datetime:
    """Return the time that an option gives: `90m`, `2h`, `1d`, `2w` ago, or RFC 3339.

    Raises:
        BadParameter: it is none.
    """
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text}: a time is 90m, 2h, 1d or 2w ago, or 2025-06-01T12:00:00Z"
        raise click.BadParameter(message, param_hint=option) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def size_given(text: str, option: str) -> int:
    """Return the bytes that an option gives: `900`, `100KiB`, `1MiB`.

    Raises:
        BadParameter: it is not a size.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        message = f"{text}: a size is 900, 100KiB or 1MiB"
        raise click.BadParameter(message, param_hint=option)
    return int(match[1]) * _FACTORS[(match[2] or "B").lower()]


def _is_like(name: str | None, pattern: str | None) -> bool:
    return pattern is None or (name is not None and fnmatchcase(name, pattern))
