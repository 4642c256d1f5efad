"""The settings of one process: read once from the environment, checked, then frozen."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from universal_sync_core.errors import ConfigurationError
from universal_sync_core.limits import (
    KIB,
    STEP_FUNCTIONS_MAP_CONCURRENCY,
    STEP_FUNCTIONS_PAYLOAD_BYTES,
    is_bucket,
    is_relative,
    is_state_machine,
)

# Leaves room in an execution's history; `execution_budget` says how much.
MOST_SEGMENTS_PER_EXECUTION: Final = 800
# Characters of an execution's name that are neither letters nor digits.
_SEPARATOR: Final = re.compile(r"[._+!@=-]{1,4}")
# No pointer is recognised whose path has an end of a line, and no key in S3 has half of a pair.
_NOT_IN_A_POINTER: Final = re.compile("[\n\ud800-\udfff]")
# Leaves room in a key for the id of an execution.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_MOST_PREFIX_BYTES: Final = 128
# The folders under a stack's prefix. A stack whose prefix lies in one would be within reach of the
# other stack.
FOLDERS: Final = frozenset({"v1", "inputs", "items", "distributed", "ended", "jobs"})
_NO_BUCKET: Final = (
    "bucket (STATE_BUCKET) is not a bucket's name: 3 to 63 lower-case letters, digits, hyphens and"
    " single dots. For an access point give its alias, not its ARN"
)
_PAYLOAD_KB: Final = STEP_FUNCTIONS_PAYLOAD_BYTES // KIB
_SEPARATORS: Final = "(TENANT_SEPARATOR) must be 1 to 4 characters of . _ + ! @ = -"
# The most that a setting may be, and what is said of more.
_MOST: Final = {
    "max_payload_bytes": (
        STEP_FUNCTIONS_PAYLOAD_BYTES,
        f"(MAX_PAYLOAD_KB) is over {STEP_FUNCTIONS_PAYLOAD_BYTES:,} bytes ({_PAYLOAD_KB} KB)",
    ),
    "segments_per_execution": (
        MOST_SEGMENTS_PER_EXECUTION,
        f"(SEGMENTS_PER_EXECUTION) is over {MOST_SEGMENTS_PER_EXECUTION}",
    ),
    "map_concurrency": (
        STEP_FUNCTIONS_MAP_CONCURRENCY,
        f"(MAP_CONCURRENCY) is over {STEP_FUNCTIONS_MAP_CONCURRENCY:,}",
    ),
}
# Of a number of KB or MB.
_MOST_DIGITS: Final = 9
# Bytes of JSON that are read, for each value that may be in them. As Python objects, both take
# about the same memory.
_BYTES_PER_NODE: Final = 32
_BUDGET_BYTES: Final = 128 * KIB * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The thresholds and places of one process.

    Attributes:
        bucket: where state is offloaded to; None if nothing can be offloaded.
        prefix: the start of every key, empty or ending in `/`.
        kms_key_id: key for SSE-KMS, or None for the bucket's own default.
        field_offload_bytes: a field over this goes to S3 on its own.
        state_offload_bytes: a `current_state` over this goes to S3 whole.
        max_payload_bytes: the budget of a payload; a bag takes three quarters of it.
        history_max_entries: entries of `state_history` kept inline.
        segments_per_execution: after this many, a workflow goes on as a new execution.
        map_concurrency: children of a Distributed Map that run at once.
        page_bytes: the approximate size of a page of a long list or wide map.
        index_bytes: the approximate size of an index object over pages.
        cache_bytes: memory for objects kept between invocations.
        budget_bytes: bytes of JSON that one call may read, unpack and repeat; also what a worker's
            state may hold at once.
        budget_nodes: how many values this JSON may contain.
        allowed_prefixes: `s3://` prefixes that may be read besides the execution's own.
        tenant_separator: what follows the tenant in an execution's name; None if there are no
            tenants.
        resumable_machines: ARNs of state machines, besides an execution's own, from whose state it
            may resume.
        held_workflows: workflows that stop at their next routing, each as `machine:execution`.
        lambda_function: name of the Lambda function that this process runs; None outside Lambda.
        readable_machines: ARNs of state machines whose objects a `large_payloads` handler may read
            if it does not know which execution it works for.
    """

    bucket: str | None = None
    prefix: str = ""
    kms_key_id: str | None = None
    field_offload_bytes: int = 30 * KIB
    state_offload_bytes: int = 100 * KIB
    max_payload_bytes: int = 200 * KIB
    history_max_entries: int = 50
    segments_per_execution: int = 350
    map_concurrency: int = 100
    page_bytes: int = 24 * KIB
    index_bytes: int = 16 * KIB
    cache_bytes: int = 64 * KIB * KIB
    budget_bytes: int = _BUDGET_BYTES
    budget_nodes: int = _BUDGET_BYTES // _BYTES_PER_NODE
    allowed_prefixes: tuple[str, ...] = ()
    tenant_separator: str | None = None
    resumable_machines: tuple[str, ...] = ()
    held_workflows: tuple[str, ...] = ()
    lambda_function: str | None = None
    readable_machines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse settings that cannot work."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int) and value < 1:
                raise ConfigurationError(f"{field.name} must be at least 1")
        for name, (most, told) in _MOST.items():
            if getattr(self, name) > most:
                raise ConfigurationError(f"{name} {told}")
        self._require_places()
        self._require_owners()

    def _require_places(self) -> None:
        if self.bucket is not None and not is_bucket(self.bucket):
            raise ConfigurationError(_NO_BUCKET)
        if self.prefix and not _is_folder(self.prefix):
            message = (
                "prefix (STATE_PREFIX) must be folders in one line of Unicode, each ending in /"
            )
            raise ConfigurationError(message)
        if len(self.prefix.encode()) > _MOST_PREFIX_BYTES:
            raise ConfigurationError(f"prefix (STATE_PREFIX) is over {_MOST_PREFIX_BYTES} bytes")
        if not FOLDERS.isdisjoint(self.prefix.split("/")):
            message = "prefix (STATE_PREFIX) must not lie in a folder of another stack: "
            raise ConfigurationError(message + ", ".join(sorted(FOLDERS)))
        for allowed in self.allowed_prefixes:
            self._require_allowed_place(allowed)

    def _require_allowed_place(self, place: str) -> None:
        bucket, _, folder = place.removeprefix("s3://").partition("/")
        well_formed = place.startswith("s3://") and place.endswith("/") and is_bucket(bucket)
        if not well_formed or (folder and not _is_folder(folder)):
            message = "an allowed prefix (STATE_ALLOWED_PREFIXES) must be s3://<bucket>/<prefix>/"
            raise ConfigurationError(message)
        if f"s3://{self.bucket}/{self.prefix}v1/".startswith(place):
            message = (
                "an allowed prefix (STATE_ALLOWED_PREFIXES) covers the state of all executions"
            )
            raise ConfigurationError(message)

    def _require_owners(self) -> None:
        if self.tenant_separator is not None and not _SEPARATOR.fullmatch(self.tenant_separator):
            raise ConfigurationError(f"the tenant separator {_SEPARATORS}")
        for name in ("resumable_machines", "readable_machines"):
            if not all(map(is_state_machine, getattr(self, name))):
                message = f"{name} ({name.upper()}) must be ARNs of state machines, with commas"
                raise ConfigurationError(message)

    @property
    def bound_bytes(self) -> int:
        """The most bytes of a returned bag, so that a worker's result fits beside it."""
        return self.max_payload_bytes * 3 // 4

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """Return the settings from the environment variables of docs/reference/settings.md.

        Raises:
            ConfigurationError: a value is wrong; the message names the variable.
        """
        numbers = {
            "field_offload_bytes": _number(env, "FIELD_OFFLOAD_KB", KIB),
            "state_offload_bytes": _number(env, "STATE_OFFLOAD_KB", KIB),
            "max_payload_bytes": _number(env, "MAX_PAYLOAD_KB", KIB),
            "history_max_entries": _number(env, "HISTORY_MAX_ENTRIES", 1),
            "segments_per_execution": _number(env, "SEGMENTS_PER_EXECUTION", 1),
            "map_concurrency": _number(env, "MAP_CONCURRENCY", 1),
            "cache_bytes": _number(env, "STATE_CACHE_MB", KIB * KIB),
            "budget_bytes": _number(env, "STATE_BUDGET_MB", KIB * KIB),
            "budget_nodes": _number(env, "STATE_BUDGET_MB", KIB * KIB // _BYTES_PER_NODE),
        }
        return cls(
            bucket=env.get("STATE_BUCKET") or None,
            prefix=_folder(env.get("STATE_PREFIX", "")),
            kms_key_id=env.get("STATE_KMS_KEY_ID") or None,
            allowed_prefixes=tuple(_split(env.get("STATE_ALLOWED_PREFIXES", ""))),
            tenant_separator=env.get("TENANT_SEPARATOR") or None,
            resumable_machines=tuple(_split(env.get("RESUMABLE_MACHINES", ""))),
            held_workflows=tuple(_split(env.get("HELD_WORKFLOWS", ""))),
            # Lambda sets it. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
            lambda_function=env.get("AWS_LAMBDA_FUNCTION_NAME") or None,
            readable_machines=tuple(_split(env.get("READABLE_MACHINES", ""))),
            **{name: value for name, value in numbers.items() if value is not None},
        )


def _number(env: Mapping[str, str], name: str, unit: int) -> int | None:
    text = env.get(name, "")
    if not text:
        return None
    if not text.isdecimal() or len(text) > _MOST_DIGITS or int(text) < 1:
        message = f"{name} must be a whole number of at least 1, of at most {_MOST_DIGITS} digits"
        raise ConfigurationError(message)
    return int(text) * unit


def _is_folder(text: str) -> bool:
    """Tell whether a string is a path of folders, each with a name that a pointer can have."""
    return (
        text.endswith("/")
        and _NOT_IN_A_POINTER.search(text) is None
        and not text.startswith("/")
        and not is_relative(text)
        and "//" not in text
    )


def _folder(prefix: str) -> str:
    return f"{prefix}/" if prefix and not prefix.endswith("/") else prefix


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
