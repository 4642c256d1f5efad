"""Opening a state from wherever it is: an execution, one of its steps, an object in S3, a file."""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from statebag.account.aws import Cloud
from statebag.account.deployment import place_of_machine
from statebag.account.places import Place, place_in, place_of
from statebag.budgets import expanded
from statebag.errors import NotFoundError, RefusedError
from statebag.executions.executions import (
    BAG,
    Execution,
    Executions,
    bag_in,
)
from statebag.executions.naming import STEP_MARK, execution_named, may_name, with_step
from statebag.executions.timeline import steps_of
from statebag.given import json_of_document
from statebag.sources.failures import read_record
from statebag.state.reading import StateReader, reader_at, reader_of
from statebag.state.tree import Tree
from universal_sync_core.errors import MalformedPointerError
from universal_sync_core.pages.loading import pointers_in
from universal_sync_core.pages.page_format import is_node, parse_node
from universal_sync_core.pages.trees import pointer_to
from universal_sync_core.storage.keys import execution_in
from universal_sync_core.storage.store import Location, Part
from universal_sync_core.values.address import digest_in
from universal_sync_core.values.codec import Json, JsonObject
from universal_sync_core.values.pointer import recognise
from universal_sync_core.workflow.failure import SNAPSHOT_OF_RECORD, is_failure_record

SOURCE_HELP: Final = """
SOURCE is an execution (its ARN, its URL in the console, its name, or `latest`), ARN#N (the state
after step N of `statebag timeline`), an s3:// path (a snapshot, a failure record, a branch, or any
other state object), a JSON file, or - for standard input. An execution means its newest state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A state, opened.

    Attributes:
        title: what it is, for people.
        value: a bag, or any value as it is stored.
        is_bag: which of them.
        reader: reads what it points to.
        place: where it points to, as far as that is known.
        execution: the execution it was asked of.
    """

    title: str
    value: Json
    is_bag: bool
    reader: StateReader
    place: Place | None
    execution: Execution | None = None

    @property
    def tree(self) -> Tree:
        """The state as a tree."""
        return Tree(self.value, self.reader, is_bag=self.is_bag)

    @property
    def bag(self) -> JsonObject:
        """The bag.

        Raises:
            RefusedError: this is another value.
        """
        if not self.is_bag:
            hint = "Give an execution, a snapshot, or a file with a bag."
            raise RefusedError(f"{self.title} holds a value, not a bag", hint=hint)
        bag: JsonObject = self.value
        return bag


def open_source(cloud: Cloud, text: str) -> Source:
    """Return the state that a SOURCE of the command line names."""
    if text.startswith("s3://"):
        return _of_object(cloud, text)
    if text == "-" or _is_file(text) or not may_name(text):
        return _of_document(cloud, text)
    return _of_execution(cloud, text)


def newest_bag(cloud: Cloud, execution: Execution) -> JsonObject | None:
    """Return the bag an execution ended with, or the newest that is known of it."""
    if execution.bag is not None:
        return execution.bag
    record = read_record(cloud, execution)
    if record is not None:
        found = _bag_of_record(cloud, *record)
        if found is not None:
            return found
    return Executions(cloud.states).last_bag(execution.arn)


def _of_execution(cloud: Cloud, text: str) -> Source:
    name, step = with_step(text)
    execution = execution_named(cloud, name)
    if step:
        bag = after_step(cloud, execution, step)
        title = f"{execution.arn}{STEP_MARK}{step}"
        return _of_bag(cloud, bag, title=title, execution=execution)
    found = final_state(cloud, execution)
    if found is None:
        hint = "`statebag timeline` shows what it did; its input may have been refused."
        yet = " yet" if execution.is_running else ""
        raise NotFoundError(f"{execution.name} has no known state{yet}", hint=hint)
    return found


def final_state(cloud: Cloud, execution: Execution) -> Source | None:
    """Return the newest state of an execution; without a bag its output, or None without both."""
    bag = newest_bag(cloud, execution)
    if bag is not None:
        return _of_bag(cloud, bag, title=execution.arn, execution=execution)
    if execution.output is None:
        return None
    place = _place_of(cloud, execution.output, execution.arn, execution)
    return Source(
        title=execution.arn,
        value=execution.output,
        is_bag=False,
        reader=reader_of(cloud, place, execution.arn),
        place=place,
        execution=execution,
    )


