"""What happens meanwhile: at a request, another operation begins and ends, or the process does."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, NoReturn


class Line(ABC):
    """The way of all requests.

    Attributes:
        asked: how many requests there were, besides those of what happens meanwhile.
    """

    asked = 0

    def notice(self, service: object, *names: str) -> None:
        """Let the requests of these names to a service take this way."""
        for name in names:
            setattr(service, name, self.led(getattr(service, name)))

    def led(self, request: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*given: Any, **named: Any) -> Any:
            return self._answer(lambda: _whole(request(*given, **named)))

        return asked

    @abstractmethod
    def _answer(self, ask: Callable[[], Any]) -> Any:
        """Count a request, and return its answer."""


class At(Line):
    """Lets something happen before the request of a number."""

    def __init__(self, number: int, happens: Callable[[], object]) -> None:
        self._number = number
        self._happens = happens
        self._is_happening = False

    def _answer(self, ask: Callable[[], Any]) -> Any:
        if not self._is_happening:
            self._begin()
        return ask()

    def _begin(self) -> None:
        if self.asked == self._number:
            self._is_happening = True
            self._happens()
            self._is_happening = False
        self.asked += 1


class KilledError(BaseException):
    """The container is gone."""


class Killing(Line):
    """Kills the container once, before or after the request of a number."""

    def __init__(self, kill_at: int = -1, *, after: bool = False) -> None:
        self._kill_at, self._after = kill_at, after
        self._is_dead = False

    def _answer(self, ask: Callable[[], Any]) -> Any:
        is_last = self.asked == self._kill_at
        self.asked += 1
        if self._is_dead or (is_last and not self._after):
            self.die()
        try:
            return ask()
        finally:
            if is_last:
                self.die()

    def die(self) -> NoReturn:
        self._is_dead = True
        raise KilledError


def _whole(answer: Any) -> Any:
    return iter(list(answer)) if isinstance(answer, Iterator) else answer
