"""What happens meanwhile: at a request, another operation begins and ends, or the process does."""

from collections.abc import Callable, Iterator
from typing import Any, NoReturn


class At:
    """Lets something happen before the request of a number.

    Attributes:
        asked: how many requests there were, besides those of what happens.
    """

    def __init__(self, number: int, happens: Callable[[], object]) -> None:
        self.asked = 0
        self._number = number
        self._happens = happens
        self._is_happening = False

    def notice(self, service: object, *requests: str) -> None:
        """Count the requests of these names to a service."""
        for name in requests:
            setattr(service, name, self._counted(getattr(service, name)))

    def _counted(self, request: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            if not self._is_happening:
                self._begin()
            answer = request(*given, **named)
            return iter(list(answer)) if isinstance(answer, Iterator) else answer

        return counted

    def _begin(self) -> None:
        if self.asked == self._number:
            self._is_happening = True
            self._happens()
            self._is_happening = False
        self.asked += 1


class KilledError(BaseException):
    """The container is gone."""


class Line:
    """The way of all requests, on which the container is killed once.

    Attributes:
        asked: how many requests there were.
    """

    def __init__(self, kill_at: int = -1, *, after: bool = False) -> None:
        self.asked = 0
        self._kill_at, self._after = kill_at, after
        self._is_dead = False

    def leads(self, service: Any, *names: str) -> None:
        """Let the requests of these names take this way."""
        for name in names:
            setattr(service, name, self.led(getattr(service, name)))

    def led(self, request: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*given: Any, **named: Any) -> Any:
            is_last = self.asked == self._kill_at
            self.asked += 1
            if self._is_dead or (is_last and not self._after):
                self.die()
            try:
                answer = request(*given, **named)
                return iter(list(answer)) if isinstance(answer, Iterator) else answer
            finally:
                if is_last:
                    self.die()

        return asked

    def die(self) -> NoReturn:
        self._is_dead = True
        raise KilledError
