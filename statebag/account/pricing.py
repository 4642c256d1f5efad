"""What an execution costs, estimated from what it did and from public list prices."""

from dataclasses import asdict, dataclass, fields
from typing import Final

from statebag.errors import RefusedError
from universal_sync_core.values.codec import Json, JsonObject

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
    def parse(cls, document: Json) -> "Prices":
        """Return the prices that a JSON object gives, the others as they are here.

        Raises:
            RefusedError: it has another name, or no `as_of`.
        """
        known = {field.name for field in fields(cls)}
        given = document if type(document) is dict else {}
        unknown = sorted(given.keys() - known)
        if unknown or "as_of" not in given:
            wrong = f"unknown: {', '.join(unknown)}" if unknown else "as_of is missing"
            hint = f"Prices are a JSON object with {', '.join(sorted(known))}."
            raise RefusedError(f"the prices are not valid ({wrong})", hint=hint)
        return cls(**given)

    def describe(self) -> JsonObject:
        """Return them as JSON."""
        return asdict(self)


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
