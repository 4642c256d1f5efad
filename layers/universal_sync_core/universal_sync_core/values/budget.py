"""What one call may unfold: bytes of JSON, values in it, and levels of it.

A small text may stand for gigabytes: compressed, or by pointers to pointers. So everything
that reads, decodes, unpacks or repeats a stored value spends what that takes from the budget of the
call, before the memory is taken. Repeating a value costs its size again.
"""

from threading import Lock
from typing import Final, NamedTuple

from universal_sync_core.errors import StateTooLargeError, UnreadableObjectError
from universal_sync_core.settings import Settings
from universal_sync_core.values.codec import MAX_STORED_DEPTH, Json, decode, without_texts
from universal_sync_core.values.pointer import may_hold_marks

# Before each value but the first stands one of these, or it stands before none.
_NOT_BEFORE_VALUES: Final = bytes(byte for byte in range(256) if byte not in b",[{")
# So far below others a document may stand without a look at its own levels. orjson tells those that
# have more, and that is cheap for so few.
SPARE_DEPTH: Final = 24
_CURE: Final = "more than one call may read; read parts of it, or set STATE_BUDGET_MB higher"


class Cost(NamedTuple):
    """What a stored value takes: bytes of its JSON, and values in it."""

    size: int = 0
    values: int = 0

    def __add__(self, other: tuple[object, ...]) -> "Cost":
        """Return the cost of both."""
        both = Cost._make(other)
        return Cost(self.size + both.size, self.values + both.values)


class Facts(NamedTuple):
    """What is known of a stored document from its bytes.

    Attributes:
        cost: what it takes.
        clean: it holds no pointer, compressed value or escaped key.
        is_deep: fewer than SPARE_DEPTH levels are left above it.
    """

    cost: Cost
    clean: bool
    is_deep: bool


class Document(NamedTuple):
    """A stored document, decoded, and what is known of it."""

    value: Json
    facts: Facts


class Budget:
    """The bytes, values and levels that one call may unfold; threads may share it.

    Attributes:
        max_size: bytes of JSON.
        max_values: objects, arrays, texts, numbers, booleans and nulls.
        max_depth: levels of objects and arrays in one another.
    """

    def __init__(self, max_size: int, max_values: int, max_depth: int = MAX_STORED_DEPTH) -> None:
        """Start with nothing spent."""
        self.max_size = max_size
        self.max_values = max_values
        self.max_depth = max_depth
        self._spent = Cost()
        self._lock = Lock()

    @classmethod
    def of(cls, settings: Settings) -> "Budget":
        """Return what the settings allow to one call."""
        return cls(settings.budget_bytes, settings.budget_nodes)

    def renewed(self) -> "Budget":
        """Return one of the same limits of which nothing is spent."""
        return Budget(self.max_size, self.max_values, self.max_depth)

    def spend(self, cost: Cost, path: str) -> None:
        """Take the cost of a value from what is left.

        Args:
            cost: what is about to be unfolded.
            path: of the value, for the message.

        Raises:
            StateTooLargeError: there is not so much left.
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
            StateTooLargeError: it holds more values than are left.
            UnreadableObjectError: it is no JSON, or has too many levels.
        """
        return self.document(body, path).value

    def document(self, body: bytes, path: str) -> Document:
        """Return the same with what is known of it."""
        values = self._values_to_spend(body)
        self.spend(Cost(values=values), path)
        facts = Facts(Cost(len(body), values), not may_hold_marks(body), is_deep=False)
        try:
            return Document(decode(body, path=path, max_depth=self.max_depth - SPARE_DEPTH), facts)
        except UnreadableObjectError:
            value = decode(body, path=path, max_depth=self.max_depth)
            return Document(value, facts._replace(is_deep=True))

    def require_depth(self, depth: int, path: str) -> None:
        """Raise UnreadableObjectError where a value has more levels than are allowed.

        Args:
            depth: its levels.
            path: of what brings them, for the message.
        """
        if depth > self.max_depth:
            raise UnreadableObjectError(f"a value of over {self.max_depth:,} levels", path=path)

    def _values_to_spend(self, body: bytes) -> int:
        """Return how many values to spend for a document, at least those that it holds.

        What is fast to count also counts commas in texts. That will do until half is spent.
        """
        most = _values_in(body)
        is_far = self._spent.values + most <= self.max_values // 2
        return most if is_far else _values_in(without_texts(body))

    def require_readable(self, size: int, path: str) -> None:
        """Raise StateTooLargeError where no call with these limits could read so many bytes."""
        self._require(Cost(size), path)

    def _require(self, cost: Cost, path: str) -> None:
        limits = Cost(self.max_size, self.max_values)
        for amount, limit, unit in zip(cost, limits, ("bytes", "values"), strict=True):
            if amount > limit:
                message = f"{path}: {_CURE}"
                raise StateTooLargeError(message, size=amount, limit=limit, unit=unit)


def _values_in(body: bytes) -> int:
    return 1 + len(body.translate(None, _NOT_BEFORE_VALUES))
