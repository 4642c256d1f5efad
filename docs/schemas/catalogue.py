"""Which schemas there are, and how they are made of models and annotations."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

import actions
from contract import answers
from docs.schemas import forms, workers

FOLDER: Final = Path(__file__).parent
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

FORMS: Final[dict[str, tuple[Any, str]]] = {
    "bag": (workers.Bag, "A state bag"),
    "branch_pointer": (forms.BranchPointer, "A finished branch"),
    "callback_requested": (workers.CallbackRequested, "The announcement of a callback"),
    "continuation": (forms.Continuation, "The start of the next execution"),
    "ended_record": (forms.EndedRecord, "The record of an ended execution"),
    "failure": (forms.Failure, "The end of a failed execution"),
    "failure_record": (forms.FailureRecord, "The record of a failure"),
    "index_object": (forms.IndexObject, "An index object over pages"),
    "compressed_value": (forms.PackedValue, "A compressed value"),
    "page": (forms.Page, "A page of a list or map"),
    "pointer": (forms.Pointer, "A pointer to a value in S3"),
    "snapshot": (forms.Snapshot, "A snapshot"),
    "staged_items": (forms.StagedItems, "The items of a Distributed Map"),
    "worker_result": (workers.WorkerResult, "What a worker may answer"),
}
"""Name to type and title."""

# What any event may carry, which the models do not describe.
_OF_ANY_EVENT: Final = {
    "execution_id": "Whose state this is; most events have it in the bag.",
    "keep_inline": "Paths of `current_state` to copy beside the pointers they go behind.",
    "merge_strategy": "Strategy by field or dotted path, such as `append`.",
    "state_data": "The bag.",
}


class _Plain(GenerateJsonSchema):
    """Without a title for each field that only repeats its name, and without defaults."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - its signature
        return False

    def default_schema(self, schema: Any) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])


def all_files() -> dict[str, str]:
    """Return the text of each file by its name, from this folder."""
    schemas = {**dict(_events()), **dict(_answers()), **dict(_forms())}
    return {f"{name}.json": _text(schema) for name, schema in schemas.items()}


def event_model(action: str) -> type[BaseModel]:
    """Return the model of an action's event."""
    name: str = getattr(actions, action).__annotations__["event"]
    model: type[BaseModel] = getattr(actions, name)
    return model


def answer_type(action: str) -> Any:
    """Return the type of an action's answer; the pipe's is a bag."""
    name: str = getattr(actions, action).__annotations__["return"]
    return answers.StateAnswer if name == "Json" else getattr(answers, name)


def _events() -> Iterator[tuple[str, dict[str, Any]]]:
    for action in actions.EVERY_ACTION:
        schema = _schema(event_model(action))
        properties = schema["properties"]
        properties["action"] = {"const": action}
        for name in properties.keys() & _OF_ANY_EVENT.keys():
            properties[name].setdefault("description", _OF_ANY_EVENT[name])
        yield f"events/{action}", _headed(schema, f"event:{action}", f"An event for {action}")


def _answers() -> Iterator[tuple[str, dict[str, Any]]]:
    forms_by_name = {schema["$id"].rpartition(":")[2]: schema for _, schema in _forms()}
    for action in actions.EVERY_ACTION:
        used: set[str] = set()
        schema = _with_references(_schema(answer_type(action)), used)
        parts = {name: _embedded(forms_by_name[name]) for name in used}
        schema["$defs"] = schema.get("$defs", {}) | parts
        yield f"answers/{action}", _headed(schema, f"answer:{action}", f"The answer of {action}")


def _forms() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, (form, title) in FORMS.items():
        yield f"forms/{name}", _headed(_schema(form), name, title)


def _schema(form: Any) -> dict[str, Any]:
    return TypeAdapter(form).json_schema(schema_generator=_Plain)


def _headed(schema: dict[str, Any], name: str, title: str) -> dict[str, Any]:
    head = {"$schema": _DIALECT, "$id": _urn(name), "title": title}
    described = {"description": f"{title}. docs/formats.md explains it."}
    return described | schema | head


def _with_references(schema: Any, used: set[str]) -> Any:
    """Return a schema with references instead of the forms it names, and note these."""
    if isinstance(schema, list):
        return [_with_references(part, used) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.keys() == {answers.Form.KEYWORD}:
        name = schema[answers.Form.KEYWORD]
        used.add(name)
        return {"$ref": _urn(name)}
    return {key: _with_references(part, used) for key, part in schema.items()}


def _urn(name: str) -> str:
    return f"urn:universal-sync-core:v1:{name}"


def _embedded(form: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in form.items() if key != "$schema"}


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