def after_step(cloud: Cloud, execution: Execution, text: str) -> JsonObject:
    """Return the bag after a step of the timeline, by its number or the name of its state.

    Raises:
        NotFoundError: there is no such step, or it had no bag.
    """
    steps = steps_of(Executions(cloud.states).events(execution.arn), execution.arn)
    for step in steps:
        if text in (str(step.number), step.state) and (step.bag is not None):
            return step.bag
    hint = f"`statebag timeline {shlex.quote(execution.arn)}` lists the steps."
    raise NotFoundError(f"{execution.name} has no step {text} with a state", hint=hint)


def _of_bag(
    cloud: Cloud,
    bag: JsonObject,
    *,
    title: str,
    execution: Execution | None = None,
    place: Place | None = None,
) -> Source:
    own = bag.get("execution_id")
    owner = own if isinstance(own, str) else None
    place = place or _place_of(cloud, bag, owner, execution)
    reader = reader_of(cloud, place, owner)
    return Source(
        title=title, value=bag, is_bag=True, reader=reader, place=place, execution=execution
    )


def _place_of(
    cloud: Cloud, value: Json, owner: str | None, execution: Execution | None
) -> Place | None:
    """Return where the state is that a value points to; None where it points to nothing."""
    place = cloud.place or place_in(value, owner)
    if place is None and execution is not None and any(pointers_in(value, expanded, recognise)):
        return place_of_machine(cloud, execution.machine_arn)
    return place


def _of_object(cloud: Cloud, path: str) -> Source:
    if digest_in(path) is None:
        body = cloud.store.get(_location_given(path), Part(0, cloud.budget.max_size + 1)).body
        cloud.budget.require_readable(len(body), path)
        return _of_text(cloud, body, path)
    reader = reader_at(cloud, path)
    at, (document, _) = reader.objects.record(path)
    if is_node(document):
        node = parse_node(document, at)
        return _of_value(pointer_to(node, at).render(), path, reader)
    is_record = is_failure_record(document)
    bag = _bag_of_record(cloud, path, document) if is_record else _bag_of(document)
    if bag is None:
        return _of_value(document, path, reader)
    return _of_bag(cloud, bag, title=path, place=place_of(path))


def _location_given(path: str) -> Location:
    try:
        return Location.parse(path)
    except MalformedPointerError as error:
        message = f"{path}: an object's path is s3://BUCKET/KEY"
        raise click.BadParameter(message, param_hint="SOURCE") from error


def _of_value(value: Json, path: str, reader: StateReader) -> Source:
    return Source(title=path, value=value, is_bag=False, reader=reader, place=place_of(path))


def _is_file(name: str) -> bool:
    """Tell whether there is a file of that name, or something else that can be read."""
    try:
        path = Path(name)
        return path.exists() and not path.is_dir()
    except (OSError, ValueError):  # no name that a file can have
        return False


def _of_document(cloud: Cloud, name: str) -> Source:
    if name == "-":
        return _of_text(cloud, sys.stdin.buffer.read(), "standard input")
    try:
        body = Path(name).read_bytes()
    except (FileNotFoundError, ValueError) as error:  # or no name that a file can have
        hint = (
            "SOURCE is an execution's ARN, its URL in the console, its name or `latest`, an s3://"
            " path, a file, or -."
        )
        raise NotFoundError(f"no such file: {name}", hint=hint) from error
    except OSError as error:
        hint = "Give a readable JSON file."
        raise RefusedError(f"{name}: {error.strerror}", hint=hint) from error
    return _of_text(cloud, body, name)


def _of_text(cloud: Cloud, body: bytes, title: str) -> Source:
    document = json_of_document(body, title, 'Give a bag, or {"state_data": bag}.')
    if type(document) is not dict:
        reader = reader_of(cloud, cloud.place, None)
        return Source(title=title, value=document, is_bag=False, reader=reader, place=cloud.place)
    return _of_bag(cloud, _bag_of(document) or document, title=title)


def _bag_of(document: Json) -> JsonObject | None:
    """Return the bag that a stored document is or holds, or None where it is something else."""
    bag = bag_in(document)
    if bag is not None:
        return bag
    is_bag = type(document) is dict and "execution_id" in document and BAG not in document
    return document if is_bag else None


def _bag_of_record(cloud: Cloud, path: str, record: JsonObject) -> JsonObject | None:
    """Return the bag that a failure record leads to; None where the execution had not begun."""
    snapshot = record.get(SNAPSHOT_OF_RECORD)
    if not isinstance(snapshot, str) or execution_in(snapshot) != execution_in(path):
        return None
    return _bag_of(reader_at(cloud, path).document(snapshot))
