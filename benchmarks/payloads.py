"""What the benchmarks send: JSON such as workers answer with, the same on every machine."""

import random
import string
from typing import Final

from universal_sync_core.limits import KIB
from universal_sync_core.values.codec import Json, JsonObject

EXECUTION: Final = "arn:aws:states:eu-west-1:123456789012:execution:state-data:benchmark"
CONTEXT: Final = {"execution_id": EXECUTION}

_WORDS: Final = 512
# About the bytes of a record below, as JSON.
_RECORD_BYTES: Final = 256


class Payloads:
    """Gives values that are all different; one seed gives the same values in the same order."""

    def __init__(self, seed: int = 1) -> None:
        """Begin the sequence of a seed."""
        self._random = random.Random(seed)  # noqa: S311 - variety, not secrecy
        self._words = [self._word() for _ in range(_WORDS)]
        self._given = 0

    def record(self) -> JsonObject:
        """Return an object of about 256 bytes."""
        self._given += 1
        return {
            "id": self._given,
            "digest": f"{self._random.getrandbits(256):064x}",
            "score": self._random.random(),
            "approved": self._random.random() < 0.5,  # noqa: PLR2004 - as often as not
            "tags": self._random.choices(self._words, k=3),
            "text": " ".join(self._random.choices(self._words, k=12)),
        }

    def records(self, size: int) -> list[Json]:
        """Return a list of records of about `size` bytes."""
        return [self.record() for _ in range(max(1, size // _RECORD_BYTES))]

    def fields(self, count: int, size: int) -> JsonObject:
        """Return an object of `count` fields, each a list of records of about `size` bytes."""
        return {f"field_{number}": self.records(size) for number in range(count)}

    def history_entry(self) -> JsonObject:
        """Return an entry of `state_history` of about 300 bytes."""
        return {"step": self._given, "result": self.record()}

    def _word(self) -> str:
        return "".join(self._random.choices(string.ascii_lowercase, k=self._random.randint(3, 9)))


def large_field(payloads: Payloads) -> list[Json]:
    """Return a value that goes to S3, as one object."""
    return payloads.records(36 * KIB)
