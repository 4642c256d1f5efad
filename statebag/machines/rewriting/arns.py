"""Tasks that name a function alone: a context has no place there, so they become invocations.

Only where a handler is said to be decorated, and where its answer can be taken out of the envelope
of lambda:invoke. What is rewritten says so in its Comment, and is restored to the byte.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from statebag.errors import RefusedError
from statebag.machines.model.reading import read_machine
from statebag.machines.model.states import State
from statebag.machines.planning.handlers import Decorated, names_alone
from statebag.machines.rewriting.indentation import unwrapped, wrapped
from statebag.machines.rewriting.layout import Layout, inner_span
from statebag.machines.rewriting.partitions import invoke_in
from statebag.machines.text.aliases import edited, edited_throughout, half_wanted
from statebag.machines.text.edits import Edit
from statebag.machines.text.nodes import Kind, Node
from statebag.machines.text.source import Source, read_text
from universal_sync_core.values.codec import JsonObject

MARK: Final = "Rewritten by statebag adopt."
_ENVELOPE: Final = ".Payload"
_RESULT: Final = "$states.result"
_INPUT: Final = "{% $states.input %}"
_PARAMETERS: Final = ("Parameters", "Arguments")


class NotRewritableError(Exception):
    """A task cannot be turned into an invocation; the message says why."""


def invoked(source: Source, decorated: Decorated) -> Source:
    """Return a source in which decorated handlers that are named alone are invoked."""
    text = edited_throughout(source, partial(_invoking, decorated))
    return again(source, text) if text != source.text else source


def _invoking(decorated: Decorated, source: Source) -> Iterator[Edit]:
    for node in source.machines:
        for state in read_machine(source, node).walk():
            is_meant = names_alone(state) and decorated.names_it(state)
            if is_meant and why_not(source, node, state) is None:
                yield from _Rewriting(source, node, state).edits()


def why_not(source: Source, machine: Node, state: State) -> str | None:
    """Return why a task cannot be turned into an invocation, or None where it can."""
    try:
        edits = _Rewriting(source, machine, state).edits()
    except NotRewritableError as error:
        return f"it names only a function, and {error}"
    if half_wanted(source, edits):
        return "it names only a function, and shares what would change with others by an alias"
    try:
        back = restored(again(source, edited(source, edits)))
    except RefusedError:
        back = ""
    if back != source.text:
        return "it names only a function, and is written in a way that could not be undone"
    return None


def restored(source: Source) -> str:
    """Return the text of a source in which what was rewritten is as it was."""
    return edited_throughout(source, _restoring_all)


def _restoring_all(source: Source) -> Iterator[Edit]:
    for node in source.machines:
        for each in node.walk():
            yield from _restoring(source, each)


def again(source: Source, text: str) -> Source:
    """Return another text instead of a file's."""
    return read_text(text, name=source.name, parse=source.parse, encoding=source.encoding)


