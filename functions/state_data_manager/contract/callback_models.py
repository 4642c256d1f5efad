"""The shape of events about callbacks, and about jobs whose end answers one."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from contract.base import ActionEvent, StateEvent
from universal_sync_core.limits import (
    ARN_CHARS,
    STEP_FUNCTIONS_CAUSE_CHARS,
    STEP_FUNCTIONS_ERROR_CHARS,
    STEP_FUNCTIONS_TOKEN_CHARS,
)


def _of_units(limit: int) -> AfterValidator:
    """Return a validator of strings for a service: Unicode, of at most `limit` UTF-16 units."""

    def check(text: str) -> str:
        try:
            units = len(text.encode("utf-16-le")) // 2
        except UnicodeEncodeError:
            raise PydanticCustomError("unicode", "must be Unicode, without surrogates") from None
        if units > limit:
            what = {"limit": limit}
            raise PydanticCustomError("units", "must have at most {limit} UTF-16 units", what)
        return text

    return AfterValidator(check)


class RequestCallbackEvent(StateEvent):
    """Brings the token by which a waiting state is answered."""

    task_token: Annotated[str, _of_units(STEP_FUNCTIONS_TOKEN_CHARS)] = Field(
        min_length=1, max_length=STEP_FUNCTIONS_TOKEN_CHARS, repr=False
    )
    callback_type: Literal["human", "async", "hold"]
    prompt: Any = Field(default=None, description="The question; by default the bag's `prompt`.")
    wait: str | None = Field(
        default=None,
        min_length=1,
        max_length=1_024,
        description="The same for all tries of one wait, and for no other wait of the execution."
        " Without it, each try is a callback of its own.",
    )
    job: str | None = Field(
        default=None,
        min_length=1,
        max_length=ARN_CHARS,
        description="Id or ARN of the job whose end answers; by default the bag's `awaited_job`.",
    )


class ServiceEvent(BaseModel):
    """An event of an AWS service on EventBridge.

    https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, hide_input_in_errors=True)

    # Callers of PutEvents cannot use such a source.
    source: str = Field(pattern=r"^aws\.[a-z0-9-]+$", description="Name of the service.")
    detail_type: str = Field(alias="detail-type", description="What the event is about.")
    time: str = Field(min_length=1, description="When, in RFC 3339.")
    detail: dict[str, Any] = Field(description="The service's own fields.")


class JobEndedEvent(ActionEvent):
    """Brings the event of a job, as a rule of EventBridge passes it on."""

    event: ServiceEvent


class SubmitCallbackEvent(ActionEvent):
    """An answer to a callback: the outcome decides which other fields it needs."""

    model_config = ConfigDict(json_schema_extra=lambda schema: schema.update(oneOf=_outcomes()))

    callback_id: str = Field(
        pattern=r"^[0-9a-f]{64}(-[0-9a-f]{32})?$", description="The id that was announced."
    )
    execution_id: str = Field(min_length=1)
    outcome: Literal["success", "failure", "heartbeat"]
    output: Any = Field(default=None, description="The output that the waiting state gets.")
    error: Annotated[str, _of_units(STEP_FUNCTIONS_ERROR_CHARS)] | None = Field(
        default=None, max_length=STEP_FUNCTIONS_ERROR_CHARS
    )
    cause: Annotated[str, _of_units(STEP_FUNCTIONS_CAUSE_CHARS)] | None = Field(
        default=None, max_length=STEP_FUNCTIONS_CAUSE_CHARS
    )

    @model_validator(mode="after")
    def _fields_of_the_outcome(self) -> Self:
        needed, allowed = _ANSWER_FIELDS[self.outcome]
        given = self.model_fields_set & {"output", "error", "cause"}
        for field in sorted(needed - given):
            raise PydanticCustomError("missing", "Field required", {"field": field})
        for field in sorted(given - allowed):
            raise PydanticCustomError("answer", "is not for this outcome", {"field": field})
        return self


_ANSWER_FIELDS: dict[str, tuple[set[str], set[str]]] = {
    "success": ({"output"}, {"output"}),
    "failure": ({"error"}, {"error", "cause"}),
    "heartbeat": (set(), set()),
}
"""For each outcome, the fields that it needs and those that it allows."""


def _outcomes() -> list[dict[str, Any]]:
    """Declare in the schema what each outcome needs and allows."""
    every = {"output", "error", "cause"}
    return [
        {
            "properties": {"outcome": {"const": outcome}}
            | dict.fromkeys(sorted(every - allowed), False),
            "required": sorted(needed),
        }
        for outcome, (needed, allowed) in _ANSWER_FIELDS.items()
    ]
