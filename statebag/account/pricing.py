"""What an execution costs, estimated from what it did and from public list prices."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

from statebag.errors import RefusedError
from statebag.given import json_of_document
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.portable import json_type

_GIB: Final = 1024**3
_THOUSAND: Final = 1_000
_MILLION: Final = 1_000_000
_DAYS_OF_MONTH: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """List prices in US dollars; those here are of us-east-1, without free tiers.

    Sources: https://aws.amazon.com/s3/pricing/, https://aws.amazon.com/step-functions/pricing/,
    https://aws.amazon.com/lambda/pricing/

    Attributes:
        as_of: month of which the prices are.
        transitions_per_1000: state transitions of Standard workflows.
        lambda_arm_gb_second: Lambda on arm64.
        lambda_x86_gb_second: Lambda on x86_64.
        storage_gb_month: S3 Standard.
    """

    as_of: str = "2025-06"
    region: str = "us-east-1"
    transitions_per_1000: float = 0.025
    lambda_requests_per_1000000: float = 0.20
    lambda_arm_gb_second: float = 0.0000133334
    lambda_x86_gb_second: float = 0.0000166667
    s3_put_per_1000: float = 0.005
    s3_get_per_1000: float = 0.0004
    storage_gb_month: float = 0.023

    @classmethod
    def read(cls, file: Path) -> "Prices":
        """Return the prices that a JSON file gives, the others as they are here.

        Raises:
            RefusedError: it is not a JSON object, has another name or no `as_of`, or a price is
                not a number.
        """
        kinds = {field.name: type(field.default) for field in fields(cls)}
        hint = f"Prices are a JSON object with {', '.join(sorted(kinds))}."
        try:
            given = json_of_document(file.read_bytes(), str(file), hint)
        except OSError as error:
            raise RefusedError(f"{file}: {error.strerror}", hint=hint) from error
        wrong = _wrong_with(given, kinds)
        if wrong:
            raise RefusedError(f"the prices are not valid ({wrong})", hint=hint)
        return cls(**given)

    def describe(self) -> JsonObject:
        """Return them as JSON."""
        return asdict(self)


def _wrong_with(given: Json, kinds: Mapping[str, type]) -> str:
    """Return what is wrong with prices, or nothing."""
    if type(given) is not dict:
        return f"not an object, but {json_type(given)}"
    unknown = sorted(given.keys() - kinds)
    if unknown or "as_of" not in given:
        return f"unknown: {', '.join(unknown)}" if unknown else "as_of is missing"
    for name, value in given.items():
        is_number = type(value) in {int, float} and value >= 0
        if not (isinstance(value, str) if kinds[name] is str else is_number):
            expected = "text" if kinds[name] is str else "a number of at least 0"
            return f"{name} must be {expected}, not {json_type(value)}"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What executions did.

    Attributes:
        transitions: states entered, further tries included.
        invocations: of functions.
        seconds: that functions ran.
        memory_gb: of the functions.
        puts: objects created.
        gets: objects read, estimated.
        stored_bytes: bytes that are kept.
        stored_days: for how long.
    """

    transitions: int
    invocations: int
    seconds: float
    memory_gb: float
    is_arm: bool
    puts: int
    gets: int
    stored_bytes: int
    stored_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the bill."""

    name: str
    quantity: float
    unit: str
    cost: float


def estimate(work: Work, prices: Prices) -> list[Item]:
    """Return what the work costs, item by item."""
    gb_seconds = work.seconds * work.memory_gb
    gb_second = prices.lambda_arm_gb_second if work.is_arm else prices.lambda_x86_gb_second
    gb_months = work.stored_bytes / _GIB * work.stored_days / _DAYS_OF_MONTH
    rows: tuple[tuple[str, float, str, float], ...] = (
        ("state transitions", work.transitions, "", prices.transitions_per_1000 / _THOUSAND),
        ("invocations", work.invocations, "", prices.lambda_requests_per_1000000 / _MILLION),
        ("function time", gb_seconds, "GB-seconds", gb_second),
        ("S3 PUT requests", work.puts, "", prices.s3_put_per_1000 / _THOUSAND),
        ("S3 GET requests", work.gets, "", prices.s3_get_per_1000 / _THOUSAND),
        ("S3 storage", gb_months, "GB-months", prices.storage_gb_month),
    )
    return [
        Item(name=name, quantity=quantity, unit=unit, cost=quantity * price)
        for name, quantity, unit, price in rows
    ]
