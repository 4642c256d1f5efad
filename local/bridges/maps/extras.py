"""What a Map may say that moto's grammar lacks: ItemBatcher, EXPRESS, types of files and more.

It is taken out of a definition before moto reads it, and put beside what moto makes of the Map.
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.result_writer_decl import (  # noqa: E501
    ResultWriter,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import Resource
from moto.stepfunctions.parser.asl.eval.environment import Environment

from ...machines.scopes import scopes_of
from .item_readers import FIELDS, read_as, require_fields

_KEPT = "local_cloud_extras"
_WRITER_FIELDS = {
    "OutputType": ("JSON", "JSONL"),
    "Transformation": ("NONE", "COMPACT", "FLATTEN"),
}
_BATCHER, _PART = "ItemBatcher", "part"
_SELECTOR, _SELECTED = "ItemSelector", "selected"


@dataclass(frozen=True, slots=True, kw_only=True)
class MapExtras:
    """What is beside a Map.

    Attributes:
        batcher: evaluates to the ItemBatcher.
        express: whether its children are of the type EXPRESS.
        selects: whether the ItemSelector is one expression.
        reads: evaluates to the ReaderConfig.
        writes: the ResultWriter, where it takes expressions.
        writer: the WriterConfig.
        formats: whether the results are formatted, and go on in the document.
    """

    batcher: Any = None
    express: bool = False
    selects: bool = False
    reads: Any = None
    writes: ResultWriter | None = None
    writer: Mapping[str, str] | None = None
    formats: bool = False


@dataclass(frozen=True, slots=True)
class _Selected:
    """An ItemSelector that is one expression, which moto has below a key."""

    template: Any

    def eval(self, env: Environment) -> None:
        self.template.eval(env)
        env.stack[-1] = env.stack[-1][_SELECTED]


def parsed_with_extras(definition: str, parse: Callable[[str], Any]) -> Any:
    """Return what moto's `parse` makes of a definition, without what it does not know."""
    machine = json.loads(definition)
    extras = dict(_taken_out(machine, parse)) if isinstance(machine, dict) else {}
    # moto takes an escape in a path for what it stands for nowhere.
    program, tree = parse(json.dumps(machine, ensure_ascii=False))
    for name, state in _states(program):
        if name in extras:
            setattr(state.iteration_component, _KEPT, extras[name])
            if extras[name].selects:
                state.item_selector = _Selected(state.item_selector)
            if reads := extras[name].reads:
                read_as(state.item_reader, reads)
            if writes := extras[name].writes:
                state.result_writer = writes
    return program, tree


def extras_of(component: Any) -> MapExtras:
    """Return what is beside a Map, by what moto makes of its processor."""
    extras: MapExtras = getattr(component, _KEPT, MapExtras())
    return extras


def _taken_out(
    machine: Mapping[str, Any], parse: Callable[[str], Any]
) -> Iterator[tuple[str, MapExtras]]:
    for scope in list(scopes_of(machine)):
        for name, state in scope.states.items():
            if not isinstance(state, dict) or state.get("Type") != "Map":
                continue
            config = (state.get("ItemProcessor") or state.get("Iterator") or {}).get(
                "ProcessorConfig", {}
            )
            express = config.get("ExecutionType") == "EXPRESS"
            if express:
                config["ExecutionType"] = "STANDARD"
            batcher = state.pop(_BATCHER, None)
            config = _taken_config(state.get("ItemReader"))
            selects = isinstance(state.get(_SELECTOR), str)
            if selects:
                state[_SELECTOR] = {_SELECTED: state[_SELECTOR]}
            writer, formats = _taken_writer(state)
            language = scope.language_of(state)
            writes = _taken_expressions(state, language, parse)
            if express or batcher or selects or config or writes or writer:
                yield (
                    name,
                    MapExtras(
                        batcher=batcher and _template(batcher, language, parse),
                        express=express,
                        selects=selects,
                        reads=config and _template(config, language, parse),
                        writes=writes,
                        writer=writer,
                        formats=formats,
                    ),
                )


def _taken_config(reader: Any) -> Mapping[str, Any] | None:
    """Take its configuration out of an ItemReader.

    Raises:
        LocalCloudError: AWS does not know it.
    """
    config = reader.get("ReaderConfig") if isinstance(reader, dict) else None
    if not isinstance(config, dict):
        return None
    require_fields("ReaderConfig", config, FIELDS)
    del reader["ReaderConfig"]
    return config


def _taken_writer(state: dict[str, Any]) -> tuple[Mapping[str, str] | None, bool]:
    """Take the WriterConfig out of a Map; tell whether its ResultWriter has nothing else.

    Raises:
        LocalCloudError: AWS does not know it.
    """
    writer = state.get("ResultWriter")
    config = writer.pop("WriterConfig", None) if isinstance(writer, dict) else None
    if config is None:
        return None, False
    require_fields("WriterConfig", config, _WRITER_FIELDS)
    if not writer:
        del state["ResultWriter"]
    return config, not writer


def _taken_expressions(
    state: dict[str, Any], language: str, parse: Callable[[str], Any]
) -> ResultWriter | None:
    """Take a ResultWriter with Arguments out of a Map."""
    writer = state.get("ResultWriter")
    if not isinstance(writer, dict) or "Arguments" not in writer:
        return None
    del state["ResultWriter"]
    place = _template(writer["Arguments"], language, parse)
    return ResultWriter(Resource.from_resource_arn(writer["Resource"]), place)


def _template(fields: Mapping[str, Any], language: str, parse: Callable[[str], Any]) -> Any:
    """Return the fields of a part as a template, in the form of a Pass state, which moto knows."""
    if language == "JSONata":
        state = {"Type": "Pass", "Output": fields, "End": True}
    else:
        # `MaxItemsPerBatchPath` is to this what `MaxItemsPerBatch.$` is to a template.
        dotted = {_dotted(key): value for key, value in fields.items()}
        state = {"Type": "Pass", "Parameters": dotted, "End": True}
    machine = {"QueryLanguage": language, "StartAt": _PART, "States": {_PART: state}}
    program, _ = parse(json.dumps(machine))
    made = program.states.states[_PART]
    return made.output.jsonata_template_value if made.output else made.parameters


def _dotted(key: str) -> str:
    return f"{key.removesuffix('Path')}.$" if key.endswith("Path") else key


def _states(program: Any) -> Iterator[tuple[str, Any]]:
    for name, state in program.states.states.items():
        yield name, state
        if component := getattr(state, "iteration_component", None):
            yield from _states(component._get_iteration_program())  # noqa: SLF001
        if branches := getattr(state, "branches", None):
            for branch in branches.programs:
                yield from _states(branch)
