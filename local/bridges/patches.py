"""Replacing parts of moto until the given `ExitStack` closes."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeAlias, TypeVar
from unittest.mock import patch

Original: TypeAlias = Callable[..., Any]
Function = TypeVar("Function", bound=Callable[..., Any])


def put(stack: ExitStack, owner: object, name: str, part: object) -> None:
    """Replace what a class or module has under a name."""
    stack.enter_context(patch.object(owner, name, part))


def around(stack: ExitStack, owner: object, name: str) -> Callable[[Function], Function]:
    """Put the decorated function around one of a class or module.

    It takes the original, and then what that takes.
    """
    original = getattr(owner, name)

    def decorate(function: Function) -> Function:
        def replaced(*args: Any, **kwargs: Any) -> Any:
            return function(original, *args, **kwargs)

        put(stack, owner, name, replaced)
        return function

    return decorate
