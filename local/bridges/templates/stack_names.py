"""Names of a stack's resources that stay the same when it is deployed again.

moto puts a random suffix into the names it makes. A stack on AWS keeps its bucket from one
deployment to the next, and pointers into it.
"""

from contextlib import ExitStack

from moto.cloudformation import parsing

from ..patches import put


def install(stack: ExitStack) -> None:
    """Give every name the same suffix: the logical id in it tells them apart."""
    put(stack, parsing, "random_suffix", lambda: "LOCAL")
