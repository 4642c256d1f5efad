"""Paths that are given on the command line."""

import click

from universal_sync_core.errors import InvalidRequestError
from universal_sync_core.values import paths
from universal_sync_core.values.paths import Step, Steps, render_path

__all__ = ["Step", "Steps", "parse_path", "render_path"]


def parse_path(text: str, option: str | None = None) -> Steps:
    """Return the steps of a path that an option gives; the empty path leads to the whole.

    Raises:
        BadParameter: it is not a path.
    """
    try:
        return paths.parse_path(text) if text else ()
    except InvalidRequestError as error:
        raise click.BadParameter(str(error), param_hint=option) from error
