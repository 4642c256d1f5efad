"""One run of `adopt` or of its undoing: what it was given, what it makes, and what else to do."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from statebag.account.aws import Cloud
from statebag.bounds import Bounds
from statebag.machines.adopting.adoption import AdoptedMachine, adopt
from statebag.machines.adopting.undoing import undone
from statebag.machines.assessing.histories import Histories
from statebag.machines.assessing.report import LARGEST_INPUT, assumptions, source_of
from statebag.machines.flow.bounds import LIMIT, LIMIT_WITH_PAYLOAD, Assumptions
from statebag.machines.flow.readers import Readers
from statebag.machines.planning.handlers import Decorated, unknown_names
from statebag.machines.planning.planning import plan_of
from statebag.machines.planning.refusals import read_in_place
from statebag.output.rendering import bytes_text

_EXECUTIONS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run has made.

    Attributes:
        name: of the file, or the ARN.
        before: the text as it was given.
        after: the text as it is to be.
        encoding: of both.
        machines: what was done to each machine; none where it was undone.
        notes: what else there is to know and to do.
    """

    name: str
    before: str
    after: str
    encoding: str
    machines: tuple[AdoptedMachine, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def body(self) -> bytes:
        """The file to write."""
        return self.after.encode(self.encoding)

    @property
    def is_changed(self) -> bool:
        """Whether the text is another one."""
        return self.before != self.after

    @property
    def is_refused(self) -> bool:
        """Whether a state could not be helped."""
        return any(machine.planned.plan.refusals for machine in self.machines)


def run(cloud: Cloud, machine: str, bounds: Bounds, function: str, *, is_undo: bool) -> Run:
    """Return what to make of the machines of a file, or of a deployed one.

    Raises:
        NotFoundError: there is no such file or machine.
        RefusedError: it is not valid Amazon States Language.
    """
    source, histories = source_of(cloud, machine, 0 if is_undo else _EXECUTIONS)
    if is_undo:
        return Run(
            name=source.name, before=source.text, after=undone(source), encoding=source.encoding
        )
    assumed = assumptions(bounds, histories)
    decorated = Decorated.named(bounds.decorated)
    adoption = adopt(source, assumed[0], decorated, function)
    notes = (
        *source.unread,
        *unknown_names(decorated, [each.machine for each in adoption.machines]),
        *_of_assumptions(assumed, histories, adoption.machines, decorated),
        *_read_in_place(adoption.machines),
        *_outside(adoption.machines, function),
    )
    return Run(
        name=source.name,
        before=source.text,
        after=adoption.text,
        encoding=source.encoding,
        machines=adoption.machines,
        notes=notes,
    )


def _of_assumptions(
    assumed: tuple[Assumptions, ...],
    histories: Histories,
    machines: tuple[AdoptedMachine, ...],
    decorated: Decorated,
) -> Iterator[str]:
    """Yield what the plan holds for."""
    first = assumed[0]
    source = f"{histories.executions} executions" if histories.executions else "--input-bytes"
    size = bytes_text(first.input_bytes)
    yield f"For inputs up to {size} ({source}), {first.items} items (--items)."
    yield (
        f"Documents have up to {bytes_text(LIMIT_WITH_PAYLOAD)}: the rest of the"
        f" {bytes_text(LIMIT)} is for what an offload state is given beside its document."
    )
    for other in assumed[1:]:
        count = sum(len(plan_of(each.machine, other, decorated).plan) for each in machines)
        size = bytes_text(LARGEST_INPUT)
        yield f"The size of the input is not known; {size} would need {count} states."
    for machine in machines:
        for state, room in machine.assumed:
            size = bytes_text(max(0, room))
            yield f'The answer of "{state.title}" has no bound; there is room for {size}.'


def _read_in_place(machines: tuple[AdoptedMachine, ...]) -> Iterator[str]:
    for each in machines:
        liveness = each.planned.liveness
        readers = Readers(each.machine, liveness.is_decorated)
        for said in read_in_place(readers, liveness, each.decorated):
            yield f"{said}."


def _outside(machines: tuple[AdoptedMachine, ...], function: str) -> Iterator[str]:
    """Yield what has to be done outside the definition, and what its readers have to know."""
    insertions = [each for machine in machines for each in machine.insertions]
    decorated = [state for machine in machines for state in machine.decorated]
    if insertions:
        yield (
            f"The machine's role needs lambda:InvokeFunction on {function}; substitute its name."
        )
    if insertions or decorated:
        yield "The output of an execution may contain pointers; the action hydrate reads them."
    if insertions:
        yield (
            "Each inserted state costs one invocation whenever it runs; in a Map, once for"
            " each item."
        )
