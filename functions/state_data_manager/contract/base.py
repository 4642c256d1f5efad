"""The fields that events have in common."""

from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict

from universal_sync_core.bag.fields import unwrap
from universal_sync_core.values.codec import JsonObject

State = Annotated[JsonObject, BeforeValidator(unwrap)]
"""A state bag at the edge: its values are neither validated nor copied."""


class ActionEvent(BaseModel):
    """The fields of every event. Unknown fields are refused, so that a misspelt one is not lost."""

    # `hide_input_in_errors`: the input is the caller's state.
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True
    )

    action: str
    execution_id: str | None = None

    @property
    def context(self) -> JsonObject:
        """The context of the call for the core: the fields of the event that are set."""
        return self.model_dump(include=_CONTEXT_FIELDS, exclude_none=True)


_CONTEXT_FIELDS: Final = {"action", "execution_id", "keep_inline", "merge_strategy"}


class StateEvent(ActionEvent):
    """An event that brings a bag, and may say how its fields are merged and what stays inline."""

    state_data: State
    keep_inline: list[str] | None = None
    merge_strategy: JsonObject | None = None
