"""How much one call may unfold: bytes of JSON, values in it, and levels of it.

A small text may stand for gigabytes: compressed, or by pointers to pointers. So whatever reads,
decodes, unpacks or repeats a stored value first spends its cost from the budget of the call, before
it takes the memory. Repeating a value costs its size again.
"""

from threading import Lock
from typing import Final, NamedTuple

from universal_sync_core.errors import StateTooLargeError, UnreadableObjectError
from universal_sync_core.settings import Settings
from universal_sync_core.values.codec import Json, decode, without_texts
from universal_sync_core.values.paths import MAX_STORED_DEPTH
from universal_sync_core.values.pointer import may_hold_marks

# All bytes except `,[{`: every value after the first follows one of those three.
_NOT_BEFORE_VALUES: Final = bytes(byte for byte in range(256) if byte not in b",[{")
# A document may be this deep below others without a check of its own levels. orjson refuses
# documents with more than the levels that are left, and the check is cheap for so few.
SPARE_DEPTH: Final = 24
_CURE: Final = "more than one call may read; read parts of it, or raise STATE_BUDGET_MB"


class Cost(NamedTuple):
    """What a stored value costs: bytes of its JSON, and values in it."""

    size: int = 0
    values: int = 0

    def __add__(self, other: tuple[object, ...]) -> "Cost":
        """Return the cost of both."""
        both = Cost._make(other)
        return Cost(self.size + both.size, self.values + both.values)


_NOTHING: Final = Cost()


class Facts(NamedTuple):
    """What is known about a stored document from its bytes.

    Attributes:
        cost: the cost of reading it.
        clean: whether it contains no pointer, compressed value or escaped key.
        is_deep: whether fewer than SPARE_DEPTH levels are left above it.
    """

    cost: Cost
    clean: bool
    is_deep: bool


class Document(NamedTuple):
    """A decoded stored document, and what is known about it."""

    value: Json
    facts: Facts


class Budget:
    """The bytes, values and levels that one call may unfold; threads may share it.

    Attributes:
        max_size: bytes of JSON.
        max_values: objects, arrays, strings, numbers, booleans and nulls.
        max_depth: levels of nested objects and arrays.
    """

    max_depth: Final = MAX_STORED_DEPTH

    def __init__(self, max_size: int, max_values: int) -> None:
        """Start with nothing spent."""
        self.max_size = max_size
        self.max_values = max_values
        self._spent = _NOTHING
        self._lock = Lock()

    @classmethod
    def of(cls, settings: Settings) -> "Budget":
        """Return what the settings allow one call."""
        return cls(settings.budget_bytes, settings.budget_nodes)

    def renewed(self) -> "Budget":
        """Return a budget with the same limits and nothing spent."""
        return Budget(self.max_size, self.max_values)

    def spend(self, cost: Cost, path: str) -> None:
        """Subtract the cost of a value from what is left.

        Args:
            cost: what is about to be unfolded.
            path: the path of the value, for the message.

        Raises:
            StateTooLargeError: the rest of the budget is not enough.
        """
        with self._lock:
            spent = self._spent + cost
            self._require(spent, path)
            self._spent = spent

    @property
    def size_left(self) -> int:
        """How many bytes may still be spent."""
        return self.max_size - self._spent.size

    def decode(self, body: bytes, path: str) -> Json:
        """Return the value of a JSON document whose bytes have been spent already.

        Raises:
            StateTooLargeError: it has more values than are left.
            UnreadableObjectError: it is not JSON, or has too many levels.
        """
        return self.document(body, path).value

    def document(self, body: bytes, path: str) -> Document:
        """Return the decoded document with what is known about it."""
        values = self._values_to_spend(body)
        self.spend(Cost(values=values), path)
        facts = Facts(Cost(len(body), values), not may_hold_marks(body), is_deep=False)
        try:
            return Document(decode(body, path=path, max_depth=self.max_depth - SPARE_DEPTH), facts)
        except UnreadableObjectError:
            value = decode(body, path=path, max_depth=self.max_depth)
            return Document(value, facts._replace(is_deep=True))

    def require_depth(self, depth: int, path: str) -> None:
        """Raise UnreadableObjectError if a value has more levels than allowed.

        Args:
            depth: the levels of the value.
            path: the path of the document that adds them, for the message.
        """
        if depth > self.max_depth:
            raise UnreadableObjectError(f"a value with over {self.max_depth:,} levels", path=path)

    def _values_to_spend(self, body: bytes) -> int:
        """Return how many values to spend for a document: at least as many as it has.

        The fast way also counts commas in strings. It is good enough until half is spent.
        """
        most = _values_in(body)
        is_far = self._spent.values + most <= self.max_values // 2
        return most if is_far else _values_in(without_texts(body))

    def require_readable(self, size: int, path: str) -> None:
        """Raise StateTooLargeError if no call with these limits could read this many bytes."""
        self._require(Cost(size), path)

    def _require(self, cost: Cost, path: str) -> None:
        limits = Cost(self.max_size, self.max_values)
        for amount, limit, unit in zip(cost, limits, ("bytes", "values"), strict=True):
            if amount > limit:
                message = f"{path}: {_CURE}"
                raise StateTooLargeError(message, size=amount, limit=limit, unit=unit)


def levels(value: Json, most: int) -> int:
    """Return how many levels of objects and arrays a value has, or `most` + 1 if it has more.

    So this ends even if a value contains itself.
    """
    found, parts = 0, {id(value): value}
    while found <= most:
        inner = [part for part in parts.values() if type(part) in (list, dict)]
        if not inner:
            break
        found += 1
        items = (part if type(part) is list else part.values() for part in inner)
        parts = {id(item): item for each in items for item in each}
    return found


def _values_in(body: bytes) -> int:
    return 1 + len(body.translate(None, _NOT_BEFORE_VALUES))
