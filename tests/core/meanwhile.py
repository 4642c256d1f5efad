"""What happens meanwhile: one operation begins and ends at a request of another."""

from collections.abc import Callable, Iterator
from typing import Any


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
