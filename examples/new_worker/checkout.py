"""The checkout that contains this template: its package is installed from there."""

from pathlib import Path

from jinja2.environment import Environment
from jinja2.ext import Extension


class Checkout(Extension):
    """The variable `checkout` of the template."""

    def __init__(self, environment: Environment) -> None:
        """Pass the folder to the template, wherever the command is run."""
        super().__init__(environment)
        environment.globals["checkout"] = str(Path(__file__).resolve().parents[2])
