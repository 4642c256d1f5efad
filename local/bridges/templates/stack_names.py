"""Names of a stack's resources that stay the same when it is deployed again.

moto puts a random suffix into the names it makes. A stack on AWS keeps its bucket from one
deployment to the next, and pointers into it.
"""

from contextlib import ExitStack
from unittest.mock import patch

from moto.cloudformation import parsing


def install(stack: ExitStack) -> None:
    """Give every name the same suffix: the logical id in it tells them apart."""
    stack.enter_context(patch.object(parsing, "random_suffix", lambda: "LOCAL"))