@dataclass(frozen=True, slots=True)
class _Rewriting:
    """Makes the edits for one task."""

    source: Source
    machine: Node
    state: State

    def edits(self) -> list[Edit]:
        """Return them.

        Raises:
            NotRewritableError: there are none.
        """
        node = self.state.node
        resource = node.get("Resource")
        if resource is None or resource.is_block:
            raise NotRewritableError("its Resource is written in YAML by indentation")
        invoke = json.dumps(invoke_in(self.source, self.machine))
        name = Edit(resource.start, resource.end, invoke)
        results = self._in_jsonata() if self.state.is_jsonata else self._in_jsonpath()
        return [*self._marked(node), *self._arguments(node, resource), name, *results]

    def _marked(self, node: Node) -> Iterator[Edit]:
        comment = node.get("Comment")
        if comment is None:
            yield self._entry("Comment", MARK)
        else:
            begin, _ = inner_span(self.source, comment)
            yield Edit(begin, begin, f"{MARK} ")

    def _arguments(self, node: Node, resource: Node) -> Iterator[Edit]:
        key = _PARAMETERS[self.state.is_jsonata]
        given = node.get(key)
        spelled = self.source.text[resource.start : resource.end]
        if given is None:
            payload = {"Payload": _INPUT} if self.state.is_jsonata else {"Payload.$": "$"}
            entry = self._entry(key, {"FunctionName": None, **payload})
            yield replace(entry, text=entry.text.replace("null", spelled, 1))
        elif given.is_block and self.source.text[given.start] in "&!":
            raise NotRewritableError(f"its {key} have an anchor or a tag")
        elif given.is_block:
            yield from wrapped(self.source, given, f"FunctionName: {spelled}", "Payload:")
        else:
            yield Edit(given.start, given.start, f'{{"FunctionName": {spelled}, "Payload": ')
            yield Edit(given.end, given.end, "}")

    def _entry(self, name: str, value: JsonObject | str) -> Edit:
        first = self.state.node.entries[0][0]
        layout = Layout(self.source, self.state.node, first)
        return Edit(first.start, first.start, layout.entry(name, value))

    def _in_jsonpath(self) -> Iterator[Edit]:
        """Yield the edits that take the answer out of its envelope."""
        node = self.state.node
        if "Assign" in node:
            raise NotRewritableError("it assigns variables")
        selector = node.mapping("ResultSelector")
        if selector is not None:
            yield from map(self._below_envelope, _dynamic_in(selector))
        elif not node.is_null("ResultPath"):
            yield from self._replacing(node)

    def _replacing(self, node: Node) -> Iterator[Edit]:
        if node.text("ResultPath") not in {None, "$"}:
            raise NotRewritableError(
                "its result is put beside the document, without a ResultSelector"
            )
        output = node.get("OutputPath")
        if output is None:
            yield self._entry("OutputPath", f"${_ENVELOPE}")
        elif not node.is_null("OutputPath"):
            yield self._below_envelope(output)

    def _below_envelope(self, path: Node) -> Edit:
        text = path.value
        if not isinstance(text, str) or not text.startswith("$") or text == "$" or text[1] == "$":
            raise NotRewritableError("its result is computed")
        begin, _ = inner_span(self.source, path)
        return Edit(begin + 1, begin + 1, _ENVELOPE)

    def _in_jsonata(self) -> Iterator[Edit]:
        made = [each for key in ("Output", "Assign") if (each := self.state.node.get(key))]
        if "Output" not in self.state.node:
            yield self._entry("Output", f"{{% {_RESULT}{_ENVELOPE} %}}")
        for node in made:
            for found in re.finditer(re.escape(_RESULT), self.source.text[node.start : node.end]):
                yield Edit(node.start + found.end(), node.start + found.end(), _ENVELOPE)


def _dynamic_in(template: Node) -> Iterator[Node]:
    for node in template.walk():
        for key, value in node.entries:
            if str(key.value).endswith(".$"):
                yield value


def _restoring(source: Source, state: Node) -> Iterator[Edit]:
    comment = state.get("Comment") if state.kind is Kind.MAPPING else None
    if comment is None or not (state.text("Comment") or "").startswith(MARK):
        return
    if comment.value == MARK:
        yield cut(state, comment)
    else:
        begin, _ = inner_span(source, comment)
        yield Edit(begin, begin + len(f"{MARK} "), "")
    given = next(each for key in _PARAMETERS if (each := state.mapping(key)))
    name, resource = given.get("FunctionName"), state.get("Resource")
    if name is not None and resource is not None:
        yield Edit(resource.start, resource.end, source.text[name.start : name.end])
    payload = given.get("Payload")
    if payload is None or payload.value == _INPUT:
        yield cut(state, given)
    elif payload.is_block:
        yield from unwrapped(source, given, payload)
    else:
        yield Edit(given.start, payload.start, "")
        yield Edit(payload.end, given.end, "")
    yield from _restoring_result(source, state)


def _restoring_result(source: Source, state: Node) -> Iterator[Edit]:
    output = state.get("OutputPath")
    selector = state.mapping("ResultSelector")
    if "Arguments" in state:
        yield from _restoring_jsonata(source, state)
    elif selector is not None:
        for path in _dynamic_in(selector):
            begin, _ = inner_span(source, path)
            yield Edit(begin + 1, begin + 1 + len(_ENVELOPE), "")
    elif output is not None and output.value == f"${_ENVELOPE}":
        yield cut(state, output)
    elif output is not None and isinstance(output.value, str):
        begin, _ = inner_span(source, output)
        yield Edit(begin + 1, begin + 1 + len(_ENVELOPE), "")


def _restoring_jsonata(source: Source, state: Node) -> Iterator[Edit]:
    output = state.get("Output")
    if output is not None and output.value == f"{{% {_RESULT}{_ENVELOPE} %}}":
        yield cut(state, output)
        output = None
    for node in filter(None, (output, state.get("Assign"))):
        text = source.text[node.start : node.end]
        for found in re.finditer(re.escape(f"{_RESULT}{_ENVELOPE}"), text):
            yield Edit(node.start + found.end() - len(_ENVELOPE), node.start + found.end(), "")


def cut(mapping: Node, value: Node) -> Edit:
    """Return the edit that takes out an entry, up to the one behind it."""
    keys = [key for key, _ in mapping.entries]
    position = next(index for index, (_, each) in enumerate(mapping.entries) if each is value)
    return Edit(keys[position].start, keys[position + 1].start, "")
