"""JSON that a person gives: in a file, on standard input, or as the value of an option."""

import json
from typing import Final

import click

from statebag.errors import RefusedError
from universal_sync_core.errors import StateSyncError
from universal_sync_core.values.codec import Json, decode

_IN_SHELL: Final = " (a text needs quotes)"


def json_of_document(body: bytes, title: str, hint: str) -> Json:
    """Return the value of a document, in any encoding of JSON: Windows writes UTF-16, or a mark.

    Raises:
        RefusedError: it is not JSON; the message says where.
    """
    try:
        text = body.decode(json.detect_encoding(body))
        return decode(text.encode(), path=title)
    except UnicodeDecodeError as error:
        message = f"{title} is not JSON: it is not text in UTF-8, UTF-16 or UTF-32"
        raise RefusedError(message, hint=hint) from error
    except StateSyncError as error:
        raise RefusedError(f"{title} is not JSON: {_fault_in(text)}", hint=hint) from error


def json_of_option(text: str, option: str, name: str = "") -> Json:
    """Return the value that an option gives.

    Args:
        text: the JSON.
        option: whose value it is.
        name: what of the option is given, where there is more than one.

    Raises:
        BadParameter: it is not JSON; the message says where.
    """
    what = f"{name}: the value" if name else "the value"
    try:
        return decode(text.encode(), path=option)
    except UnicodeEncodeError as error:
        message = f"{what} is not text in UTF-8"
        raise click.BadParameter(message, param_hint=option) from error
    except StateSyncError as error:
        message = f"{what} is not JSON: {_fault_in(text)}{_IN_SHELL}"
        raise click.BadParameter(message, param_hint=option) from error


def _fault_in(text: str) -> str:
    """Return where a text stops being JSON, without what stands there."""
    if not text.strip():
        return "it is empty"
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    except RecursionError:
        pass
    return "a number that JSON does not have, or too many levels"
