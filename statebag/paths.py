"""Paths that are given on the command line."""

import re

import click

from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values import paths
from universal_sync_core.values.paths import Step, Steps, render_path

__all__ = ["Step", "Steps", "parse_path", "render_path", "split_path"]


def parse_path(text: str, option: str | None = None) -> Steps:
    """Return the steps of a path that an option gives; the empty path leads to the whole.

    Raises:
        BadParameter: it is not a path.
    """
    try:
        return paths.parse_path(text) if text else ()
    except InvalidRequestError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def split_path(text: str, sign: re.Pattern[str], option: str) -> tuple[Steps, str, str] | None:
    """Return the path before a sign, the sign, and what follows it; None if there are none.

    A key in quotes may contain the sign: `labels["app=web"]=1`. A regular expression follows `~`.

    Raises:
        BadParameter: what is before the sign is not a path, or the regular expression is wrong.
    """
    for found in sign.finditer(text):
        try:
            steps, rest = parse_path(text[: found.start()], option), text[found.end() :]
            re.compile(rest if found[0] == "~" else "")
        except click.BadParameter as error:
            if not sign.search(text, found.end()):
                raise click.BadParameter(f"{text}: {error}", param_hint=option) from error
        except re.error as error:
            message = f"{text}: not a regular expression: {error}"
            raise click.BadParameter(message, param_hint=option) from error
        else:
            return (steps, found[0], rest) if steps else None
    return None
